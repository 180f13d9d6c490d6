import { describe, expect, it } from '@jest/globals';
import {
  comparePositions,
  formatPosition,
  parsePosition,
  toStored,
} from '../../../src/leases/checkpoint-position.ts';
import { at, conformance } from './fixtures.ts';

type Pair = readonly [string, number];
const { checkpointOrder } = conformance<{ checkpointOrder: { a: Pair; b: Pair; sign: number }[] }>(
  'order-and-leader.json',
);

const position = ([checkpoint, subSequenceNumber]: Pair) => {
  const parsed = parsePosition({ checkpoint, subSequenceNumber });
  if (parsed === undefined) throw new Error(checkpoint);
  return parsed;
};

describe('checkpoint positions', () => {
  it('144 comparisons give the answers of Java KCL', () => {
    expect(checkpointOrder.length).toBeGreaterThanOrEqual(144);
    for (const { a, b, sign } of checkpointOrder) {
      expect({ a, b, sign: comparePositions(position(a), position(b)) }).toEqual({ a, b, sign });
    }
  });

  it('sequence number 9 is before 10', () => {
    expect(comparePositions(at('9'), at('10'))).toBe(-1);
  });

  it('what is stored is read back the same', () => {
    for (const { a } of checkpointOrder) expect(parsePosition(toStored(position(a)))).toEqual(position(a));
  });

  it.each(['', 'PARKED', '-1', '01', '1.5', '9'.repeat(130), 'toString'])('%j is no position', (text) => {
    expect(parsePosition({ checkpoint: text, subSequenceNumber: 0 })).toBeUndefined();
  });

  it('the sub-sequence number of a sentinel is dropped', () => {
    expect(parsePosition({ checkpoint: 'AT_TIMESTAMP', subSequenceNumber: 1767225600000 })).toBe(
      'AT_TIMESTAMP',
    );
  });

  it('a position is one word in logs', () => {
    expect([at('12'), at('12', 7), 'LATEST' as const].map(formatPosition)).toEqual(['12', '12/7', 'LATEST']);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toIso } from '../../src/time.ts';

describe('a time as text', () => {
  it('is what Date writes, of any time and in any order', () => {
    const time = fc.oneof(
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: 1.7e12, max: 1.7e12 + 600_000 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(time), (times) => {
        expect(times.map(toIso)).toEqual(times.map((ms) => new Date(ms).toISOString()));
      }),
    );
  });

  it('is none of what is no time', () => {
    for (const ms of [Number.NaN, 8.65e15, Number.POSITIVE_INFINITY])
      expect(() => toIso(ms)).toThrow(RangeError);
  });
});

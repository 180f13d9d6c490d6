import { describe, expect, it } from '@jest/globals';
import {
  chosenLetters,
  fullShardId,
  isOfShard,
  leaseKeyOf,
  matches,
} from '../../../src/repair/letter-filter.ts';
import { headFromItem } from '../../../src/store/dead-letter-item.ts';

const FIRST = 'shardId-000000000000';
const head = (changes: Readonly<Record<string, unknown>> = {}) =>
  headFromItem({
    shard_id: FIRST,
    record_id: '17#2',
    reason: 'not-json',
    arrived_at: '2026-01-02T00:00:00.000Z',
    ...changes,
  });

describe('a shard’s name', () => {
  it.each([
    [FIRST, '0', true],
    [FIRST, FIRST, true],
    [FIRST, '00', true],
    [`1:stream:2:${FIRST}`, '0', true],
    [`1:stream:2:${FIRST}`, `1:stream:2:${FIRST}`, true],
    [`1:stream:2:${FIRST}`, `1:other:2:${FIRST}`, false],
    ['shardId-000000000010', '0', false],
    [FIRST, '', false],
  ])('%s is meant by %j: %j', (leaseKey, name, isMeant) => {
    expect(isOfShard(leaseKey, name)).toBe(isMeant);
  });

  it('is asked for by key only when it is a whole lease key', () => {
    expect(leaseKeyOf({ shard: `1:stream:2:${FIRST}` })).toBe(`1:stream:2:${FIRST}`);
    expect(leaseKeyOf({ shard: FIRST })).toBeUndefined();
    expect(fullShardId('12')).toBe('shardId-000000000012');
  });
});

describe('a filter', () => {
  const atMs = Date.parse('2026-01-02T00:00:00Z');

  it.each([
    [{}, true],
    [{ reason: 'not-json' }, true],
    [{ reason: 'gap' }, false],
    [{ shard: '1' }, false],
    [{ fromMs: atMs }, true],
    [{ fromMs: atMs + 1 }, false],
    [{ toMs: atMs }, false],
    [{ toMs: atMs + 1, shard: '0', reason: 'not-json', fromMs: atMs - 1 }, true],
  ])('%j matches: %j', (filter, isMatch) => {
    expect(matches(head(), filter)).toBe(isMatch);
  });

  it('by time never matches a letter whose arrival is unknown', () => {
    const unknown = head({ arrived_at: undefined });

    expect([matches(unknown, { fromMs: 0 }), matches(unknown, { toMs: 9e15 })]).toEqual([false, false]);
    expect(matches(unknown, {})).toBe(true);
  });

  it('gives no more than its limit', async () => {
    const many = async function* () {
      for (let n = 0; ; n += 1) yield head({ record_id: `${n}#0` });
    };
    const chosen: string[] = [];
    for await (const { recordId } of chosenLetters(many(), {}, 3)) chosen.push(recordId);

    expect(chosen).toEqual(['0#0', '1#0', '2#0']);
  });
});

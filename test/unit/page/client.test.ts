/** What the browser's code does without a browser. */
import { describe, expect, it } from '@jest/globals';
import { POISON_REASONS } from '../../../src/decode/decoded-item.ts';
import {
  ago,
  axisDuration,
  bytes,
  duration,
  rate,
  shardName,
  shortTime,
} from '../../../src/page/client/format.ts';
import { REASON_WORDS } from '../../../src/page/client/reason-words.ts';
import { layOut } from '../../../src/page/client/shard-layout.ts';
import { GAP_REASON, STORE_REASONS } from '../../../src/store/dead-letter-item.ts';
import { shapedShard } from './given-reports.ts';

it('every reason of a dead letter has words', () => {
  expect(Object.keys(REASON_WORDS).sort()).toEqual([...POISON_REASONS, ...STORE_REASONS, GAP_REASON].sort());
});

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [12_345_678, '12.3 MB'],
    [123_456_789_012, '123 GB'],
  ])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, '0 s'],
    [340, '0.3 s'],
    [12_400, '12 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [183_600_000, '2 d 3 h'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('rates, ages, axes, shards and times are short', () => {
    expect([rate(0), rate(3.14), rate(1234.5)]).toEqual(['0', '3.1', '1,235']);
    expect([ago(400), ago(5_200), ago(75_000)]).toEqual(['just now', '5 s ago', '1 min 15 s ago']);
    expect([axisDuration(500), axisDuration(90_000)]).toEqual(['0.5 s', '1.5 min']);
    expect(shardName('shardId-000000000012')).toBe('12');
    expect(shardName('1234:events:17:shardId-000000000000')).toBe('events 0');
    expect(shortTime('2026-03-01T10:02:11.000Z')).toBe('1 Mar 10:02');
  });
});

describe('the map', () => {
  const parent = shapedShard('s0', { state: 'finished', childShardIds: ['s1', 's2'], hashTo: 0.5 });
  const children = ['s1', 's2'].map((id, at) =>
    shapedShard(id, { parentShardIds: ['s0'], hashFrom: at * 0.25, hashTo: (at + 1) * 0.25 }),
  );
  const rows = (shards: Parameters<typeof layOut>[0], withFinished = false) =>
    layOut(shards, withFinished).map(({ shard, row }) => [shard.shardId, row]);

  it('puts children under their parent, while they are read', () => {
    expect(rows([parent, ...children])).toEqual([
      ['s0', 0],
      ['s1', 1],
      ['s2', 1],
    ]);
  });

  it('leaves history out unless asked for it, and no empty generation', () => {
    const old = shapedShard('old', { state: 'finished', childShardIds: ['s0'] });

    expect(rows([old, { ...parent, parentShardIds: ['old'] }, ...children])).toEqual([
      ['s0', 0],
      ['s1', 1],
      ['s2', 1],
    ]);
    expect(rows([old, { ...parent, parentShardIds: ['old'] }, ...children], true)).toHaveLength(4);
  });

  it('puts a merged shard under the deeper of its parents', () => {
    const merged = shapedShard('m', { parentShardIds: ['s1', 'top'] });
    const top = shapedShard('top', { hashFrom: 0.5 });

    expect(rows([parent, ...children, top, merged])).toContainEqual(['m', 2]);
  });

  it('does not loop over rows that name each other as parents', () => {
    const a = shapedShard('a', { parentShardIds: ['b'] });
    const b = shapedShard('b', { parentShardIds: ['a'] });

    expect(rows([a, b])).toHaveLength(2);
  });
});

/** What `lag` and `top` make of a fleet. */
import { describe, expect, it } from '@jest/globals';
import { dayFlag } from '../../../src/cli/day-flag.ts';
import { reportLines } from '../../../src/cli/doctor-report.ts';
import { type LaggingShard, totalLag, totalLine } from '../../../src/cli/lag-report.ts';
import { changeText, slowest, sparkline, topLines, trendOf } from '../../../src/cli/top-view.ts';
import { ok, trouble } from '../../../src/doctor/check.ts';
import { type FleetShard, workersOf } from '../../../src/fleet/fleet.ts';
import type { ShardLag } from '../../../src/fleet/shard-lags.ts';
import { lease } from '../leases/fixtures.ts';

const shard = (number: number, changes: Partial<FleetShard> = {}): FleetShard => {
  const leaseKey = `shardId-${String(number).padStart(12, '0')}`;
  return {
    leaseKey,
    shardId: leaseKey,
    stream: 's',
    state: 'running',
    reason: undefined,
    owner: 'worker-a',
    stillForMs: 0,
    checkpoint: '123',
    checkpointStillForMs: 0,
    hashRange: undefined,
    parentShardIds: [],
    childShardIds: [],
    handOffTo: undefined,
    report: { leaseKey, state: 'running', lease: lease(leaseKey), reason: undefined, stillForMs: 0 },
    ...changes,
  };
};
const lagging = (
  number: number,
  lag: ShardLag | undefined,
  changes: Partial<FleetShard> = {},
): LaggingShard => ({
  shard: shard(number, changes),
  lag,
});
const line = (...all: readonly LaggingShard[]): string => totalLine(totalLag(all));

describe('the total lag', () => {
  it('is that of the slowest shard, with its owner', () => {
    expect(line(lagging(0, 0), lagging(1, 12_000, { owner: 'worker-b' }))).toBe(
      '12.0 s behind: shardId-000000000001, read by worker-b; 2 shards, 2 workers',
    );
  });

  it('names a shard that nobody reads', () => {
    expect(line(lagging(1, 90_000, { owner: undefined, state: 'free' }))).toBe(
      '1.5 min behind: shardId-000000000001, which nobody reads; 1 shard, 0 workers, 1 read by nobody',
    );
  });

  it('that is not known is not 0', () => {
    expect(line(lagging(0, 'refused'))).toBe('lag not known; 1 shard, 1 worker, 1 not known');
    expect(line(lagging(0, 0), lagging(1, 'throttled'))).toBe(
      '0.0 s behind; 2 shards, 1 worker, 1 not known',
    );
    expect(line(lagging(0, 0))).toBe('0.0 s behind: caught up; 1 shard, 1 worker');
  });

  it('leaves finished shards out', () => {
    expect(line(lagging(0, undefined, { state: 'finished' }))).toBe('nothing to read');
  });
});

describe('top', () => {
  const sightOf = (shards: readonly FleetShard[], lags: ReadonlyMap<string, ShardLag>) => ({
    fleet: { lookedAtMs: Date.parse('2026-11-28T03:00:00Z'), shards, workers: workersOf(shards) },
    lags,
    lagsBefore: new Map(),
    maxLagsMs: [0, 5_000, 10_000],
    changes: [],
  });

  it('fits the terminal: the slowest shards are shown in their order, the others counted', () => {
    const shards = Array.from({ length: 300 }, (_, n) => shard(n));
    const lags = new Map(
      shards.map(({ leaseKey }, n) => [leaseKey, n === 7 ? 99_000 : n === 250 ? 98_000 : n]),
    );

    const lines = topLines('title', sightOf(shards, lags), { columns: 60, rows: 12 });

    expect(lines.length).toBeLessThanOrEqual(12);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
    const [first, second] = ['shardId-000000000007', 'shardId-000000000250'].map((id) =>
      lines.findIndex((text) => text.startsWith(id)),
    );
    expect([first !== -1, (second ?? 0) > (first ?? 0)]).toEqual([true, true]);
    expect(lines.at(-1)).toMatch(/^… and 29\d less behind$/);
  });

  it('says what to do when there is no lease', () => {
    expect(topLines('title', sightOf([], new Map()), { columns: 80, rows: 24 }).join('\n')).toContain(
      'doctor',
    );
  });

  it('shows trends and lines of bars', () => {
    expect([
      trendOf(1_000, 1_400),
      trendOf(1_000, 9_000),
      trendOf(9_000, 0),
      trendOf(undefined, 0),
      trendOf(0, 'gone'),
    ]).toEqual(['·', '▲', '▼', '', '']);
    expect([sparkline([0, 0]), sparkline([0, 50, 100]), sparkline([undefined, 1])]).toEqual([
      '▁▁',
      '▁▅█',
      ' █',
    ]);
  });

  it('keeps shards whose lag is not known before those that are not behind', () => {
    const shown = slowest([lagging(0, 5), lagging(1, 'throttled'), lagging(2, 50)], 2);
    expect(shown.map(({ shard: { leaseKey } }) => leaseKey.slice(-1))).toEqual(['1', '2']);
  });

  it('tells what moved', () => {
    expect(changeText({ kind: 'moved', shard: shard(3), from: 'a', to: undefined })).toBe(
      'shardId-000000000003 moved from a to nobody',
    );
    expect(changeText({ kind: 'finished', shard: shard(3) })).toBe('shardId-000000000003 finished');
  });
});

describe('a day by hand', () => {
  const NOW_MS = Date.parse('2026-11-28T03:20:00Z');
  it.each([
    ['today', '2026-11-28T00:00:00Z'],
    ['yesterday', '2026-11-27T00:00:00Z'],
    ['tomorrow', '2026-11-29T00:00:00Z'],
    ['7d', '2026-11-21T00:00:00Z'],
    ['2026-02-03', '2026-02-03T00:00:00Z'],
    ['2026-02-03T05:00:00Z', '2026-02-03T05:00:00Z'],
  ])('%s is %s', (text, iso) => {
    expect(dayFlag(text, 'from', NOW_MS)).toBe(Date.parse(iso));
  });

  it.each(['soon', '2026-02-30', '7', '5h'])('%s is none', (text) => {
    expect(() => dayFlag(text, 'from', NOW_MS)).toThrow(/--from must be a day/);
  });
});

describe('the doctor’s report', () => {
  const checks = [
    ok('table', 'key a', { subject: 'one' }),
    trouble('fail', 'table', { subject: 'two', found: 'there is none', fix: 'create it' }),
    ok('table', 'key b', { subject: 'three' }),
  ];

  it('puts what is well into one line, and says of each trouble what to do', () => {
    expect(reportLines(checks, { isAll: false })).toEqual([
      'ok       table         one, three',
      'fail     table         two: there is none',
      '                       → create it',
    ]);
  });

  it('shows each by itself when asked', () => {
    expect(reportLines(checks, { isAll: true })).toHaveLength(4);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Fleet, FleetShard } from '../../../src/fleet/fleet.ts';
import { Happenings } from '../../../src/page/happenings.ts';
import { fleetShard, workerReport } from './given-reports.ts';

const SHARD = 'shardId-000000000003';
const fleet = (lookedAtMs: number, changes: Partial<FleetShard>): Fleet => ({
  lookedAtMs,
  shards: [fleetShard(SHARD, changes)],
  workers: [],
});
const happening = (name: string, atMs: number) => ({
  atMs,
  name,
  leaseKey: SHARD,
  leaseOwner: undefined,
  reason: undefined,
});

describe('what happened', () => {
  it('is told in words, latest first', () => {
    const report = workerReport('w1', {
      happenings: [
        happening('lease.taken', 1_000),
        { ...happening('lease.lost', 2_000), leaseOwner: 'w2' },
        { ...happening('shard.parked', 3_000), reason: 'position-refused' },
        happening('something.else', 4_000),
      ],
    });

    expect(new Happenings().latest([report]).map(({ kind, text }) => [kind, text])).toEqual([
      ['bad', 'shard 3 of w1 waits for a person (position-refused)'],
      ['warn', 'w1 lost shard 3 to w2'],
      ['good', 'w1 took shard 3'],
    ]);
  });

  it('of workers elsewhere is read from the lease table', () => {
    const happenings = new Happenings();
    happenings.saw(fleet(1_000, { owner: 'w8' }));
    happenings.saw(fleet(2_000, { owner: 'w8', state: 'expired' }));
    happenings.saw(fleet(3_000, { owner: 'w9' }));

    expect(happenings.latest([]).map(({ text }) => text)).toEqual([
      'w9 took shard 3 from w8',
      'shard 3: w8 shows no sign of life',
    ]);
  });

  it('is not told twice: a worker’s own word comes before the table’s trace of it', () => {
    const happenings = new Happenings();
    happenings.saw(fleet(1_000, { owner: 'w8' }));
    happenings.saw(fleet(3_000, { owner: 'w1' }));

    const told = happenings.latest([workerReport('w1', { happenings: [happening('lease.taken', 2_500)] })]);

    expect(told.map(({ text }) => text)).toEqual(['w1 took shard 3']);
  });

  it('stays bounded', () => {
    const happenings = new Happenings();
    for (let at = 0; at < 200; at += 1) happenings.saw(fleet(at, { owner: `w${at}` }));

    expect(happenings.latest([])).toHaveLength(60);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { ShardLag } from '../../../src/fleet/shard-lags.ts';
import { shapeShards, shapeWorkers } from '../../../src/page/shape-fleet.ts';
import { fleetShard, reportedShard, totals, workerReport } from './given-reports.ts';

const HALF = (2n ** 127n).toString();
const fleetOf = (...shards: ReturnType<typeof fleetShard>[]) => ({ lookedAtMs: 0, shards, workers: [] });

describe('a shard on the page', () => {
  it('has its own worker’s word for its lag, else what a look into the stream said', () => {
    const fleet = fleetOf(fleetShard('a'), fleetShard('b'), fleetShard('c'));
    const own = new Map([['a', reportedShard('a', { lagMs: 1_234.4 })]]);

    const shaped = shapeShards(
      fleet,
      own,
      new Map<string, ShardLag>([
        ['b', 77],
        ['c', 'refused'],
      ]),
    );

    expect(shaped.map(({ lagMs }) => lagMs)).toEqual([1_234, 77, null]);
    expect(shaped[2]?.lagUnknown).toContain('Kinesis refuses the checkpoint');
  });

  it('is not behind by 0 when nobody knows', () => {
    const own = new Map([['a', reportedShard('a', { lagMs: null })]]);

    const [own0, other] = shapeShards(fleetOf(fleetShard('a'), fleetShard('b')), own, new Map());

    expect([own0?.lagMs, own0?.lagUnknown, other?.lagMs]).toEqual([null, 'not known yet', null]);
  });

  it('has no lag once it is finished', () => {
    const [shard] = shapeShards(fleetOf(fleetShard('a', { state: 'finished' })), new Map(), new Map());

    expect([shard?.lagMs, shard?.lagUnknown, shard?.checkpointAgeMs]).toEqual([null, null, null]);
  });

  it('shows its share of the hash range', () => {
    const hashRange = { startingHashKey: HALF, endingHashKey: (2n ** 128n - 1n).toString() };

    const [shard] = shapeShards(fleetOf(fleetShard('a', { hashRange })), new Map(), new Map());

    expect([shard?.hashFrom, shard?.hashTo]).toEqual([0.5, 1]);
  });

  it('waits for a person when its worker says so', () => {
    const own = new Map([['a', reportedShard('a', { state: 'parked', parkedReason: 'position-refused' })]]);

    expect(shapeShards(fleetOf(fleetShard('a')), own, new Map())[0]).toMatchObject({
      state: 'parked',
      reason: 'position-refused',
    });
  });
});

describe('the workers on the page', () => {
  it('are the owners in the table and those behind this address, but not those that have ended', () => {
    const fleet = {
      ...fleetOf(fleetShard('a', { owner: 'w2' })),
      workers: [{ workerId: 'w2', isAlive: false, shards: 1 }],
    };
    const shards = shapeShards(fleet, new Map(), new Map([['a', 5_000]]));
    const reports = [
      workerReport('w1', { totals: totals({ read: 4 }) }),
      workerReport('w0', { isGone: true }),
    ];

    expect(shapeWorkers(fleet, shards, reports)).toEqual([
      expect.objectContaining({ workerId: 'w1', isAlive: true, shards: 0, read: 4 }),
      expect.objectContaining({ workerId: 'w2', isAlive: false, shards: 1, lagMs: 5_000, read: null }),
    ]);
  });
});

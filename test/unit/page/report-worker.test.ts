import { describe, expect, it } from '@jest/globals';
import type { ConnectionEvent } from '../../../src/decode/event.ts';
import type { HeldLeaseSnapshot } from '../../../src/leases/index.ts';
import type { ShardState } from '../../../src/ops/shard-progress.ts';
import { WorkerReporter } from '../../../src/page/report-worker.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { totals } from './given-reports.ts';

const held = { leaseKey: 'a', shardId: 'a', state: 'running' } as HeldLeaseSnapshot;
const reporter = () => new WorkerReporter('w1', new VirtualClock());
const facts = (state?: ShardState) => ({
  phase: 'running' as const,
  totals: totals(),
  leases: [held],
  progress: new Map(state ? [['a', state]] : []),
  troubles: [],
});

describe('what a worker tells the page', () => {
  it('is its shards’ lag as it knows it', () => {
    const state = { millisBehindLatest: 300, processedAgeMs: 900, checkpointAgeMs: 5 };

    expect(reporter().report(facts(state)).shards).toMatchObject([{ lagMs: 300, checkpointAgeMs: 5 }]);
  });

  it('is a lag that grows while nothing is stored', () => {
    const state = { millisBehindLatest: 300, processedAgeMs: 60_000, checkpointAgeMs: 60_000 };

    expect(reporter().report(facts(state)).shards).toMatchObject([{ lagMs: 60_300 }]);
  });

  it('is no lag while there is none to tell', () => {
    expect(reporter().report(facts()).shards).toMatchObject([{ lagMs: null, checkpointAgeMs: null }]);
  });

  it('is whose data it counted, and what happened to its leases', () => {
    const worker = reporter();
    worker.applied({ kind: 'data-session', simSid: 'HS1', downloadBytes: 5n } as ConnectionEvent);
    worker.applied({ kind: 'attachment', simSid: 'HS2' } as ConnectionEvent);
    for (let at = 0; at < 80; at += 1)
      worker.leaseEvent({ name: 'lease.taken', fields: { workerId: 'w1', shardId: `s${at}` } });

    const { talkers, happenings } = worker.report(facts());

    expect(talkers).toEqual([{ simSid: 'HS1', bytes: 5 }]);
    expect([happenings.length, happenings.at(-1)?.leaseKey]).toEqual([50, 's79']);
  });
});

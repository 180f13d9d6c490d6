import type { FleetShard } from '../../../src/fleet/fleet.ts';
import type { LeaseReport } from '../../../src/leases/index.ts';
import type { MetricsSnapshot } from '../../../src/ops/metrics.ts';
import { RunTotals } from '../../../src/ops/run-totals.ts';
import type { ShapedShard } from '../../../src/page/shapes.ts';
import type { ReportedShard, WorkerReport } from '../../../src/page/worker-report.ts';
import { lease } from '../leases/fixtures.ts';

export const totals = (changes: Partial<MetricsSnapshot> = {}): MetricsSnapshot => ({
  ...new RunTotals().snapshot(),
  ...changes,
});

export const reportedShard = (leaseKey: string, changes: Partial<ReportedShard> = {}): ReportedShard => ({
  leaseKey,
  shardId: leaseKey,
  state: 'running',
  parkedReason: undefined,
  lagMs: 0,
  checkpointAgeMs: 0,
  ...changes,
});

export const workerReport = (workerId: string, changes: Partial<WorkerReport> = {}): WorkerReport => ({
  workerId,
  phase: 'running',
  startedAtMs: 1_000,
  totals: totals(),
  shards: [],
  happenings: [],
  troubles: [],
  talkers: [],
  ...changes,
});

export const fleetShard = (leaseKey: string, changes: Partial<FleetShard> = {}): FleetShard => ({
  leaseKey,
  shardId: leaseKey,
  stream: 'events',
  state: 'running',
  reason: undefined,
  owner: undefined,
  stillForMs: undefined,
  checkpoint: '7',
  checkpointStillForMs: 0,
  hashRange: undefined,
  parentShardIds: [],
  childShardIds: [],
  handOffTo: undefined,
  report: {
    leaseKey,
    state: 'running',
    lease: lease(leaseKey),
    reason: undefined,
    stillForMs: 0,
  } as LeaseReport,
  ...changes,
});

export const shapedShard = (leaseKey: string, changes: Partial<ShapedShard> = {}): ShapedShard => ({
  leaseKey,
  shardId: leaseKey,
  stream: 'events',
  state: 'running',
  reason: null,
  owner: 'w1',
  lagMs: 0,
  lagUnknown: null,
  checkpoint: '7',
  checkpointAgeMs: null,
  stillForMs: null,
  hashFrom: 0,
  hashTo: 1,
  parentShardIds: [],
  childShardIds: [],
  ...changes,
});

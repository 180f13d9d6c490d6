/** Gathers what a worker tells the page. */
import type { ConnectionEvent } from '../decode/event.ts';
import type { HeldLeaseSnapshot, LeaseEvent } from '../leases/index.ts';
import type { Phase } from '../ops/health.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { ShardState } from '../ops/shard-progress.ts';
import type { Trouble } from '../ops/troubles.ts';
import type { Clock } from '../time.ts';
import { RecentTalkers } from './recent-talkers.ts';
import type { LeaseHappening, WorkerReport } from './worker-report.ts';

const HAPPENINGS_MAX = 50;
const TALKERS_TOLD = 50;
/** A lag that nobody has confirmed for so long has grown meanwhile. Unit: ms. */
const LAG_FRESH_MS = 10_000;

export interface WorkerFacts {
  readonly phase: Phase;
  readonly totals: MetricsSnapshot;
  readonly leases: readonly HeldLeaseSnapshot[];
  readonly progress: ReadonlyMap<string, ShardState>;
  readonly troubles: readonly Trouble[];
}

/** The lag, at most: while reading or storing stands still, all that arrives comes on top. */
const lagOf = ({ millisBehindLatest, processedAgeMs }: ShardState): number | null => {
  if (millisBehindLatest === undefined) return null;
  return millisBehindLatest + (processedAgeMs > LAG_FRESH_MS ? processedAgeMs : 0);
};

export class WorkerReporter {
  private readonly workerId: string;
  private readonly clock: Clock;
  private readonly startedAtMs: number;
  private readonly talkers: RecentTalkers;
  private readonly happenings: LeaseHappening[] = [];

  constructor(workerId: string, clock: Clock) {
    this.workerId = workerId;
    this.clock = clock;
    this.startedAtMs = clock.wallMs();
    this.talkers = new RecentTalkers(clock);
  }

  /** A distinct event was counted. */
  applied(event: ConnectionEvent): void {
    if (event.kind === 'data-session')
      this.talkers.count(event.simSid, Number((event.downloadBytes ?? 0n) + (event.uploadBytes ?? 0n)));
  }

  leaseEvent({ name, fields }: LeaseEvent): void {
    this.happenings.push({
      atMs: this.clock.wallMs(),
      name,
      leaseKey: fields.shardId,
      leaseOwner: fields.leaseOwner,
      reason: fields.reason,
    });
    if (this.happenings.length > HAPPENINGS_MAX) this.happenings.shift();
  }

  report({ phase, totals, leases, progress, troubles }: WorkerFacts): WorkerReport {
    return {
      workerId: this.workerId,
      phase,
      startedAtMs: this.startedAtMs,
      totals,
      shards: leases.map(({ leaseKey, shardId, state, parkedReason }) => {
        const shard = progress.get(leaseKey);
        return {
          leaseKey,
          shardId,
          state,
          parkedReason,
          lagMs: shard ? lagOf(shard) : null,
          checkpointAgeMs: shard ? shard.checkpointAgeMs : null,
        };
      }),
      happenings: [...this.happenings],
      troubles,
      talkers: this.talkers.most(TALKERS_TOLD),
    };
  }
}

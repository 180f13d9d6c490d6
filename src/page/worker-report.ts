/** What one worker says of itself to the page. A few tens of KB at most, however long it runs. */
import type { Phase } from '../ops/health.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { Trouble } from '../ops/troubles.ts';
import type { Talker } from './recent-talkers.ts';

export interface ReportedShard {
  readonly leaseKey: string;
  readonly shardId: string;
  readonly state: 'running' | 'parked' | 'ending';
  readonly parkedReason: string | undefined;
  /** Null is unknown, not zero. Unit: ms. */
  readonly lagMs: number | null;
  /** How long processed records have waited for their checkpoint. Unit: ms. */
  readonly checkpointAgeMs: number | null;
}

/** Something that happened to a lease. */
export interface LeaseHappening {
  /** Wall time. Unit: ms since 1970. */
  readonly atMs: number;
  readonly name: string;
  readonly leaseKey: string | undefined;
  /** Who has it now, or asks for it. */
  readonly leaseOwner: string | undefined;
  readonly reason: string | undefined;
}

export interface WorkerReport {
  readonly workerId: string;
  readonly phase: Phase;
  /** It has ended: what it said last still counts. */
  readonly isGone?: boolean;
  /** Unit: ms since 1970. */
  readonly startedAtMs: number;
  readonly totals: MetricsSnapshot;
  readonly shards: readonly ReportedShard[];
  /** Oldest first. */
  readonly happenings: readonly LeaseHappening[];
  /** The worst first. */
  readonly troubles: readonly Trouble[];
  /** Whose data were counted most lately, most first. */
  readonly talkers: readonly Talker[];
}

/** Looks at the lease table again and again. The table stores no time: what is alive shows only in counters that move
 *  between two looks, so the first look cannot tell. */
import {
  formatPosition,
  type LeaseAdmin,
  type LeaseReport,
  type LeaseState,
  reportLeases,
} from '../leases/index.ts';

import type { Clock } from '../time.ts';
import { type Fleet, type FleetShard, workersOf } from './fleet.ts';
import { streamOfLease } from './lease-place.ts';

/** Owners renew every third of the failover time: within this share of it they must have done so. */
export const WATCH_SHARE = 0.4;

export interface FleetWatchDeps {
  readonly admin: Pick<LeaseAdmin, 'rows'>;
  readonly clock: Clock;
}

export interface FleetWatchOptions {
  /** The stream of a lease table of one stream. */
  readonly stream: string;
  /** Unit: ms. */
  readonly failoverTimeMs: number;
}

/** What was seen of a row, and since when it has been so. Monotonic ms. */
interface Track {
  readonly heartbeat: string;
  readonly heartbeatSinceMs: number;
  readonly hasMoved: boolean;
  readonly checkpoint: string | undefined;
  readonly checkpointSinceMs: number;
}

export class FleetWatch {
  readonly options: FleetWatchOptions;
  private readonly deps: FleetWatchDeps;
  private tracks: ReadonlyMap<string, Track> = new Map();

  constructor(deps: FleetWatchDeps, options: FleetWatchOptions) {
    this.deps = deps;
    this.options = options;
  }

  /** How long two looks should lie apart to tell who is alive. Unit: ms. */
  get watchMs(): number {
    return Math.ceil(this.options.failoverTimeMs * WATCH_SHARE);
  }

  /** Reads the whole lease table, consistently.
   *  @throws what DynamoDB throws. */
  async look(): Promise<Fleet> {
    const rows = await this.deps.admin.rows();
    const [nowMs, lookedAtMs] = [this.deps.clock.monotonicMs(), this.deps.clock.wallMs()];
    const reports = reportLeases(rows, this.options.failoverTimeMs);
    const tracks = new Map(
      reports.map((report) => [report.leaseKey, track(this.tracks.get(report.leaseKey), report, nowMs)]),
    );
    this.tracks = tracks;
    const shards = reports.map((report) => this.shardOf(report, tracks.get(report.leaseKey), nowMs));
    return { lookedAtMs, shards, workers: workersOf(shards) };
  }

  private shardOf(report: LeaseReport, seen: Track | undefined, nowMs: number): FleetShard {
    const { leaseKey, lease, reason } = report;
    const isOwned = report.state === 'held';
    const stillForMs = isOwned && seen ? nowMs - seen.heartbeatSinceMs : undefined;
    return {
      leaseKey,
      shardId: lease?.shardId ?? leaseKey,
      stream: lease ? streamOfLease(lease, this.options) : this.options.stream,
      state: seen && isOwned ? this.stateOf(seen, nowMs) : report.state,
      reason,
      owner: lease?.owner,
      stillForMs,
      checkpoint: lease && formatPosition(lease.checkpoint),
      checkpointStillForMs: seen ? nowMs - seen.checkpointSinceMs : 0,
      hashRange: lease?.hashRange,
      parentShardIds: lease?.parentShardIds ?? [],
      childShardIds: lease?.childShardIds ?? [],
      handOffTo: lease?.ours.handOffTo,
      report,
    };
  }

  private stateOf({ heartbeatSinceMs, hasMoved }: Track, nowMs: number): LeaseState {
    const stillForMs = nowMs - heartbeatSinceMs;
    if (stillForMs >= this.options.failoverTimeMs) return 'expired';
    if (stillForMs >= this.watchMs) return 'expired?';
    return hasMoved ? 'running' : 'held';
  }
}

function track(before: Track | undefined, { lease }: LeaseReport, nowMs: number): Track {
  const heartbeat = `${lease?.counter}#${lease?.owner}`;
  const checkpoint = lease && formatPosition(lease.checkpoint);
  const isSame = before?.heartbeat === heartbeat;
  return {
    heartbeat,
    heartbeatSinceMs: isSame ? before.heartbeatSinceMs : nowMs,
    hasMoved: before !== undefined && (before.hasMoved || !isSame),
    checkpoint,
    checkpointSinceMs: before && before.checkpoint === checkpoint ? before.checkpointSinceMs : nowMs,
  };
}

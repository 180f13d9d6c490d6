/** The coordinator's settings and their defaults. */
import type { InitialPosition, WorkerId } from './lease.ts';

export const DEFAULT_FAILOVER_TIME_MS = 10_000;
export const DEFAULT_SHARD_SYNC_EVERY_MS = 60_000;
/** KCL's reserve between three renewals and the failover time. Unit: ms. */
const RENEWAL_RESERVE_MS = 25;

export interface CoordinatorOptions {
  /** Unique in the fleet, never empty. */
  readonly workerId: WorkerId;
  /** How long a counter may stand still before others may take the lease; the same in the whole fleet.
   *  Unit: ms. Default 10 000. Source: KCL `failoverTimeMillis`. */
  readonly failoverTimeMs?: number | undefined;
  /** Unit: ms. Default a third of the failover time less 25, as KCL: two renewals may fail. */
  readonly renewEveryMs?: number | undefined;
  /** How often at least the table is looked through, see `nextScanMs`. Unit: ms. Default half the failover time:
   *  a dead worker's shards are read again within 1.5 failover times. */
  readonly scanEveryMs?: number | undefined;
  /** Unit: ms. Default 60 000. Source: KCL `shardSyncIntervalMillis`. */
  readonly shardSyncEveryMs?: number | undefined;
  /** Default: no limit. Source: KCL `maxLeasesForWorker`. */
  readonly leasesMax?: number | undefined;
  /** Where shards without a lease or a leased ancestor are read from. */
  readonly initialPosition: InitialPosition;
  /** What AT_TIMESTAMP means; needed with it. Unit: ms since 1970. */
  readonly initialTimestampMs?: number | undefined;
  /** Start also when a live fleet of KCL 3 shares the table: two balancers will fight over its leases. Default
   *  false. */
  readonly isKcl3Allowed?: boolean | undefined;
}

export type CoordinatorSettings = {
  readonly [K in keyof Omit<CoordinatorOptions, 'initialTimestampMs'>]-?: Exclude<
    CoordinatorOptions[K],
    undefined
  >;
} & Pick<CoordinatorOptions, 'initialTimestampMs'>;

export function withDefaults(options: CoordinatorOptions): CoordinatorSettings {
  const { failoverTimeMs = DEFAULT_FAILOVER_TIME_MS } = options;
  return {
    workerId: options.workerId,
    initialPosition: options.initialPosition,
    initialTimestampMs: options.initialTimestampMs,
    failoverTimeMs,
    renewEveryMs: options.renewEveryMs ?? failoverTimeMs / 3 - RENEWAL_RESERVE_MS,
    scanEveryMs: options.scanEveryMs ?? failoverTimeMs / 2,
    shardSyncEveryMs: options.shardSyncEveryMs ?? DEFAULT_SHARD_SYNC_EVERY_MS,
    leasesMax: options.leasesMax ?? Number.MAX_SAFE_INTEGER,
    isKcl3Allowed: options.isKcl3Allowed ?? false,
  };
}

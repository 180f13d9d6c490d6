/** What this process has seen of the counters. Pure. No clock is stored in the table: a lease is as old as the
 *  time since *we* saw its counter move, on *our* monotonic clock, so no worker's clock can steal a lease. */
import type { Lease } from './lease.ts';

export interface ObservedLease {
  readonly lease: Lease;
  /** When this process first saw the row as it is (owner and counter); monotonic ms. */
  readonly unchangedSinceMs: number;
  /** How often this process has seen the row change. After one change what it says is not of last week; after
   *  two, the second write came a renewal after the first, with reads in between: it is of this run. */
  readonly changesSeen: number;
}

export interface Observations {
  readonly byKey: ReadonlyMap<string, ObservedLease>;
  /** End of the last listing; undefined before the first. */
  readonly atMs: number | undefined;
}

export const NOTHING_OBSERVED: Observations = { byKey: new Map(), atMs: undefined };

/**
 * Folds one listing in. Take `nowMs` when the listing has come: late is safe, early is not.
 *
 * A counter that stood still over a gap longer than `gapMaxMs` without a listing tells nothing: in an outage of
 * the table nobody could renew, and to take the whole fleet's leases at its end would be the second outage. So
 * after such a gap every lease starts anew; a dead worker's lease is found out one failover time later.
 */
export function observe(
  before: Observations,
  leases: readonly Lease[],
  nowMs: number,
  gapMaxMs: number,
): Observations {
  const isGap = before.atMs !== undefined && nowMs - before.atMs > gapMaxMs;
  const byKey = new Map<string, ObservedLease>();
  for (const lease of leases) {
    const seen = before.byKey.get(lease.leaseKey);
    const isSame = seen?.lease.counter === lease.counter && seen.lease.owner === lease.owner;
    byKey.set(lease.leaseKey, {
      lease,
      unchangedSinceMs: isSame && !isGap ? seen.unchangedSinceMs : nowMs,
      changesSeen: seen === undefined ? 0 : seen.changesSeen + (isSame ? 0 : 1),
    });
  }
  return { byKey, atMs: nowMs };
}

/** Nobody's, or its counter stood still for the failover time. */
export const isExpired = (observed: ObservedLease, failoverTimeMs: number, nowMs: number): boolean =>
  observed.lease.owner === undefined || nowMs - observed.unchangedSinceMs >= failoverTimeMs;

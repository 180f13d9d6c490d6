/** The fleet in numbers, as one worker saw it in its last look at the table. Pure. */
import { isFinished, type WorkerId } from './lease.ts';
import { blockedLeaseKeys } from './lineage.ts';
import { isExpired, type Observations } from './observed-leases.ts';

/** `held`: its owner renews · `expired`: its owner does not · `free`: nobody's · `waiting`: for its parents ·
 *  `finished`: at SHARD_END. */
export type FleetLeaseState = 'held' | 'expired' | 'free' | 'waiting' | 'finished';

export interface FleetCounts {
  readonly leases: Readonly<Record<FleetLeaseState, number>>;
  /** Owners of leases that are renewed. */
  readonly workers: number;
  /** Parts of the hash range that no lease covers, as the last looks agreed. */
  readonly holes: number;
}

/** Undefined before the first look. What stood still is judged by the time of that look: while the table is away
 *  nothing is known to expire. */
export function countFleet(
  { byKey, atMs }: Observations,
  unreadableKeys: ReadonlySet<string>,
  { failoverTimeMs, holes }: { readonly failoverTimeMs: number; readonly holes: number },
): FleetCounts | undefined {
  if (atMs === undefined) return undefined;
  const observed = [...byKey.values()];
  const blocked = blockedLeaseKeys(
    observed.map(({ lease }) => lease),
    unreadableKeys,
  );
  const counts = { held: 0, expired: 0, free: 0, waiting: 0, finished: 0 };
  const workers = new Set<WorkerId>();
  for (const each of observed) {
    const { owner, leaseKey } = each.lease;
    const isAlive = owner !== undefined && !isExpired(each, failoverTimeMs, atMs);
    if (isFinished(each.lease)) counts.finished += 1;
    else if (isAlive) {
      counts.held += 1;
      workers.add(owner);
    } else if (blocked.has(leaseKey)) counts.waiting += 1;
    else counts[owner === undefined ? 'free' : 'expired'] += 1;
  }
  return { leases: counts, workers: workers.size, holes };
}

/** Which leases this worker should try to take now. Pure: same input, same plan. DynamoDB decides who wins. */
import type { Random } from './dependencies.ts';
import { isFinished, type Lease, type WorkerId } from './lease.ts';
import { blockedLeaseKeys } from './lineage.ts';
import { isExpired, type ObservedLease } from './observed-leases.ts';

/** Takes in one round at most. A round is one listing and then takes in parallel; after an outage a lone worker
 *  climbs in bounded steps, since taking many leases slower than they expire is how such systems collapse. */
export const TAKES_PER_ROUND_MAX = 64;

/** In one round a worker takes at most this share of what is free, then looks again: two workers that start in
 *  the same moment see each other after the first round and share, where the faster one would have it all. */
export const TAKE_SHARE_PER_ROUND = 1 / 4;

export interface LeaseView {
  readonly observed: readonly ObservedLease[];
  /** Keys of rows that exist but cannot be read. */
  readonly unreadableKeys: ReadonlySet<string>;
  /** Keys this process holds. */
  readonly held: ReadonlySet<string>;
  /** Keys this process has lost or given up, but whose handler has not returned yet. Not taken again before. */
  readonly ending: ReadonlySet<string>;
}

export interface PlanningWorker {
  readonly workerId: WorkerId;
  readonly leasesMax: number;
  readonly failoverTimeMs: number;
}

export interface LeasePlan {
  /** In the order to try. */
  readonly take: readonly Lease[];
  /** Another round at once would take more. */
  readonly hasMore: boolean;
  /** Leases that somebody should be reading: neither finished nor waiting for parents. */
  readonly readableCount: number;
  /** Free leases among them. */
  readonly expiredCount: number;
  /** Workers with an unexpired lease, this one always among them. */
  readonly liveWorkerCount: number;
}

export function planLeases(
  view: LeaseView,
  self: PlanningWorker,
  monotonicMs: number,
  random: Random,
): LeasePlan {
  const unfinished = view.observed.filter(({ lease }) => !isFinished(lease));
  const blocked = blockedLeaseKeys(
    view.observed.map(({ lease }) => lease),
    view.unreadableKeys,
  );
  const readable = unfinished.filter(({ lease }) => !blocked.has(lease.leaseKey));

  const isFree = (observed: ObservedLease): boolean => {
    const { leaseKey, owner } = observed.lease;
    if (view.held.has(leaseKey) || view.ending.has(leaseKey)) return false;
    // Ours by name but not held: we were restarted under the same name, or a take's answer was lost.
    return owner === self.workerId || isExpired(observed, self.failoverTimeMs, monotonicMs);
  };
  const free = readable.filter(isFree).map(({ lease }) => lease);
  const mine = readable.filter(({ lease }) => view.held.has(lease.leaseKey)).length;

  const live = new Set<WorkerId>([self.workerId]);
  for (const observed of unfinished) {
    const { owner } = observed.lease;
    if (owner !== undefined && !isExpired(observed, self.failoverTimeMs, monotonicMs)) live.add(owner);
  }

  const fairShare = live.size === 1 ? readable.length : Math.ceil(readable.length / live.size);
  const wanted = Math.max(0, Math.min(free.length, Math.min(fairShare, self.leasesMax) - mine));
  const step = Math.min(wanted, TAKES_PER_ROUND_MAX, Math.ceil(free.length * TAKE_SHARE_PER_ROUND));
  return {
    take: shuffle(free, random).slice(0, step),
    hasMore: step < wanted,
    readableCount: readable.length,
    expiredCount: free.length,
    liveWorkerCount: live.size,
  };
}

/** A copy in random order, so that workers do not all try the same lease first. */
function shuffle<T>(values: readonly T[], random: Random): readonly T[] {
  const keyed = values.map((value) => ({ value, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

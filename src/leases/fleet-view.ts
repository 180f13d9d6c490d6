/** One listing as a picture of the fleet: who lives, who reads how much, what is free. Pure. */
import { isFinished, isOwnerOfOurs, type Lease, type WorkerId } from './lease.ts';
import { blockedLeaseKeys } from './lineage.ts';
import { isExpired, type ObservedLease } from './observed-leases.ts';

export interface LeaseView {
  readonly observed: readonly ObservedLease[];
  /** Keys of rows that exist but cannot be read. */
  readonly unreadableKeys: ReadonlySet<string>;
  /** Keys this process holds. */
  readonly held: ReadonlySet<string>;
  /** Held, but waiting for a person: kept, so that the fleet does not pass the trouble round. */
  readonly parked: ReadonlySet<string>;
  /** Keys not to be taken now: the handler has not returned yet, or lately gave up here. */
  readonly resting: ReadonlySet<string>;
  /** Leases we asked others for, until they are answered, and since when that is in their rows (monotonic ms;
   *  infinite while we do not know). */
  readonly asked: ReadonlyMap<string, number>;
  /** Leases we asked for and lately did not get. */
  readonly declined: ReadonlySet<string>;
}

export interface PlanningWorker {
  readonly workerId: WorkerId;
  readonly leasesMax: number;
  readonly failoverTimeMs: number;
}

export interface FleetView {
  /** What somebody should be reading: neither finished nor waiting for parents. */
  readonly readable: readonly ObservedLease[];
  /** Readable and nobody's, or its owner is dead. */
  readonly free: readonly ObservedLease[];
  /** Readable and ours by name, but not held: handed over to us, or a take whose answer was lost. */
  readonly given: readonly Lease[];
  /** Readable leases of each living worker, self always among them; asked ones count for who gave or keeps them. */
  readonly loads: ReadonlyMap<WorkerId, number>;
  /** Least and most readable leases of one worker in a balanced fleet. */
  readonly shareMin: number;
  readonly shareMax: number;
  /** A living worker that is not of this library: Java's KCL. */
  readonly isMixed: boolean;
}

export function viewFleet(view: LeaseView, self: PlanningWorker, monotonicMs: number): FleetView {
  const unfinished = view.observed.filter(({ lease }) => !isFinished(lease));
  const blocked = blockedLeaseKeys(
    view.observed.map(({ lease }) => lease),
    view.unreadableKeys,
  );
  const readable = unfinished.filter(({ lease }) => !blocked.has(lease.leaseKey));
  const isDead = (observed: ObservedLease): boolean => isExpired(observed, self.failoverTimeMs, monotonicMs);
  const isTakeable = ({ lease }: ObservedLease): boolean =>
    !view.held.has(lease.leaseKey) && !view.resting.has(lease.leaseKey);

  const loads = new Map<WorkerId, number>([[self.workerId, 0]]);
  for (const worker of livingWorkers(unfinished, isDead)) loads.set(worker, 0);
  for (const observed of readable) {
    const isHeld = view.held.has(observed.lease.leaseKey);
    const owner = isHeld ? self.workerId : observed.lease.owner;
    const load = owner === undefined ? undefined : loads.get(owner);
    if (owner === undefined || load === undefined) continue;
    if (isHeld || !isDead(observed)) loads.set(owner, load + 1);
  }
  return {
    readable,
    free: readable.filter(
      (observed) => isTakeable(observed) && observed.lease.owner !== self.workerId && isDead(observed),
    ),
    given: readable
      .filter((observed) => isTakeable(observed) && observed.lease.owner === self.workerId)
      .map(({ lease }) => lease),
    loads,
    shareMin: Math.floor(readable.length / loads.size),
    shareMax: Math.ceil(readable.length / loads.size),
    isMixed: unfinished.some(
      (observed) =>
        observed.lease.owner !== undefined &&
        observed.lease.owner !== self.workerId &&
        !isOwnerOfOurs(observed.lease) &&
        !isDead(observed),
    ),
  };
}

/** Owners of unexpired leases and those who ask for one, less those who are stopping. */
function livingWorkers(
  unfinished: readonly ObservedLease[],
  isDead: (observed: ObservedLease) => boolean,
): ReadonlySet<WorkerId> {
  const living = new Set<WorkerId>();
  for (const observed of unfinished) {
    const { owner } = observed.lease;
    if (owner !== undefined && !isDead(observed)) living.add(owner);
  }
  for (const { lease } of unfinished) {
    // In a row that somebody has, the name is left over from before.
    if (lease.owner === undefined && lease.ours.drainingOwner !== undefined)
      living.delete(lease.ours.drainingOwner);
  }
  // A dead owner answers nobody: what was asked of it says nothing about who asked.
  for (const observed of unfinished) {
    const { handOffTo } = observed.lease.ours;
    if (handOffTo !== undefined && !isDead(observed)) living.add(handOffTo);
  }
  return living;
}

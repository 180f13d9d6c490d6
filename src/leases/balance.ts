/**
 * Who gets more and who gives away, so that no two workers differ by more than one readable lease. Pure.
 *
 * A worker with too few asks the fullest ones, by an attribute in the lease's row; the owner learns of it with its
 * next write, looks at the whole table, and says yes (finishes, checkpoints, hands over) or no. Only the owner
 * decides, so two newcomers that do not know of each other cannot take a third worker's share; and a lease moves
 * only from one who has at least two more, so nothing goes back and forth.
 */
import type { Random } from './dependencies.ts';
import type { FleetView, LeaseView, PlanningWorker } from './fleet-view.ts';
import type { Lease, WorkerId } from './lease.ts';

/** Leases asked for at once, at most: the rest after they have been answered. */
export const ASKS_PER_ROUND_MAX = 64;

/** A lease moves only to a worker with so many fewer. */
const DIFFERENCE_MIN = 2;

export interface HandOver {
  readonly lease: Lease;
  readonly to: WorkerId;
}

/** The leases to ask others for: none while there is something free, or something asked and not answered. */
export function leasesToAsk(
  fleet: FleetView,
  view: LeaseView,
  self: PlanningWorker,
  random: Random,
): readonly Lease[] {
  const isWaiting = fleet.free.length > 0 || fleet.given.length > 0 || view.asked.size > 0;
  if (isWaiting) return [];
  const loads = new Map(fleet.loads);
  const candidates = shuffle(
    fleet.readable.map(({ lease }) => lease).filter((lease) => isAskable(lease, view, self)),
    random,
  );
  // What others have asked for is as good as theirs.
  for (const { lease } of fleet.readable) {
    const { handOffTo } = lease.ours;
    if (handOffTo === undefined || lease.owner === undefined) continue;
    add(loads, lease.owner, -1);
    add(loads, handOffTo, 1);
  }
  const asks: Lease[] = [];
  while (asks.length < ASKS_PER_ROUND_MAX) {
    const mine = loads.get(self.workerId) ?? 0;
    if (mine >= self.leasesMax) break;
    const next = fullestOwnersLease(candidates, loads);
    if (next?.owner === undefined || (loads.get(next.owner) ?? 0) - mine < DIFFERENCE_MIN) break;
    candidates.splice(candidates.indexOf(next), 1);
    add(loads, next.owner, -1);
    add(loads, self.workerId, 1);
    asks.push(next);
  }
  return asks;
}

const isAskable = (lease: Lease, view: LeaseView, self: PlanningWorker): boolean =>
  lease.owner !== undefined &&
  lease.owner !== self.workerId &&
  lease.ours.handOffTo === undefined &&
  !view.held.has(lease.leaseKey) &&
  !view.resting.has(lease.leaseKey) &&
  !view.declined.has(lease.leaseKey);

const add = (loads: Map<WorkerId, number>, worker: WorkerId, change: number): void => {
  const load = loads.get(worker);
  if (load !== undefined) loads.set(worker, load + change);
};

function fullestOwnersLease(
  candidates: readonly Lease[],
  loads: ReadonlyMap<WorkerId, number>,
): Lease | undefined {
  let fullest: Lease | undefined;
  let most = -1;
  for (const lease of candidates) {
    const load = lease.owner === undefined ? undefined : loads.get(lease.owner);
    if (load === undefined || load <= most) continue;
    fullest = lease;
    most = load;
  }
  return fullest;
}

/** What we asked for so long ago that its owner does not answer, and still need. What has expired meanwhile is free
 *  anyway. */
export function leasesToSteal(
  fleet: FleetView,
  view: LeaseView,
  self: PlanningWorker,
  monotonicMs: number,
): readonly Lease[] {
  const mine = fleet.loads.get(self.workerId) ?? 0;
  const overdue = fleet.readable.filter((observed) => {
    const { lease } = observed;
    if (fleet.free.includes(observed)) return false;
    const askedAtMs = view.asked.get(lease.leaseKey);
    const isOpen = askedAtMs !== undefined && lease.ours.handOffTo === self.workerId;
    return isOpen && monotonicMs - askedAtMs >= self.failoverTimeMs;
  });
  const need = Math.min(fleet.shareMax, self.leasesMax) - mine;
  const isStillMore = (lease: Lease): boolean =>
    (fleet.loads.get(lease.owner ?? '') ?? 0) - mine >= DIFFERENCE_MIN;
  return overdue
    .map(({ lease }) => lease)
    .filter(isStillMore)
    .slice(0, Math.max(0, need));
}

export interface Answers {
  readonly handOver: readonly HandOver[];
  /** Keys whose asker gets a no. */
  readonly decline: readonly string[];
}

/** Answers to those who ask for what we hold: to the one with least first, and never below our own share. */
export function answersToAskers(fleet: FleetView, view: LeaseView, self: PlanningWorker): Answers {
  const asked = fleet.readable
    .map(({ lease }) => lease)
    .filter(({ leaseKey, ours }) => view.held.has(leaseKey) && ours.handOffTo !== undefined);
  const loads = new Map(fleet.loads);
  const load = (worker: WorkerId | undefined): number => loads.get(worker ?? '') ?? 0;
  const handOver: HandOver[] = [];
  const decline: string[] = [];
  const open = [...asked];
  while (open.length > 0) {
    open.sort((a, b) => load(a.ours.handOffTo) - load(b.ours.handOffTo));
    const lease = open.shift() as Lease;
    const to = lease.ours.handOffTo as WorkerId;
    const isRight =
      to !== self.workerId &&
      loads.has(to) &&
      !view.parked.has(lease.leaseKey) &&
      load(self.workerId) - load(to) >= DIFFERENCE_MIN &&
      load(self.workerId) > fleet.shareMin &&
      load(to) < fleet.shareMax;
    if (!isRight) {
      decline.push(lease.leaseKey);
      continue;
    }
    handOver.push({ lease, to });
    add(loads, self.workerId, -1);
    add(loads, to, 1);
  }
  return { handOver, decline };
}

/** A copy in random order, so that workers do not all try the same lease first. */
export function shuffle<T>(values: readonly T[], random: Random): T[] {
  const keyed = values.map((value) => ({ value, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

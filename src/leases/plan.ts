/** What this worker should try to do about leases now. Pure: same input, same plan. DynamoDB decides who wins. */
import { type Answers, answersToAskers, leasesToAsk, leasesToSteal, shuffle } from './balance.ts';
import type { Random } from './dependencies.ts';
import { type FleetView, type LeaseView, type PlanningWorker, viewFleet } from './fleet-view.ts';
import { leasesToTakeLikeKcl } from './kcl-taker.ts';
import type { Lease } from './lease.ts';
import { isExpired, type ObservedLease } from './observed-leases.ts';

/** Takes in one round at most. A round is one listing and then takes in parallel; after an outage a lone worker
 *  climbs in bounded steps, since taking many leases slower than they expire is how such systems collapse. */
export const TAKES_PER_ROUND_MAX = 64;

/** In one round a worker takes at most this share of what is free, then looks again: two workers that start in
 *  the same moment see each other after the first round and share, where the faster one would have it all. */
export const TAKE_SHARE_PER_ROUND = 1 / 4;

export interface LeasePlan extends Answers {
  /** In the order to try. */
  readonly take: readonly Lease[];
  /** Leases to ask their owners for. */
  readonly ask: readonly Lease[];
  /** Keys we asked for and need no more. */
  readonly withdraw: readonly string[];
  /** Another round at once would take more. */
  readonly hasMore: boolean;
  /** Leases that somebody should be reading: neither finished nor waiting for parents. */
  readonly readableCount: number;
  /** Free leases among them. */
  readonly expiredCount: number;
  /** Workers with an unexpired lease or asking for one, this one always among them. */
  readonly liveWorkerCount: number;
}

export function planLeases(
  view: LeaseView,
  self: PlanningWorker,
  monotonicMs: number,
  random: Random,
): LeasePlan {
  const fleet = viewFleet(view, self, monotonicMs);
  const mine = fleet.readable.filter(({ lease }) => view.held.has(lease.leaseKey)).length;
  const given = fleet.given.slice(0, Math.max(0, self.leasesMax - mine));
  const limits = { mine: mine + given.length, monotonicMs, random };
  const change = fleet.isMixed
    ? changeLikeKcl(fleet, view, self, limits)
    : changeByAsking(fleet, view, self, limits);
  return {
    ...change,
    take: [...given, ...change.take],
    withdraw: withdrawals(fleet, view, self, limits).filter((key) => !isTaken(change.take, key)),
    ...answersToAskers(fleet, view, self),
    readableCount: fleet.readable.length,
    expiredCount: fleet.free.length + fleet.given.length,
    liveWorkerCount: fleet.loads.size,
  };
}

interface TakeLimits {
  /** Readable leases that we hold or are given. */
  readonly mine: number;
  readonly monotonicMs: number;
  readonly random: Random;
}

type Change = Pick<LeasePlan, 'take' | 'ask' | 'hasMore'>;

function changeByAsking(fleet: FleetView, view: LeaseView, self: PlanningWorker, limits: TakeLimits): Change {
  const stolen = leasesToSteal(fleet, view, self, limits.monotonicMs);
  const free = freeToTake(fleet, self, limits, self.leasesMax - limits.mine - stolen.length);
  return {
    take: [...stolen, ...free.take],
    ask: leasesToAsk(fleet, view, self, limits.random),
    hasMore: free.hasMore,
  };
}

/** Beside workers of KCL 2. They count finished and waiting leases as load where somebody keeps them alive, and so
 *  do we; what of these is free would only be in the way of what can be read. */
function changeLikeKcl(fleet: FleetView, view: LeaseView, self: PlanningWorker, limits: TakeLimits): Change {
  const readable = new Set(fleet.readable.map(({ lease }) => lease.leaseKey));
  const counted = view.observed.filter(
    (each) => readable.has(each.lease.leaseKey) || !isExpired(each, self.failoverTimeMs, limits.monotonicMs),
  );
  const { take } = leasesToTakeLikeKcl(counted, self, limits.monotonicMs, limits.random);
  const room = Math.max(0, self.leasesMax - limits.mine);
  const possible = take.filter(
    ({ leaseKey }) => readable.has(leaseKey) && !view.held.has(leaseKey) && !view.resting.has(leaseKey),
  );
  return { take: possible.slice(0, Math.min(room, TAKES_PER_ROUND_MAX)), ask: [], hasMore: false };
}

/** Our share of what is free; and all that has been free for long, whoever's share it is: better a shard too many
 *  than a shard unread. Balance comes back by asking. */
function freeToTake(fleet: FleetView, self: PlanningWorker, limits: TakeLimits, room: number) {
  const { mine, monotonicMs, random } = limits;
  const isOverdue = ({ lease, unchangedSinceMs }: ObservedLease): boolean =>
    monotonicMs - unchangedSinceMs >= self.failoverTimeMs * (lease.owner === undefined ? 1 : 2);
  const overdueCount = fleet.free.filter(isOverdue).length;
  const share = Math.max(overdueCount, fleet.shareMax - mine);
  const wanted = Math.max(0, Math.min(fleet.free.length, share, room));
  const step = Math.min(wanted, TAKES_PER_ROUND_MAX, Math.ceil(fleet.free.length * TAKE_SHARE_PER_ROUND));
  // The longest free first; of one age in random order.
  const order = shuffle(fleet.free, random).sort((a, b) => Number(isOverdue(b)) - Number(isOverdue(a)));
  return { take: order.slice(0, step).map(({ lease }) => lease), hasMore: step < wanted };
}

const isTaken = (take: readonly Lease[], key: string): boolean =>
  take.some(({ leaseKey }) => leaseKey === key);

/** What we asked for and need no more, because the fleet has changed; and what was not answered in time. */
function withdrawals(
  fleet: FleetView,
  view: LeaseView,
  self: PlanningWorker,
  { mine, monotonicMs }: TakeLimits,
): readonly string[] {
  const open = fleet.readable
    .map(({ lease }) => lease)
    .filter(({ leaseKey, ours }) => view.asked.has(leaseKey) && ours.handOffTo === self.workerId);
  const surplus = mine + open.length - Math.min(fleet.shareMax, self.leasesMax);
  const isOverdue = ({ leaseKey }: Lease): boolean =>
    monotonicMs - (view.asked.get(leaseKey) ?? monotonicMs) >= self.failoverTimeMs;
  return open.filter((lease, index) => index < surplus || isOverdue(lease)).map(({ leaseKey }) => leaseKey);
}

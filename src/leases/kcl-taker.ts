/**
 * KCL 2's rule of which leases to take, for fleets in which Java workers live: two balancers of different minds in
 * one table would take each other's leases for ever. Pure.
 * Source: KCL 2.7.2 DynamoDBLeaseTaker.computeLeasesToTake; its answers to 500 states are replayed by a test.
 */
import { shuffle } from './balance.ts';
import type { Random } from './dependencies.ts';
import type { Lease, WorkerId } from './lease.ts';
import type { ObservedLease } from './observed-leases.ts';

export interface KclTaker {
  readonly workerId: WorkerId;
  /** `maxLeasesForWorker`. */
  readonly leasesMax: number;
  readonly failoverTimeMs: number;
  /** `maxLeasesToStealAtOneTime`; KCL's default is 1. */
  readonly stealMax?: number;
  /** `enablePriorityLeaseAssignment`; KCL's default is true. */
  readonly isPriorityOn?: boolean;
}

export interface KclTake {
  readonly kind: 'none' | 'available' | 'veryOld' | 'steal';
  readonly take: readonly Lease[];
}

/** Leases older than so many failover times go first, whatever the target. */
const VERY_OLD_FACTOR = 3;
const NOTHING: KclTake = { kind: 'none', take: [] };

export function leasesToTakeLikeKcl(
  observed: readonly ObservedLease[],
  self: KclTaker,
  monotonicMs: number,
  random: Random,
): KclTake {
  const ageMs = ({ unchangedSinceMs }: ObservedLease): number => monotonicMs - unchangedSinceMs;
  const isAvailable = (each: ObservedLease): boolean =>
    each.lease.owner === undefined || ageMs(each) > self.failoverTimeMs;
  const taken = observed.filter((each) => !isAvailable(each));
  const loads = loadsOf(taken, self.workerId);
  const mine = loads.get(self.workerId) ?? 0;

  const veryOld = observed.filter((each) => ageMs(each) > VERY_OLD_FACTOR * self.failoverTimeMs);
  if (self.isPriorityOn !== false && veryOld.length > 0) {
    const take = some(veryOld, self.leasesMax - mine, random);
    return take.length > 0 ? { kind: 'veryOld', take } : NOTHING;
  }
  const need = targetOf(observed.length, loads.size, self.leasesMax) - mine;
  if (need <= 0) return NOTHING;
  const available = observed.filter(isAvailable);
  if (available.length > 0) return { kind: 'available', take: some(available, need, random) };
  return steal(taken, loads, { self, need, random });
}

const targetOf = (leaseCount: number, workerCount: number, leasesMax: number): number =>
  Math.min(leasesMax, workerCount >= leaseCount ? 1 : Math.ceil(leaseCount / workerCount));

function loadsOf(taken: readonly ObservedLease[], self: WorkerId): Map<WorkerId, number> {
  const loads = new Map<WorkerId, number>([[self, 0]]);
  for (const { lease } of taken) {
    if (lease.owner !== undefined) loads.set(lease.owner, (loads.get(lease.owner) ?? 0) + 1);
  }
  return loads;
}

const some = (from: readonly ObservedLease[], count: number, random: Random): readonly Lease[] =>
  shuffle(from, random)
    .slice(0, Math.max(0, count))
    .map(({ lease }) => lease);

/** From the fullest worker, and only down to the target: "off by one" is left alone. */
function steal(
  taken: readonly ObservedLease[],
  loads: ReadonlyMap<WorkerId, number>,
  { self, need, random }: { readonly self: KclTaker; readonly need: number; readonly random: Random },
): KclTake {
  const others = [...loads].filter(([worker]) => worker !== self.workerId);
  const [victim, load] = others.reduce<readonly [WorkerId, number]>(
    (fullest, each) => (each[1] > fullest[1] ? each : fullest),
    ['', 0],
  );
  const target = (loads.get(self.workerId) ?? 0) + need;
  if (load < target) return NOTHING;
  const surplus = Math.min(need, load - target);
  const count = Math.min(self.stealMax ?? 1, surplus === 0 && need > 1 ? 1 : surplus);
  const take = some(
    taken.filter(({ lease }) => lease.owner === victim),
    count,
    random,
  );
  return take.length > 0 ? { kind: 'steal', take } : NOTHING;
}

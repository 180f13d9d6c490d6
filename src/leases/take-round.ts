/** One round of looking at the table and acting on it: list, observe, plan (pure), then take, ask and answer. */
import type { Clock, Random } from './dependencies.ts';
import { eachBounded, TABLE_CALLS_MAX } from './each-bounded.ts';
import { countFleet, type FleetCounts } from './fleet-counts.ts';
import type { PlanningWorker } from './fleet-view.ts';
import { isFinished, type Lease } from './lease.ts';
import type { Announce } from './lease-events.ts';
import { OTHER_ENTITY } from './lease-item.ts';
import type { LeaseListing, LeaseStore, LeaseWrite, TakeStamp } from './lease-store.ts';
import { isExpired, NOTHING_OBSERVED, type ObservedLease, observe } from './observed-leases.ts';
import { type LeasePlan, planLeases } from './plan.ts';
import type { ShardRuns } from './shard-runs.ts';
import { unreadableKeys } from './shard-sync.ts';

export interface TakeRoundDependencies {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly announce: Announce;
  readonly runs: ShardRuns;
  /** Whether a lease belongs to the streams that this worker reads. */
  readonly isOurStream: (lease: Lease) => boolean;
  /** What a take says where the row does not say it yet. */
  readonly stampOf: (lease: Lease) => TakeStamp;
}

export interface TakeRoundResult {
  readonly observed: readonly ObservedLease[];
  readonly plan: LeasePlan;
  /** Since the round before, no row was made, moved to another owner or finished. */
  readonly isUnchanged: boolean;
  /** We wait for an owner's answer. */
  readonly isAsking: boolean;
  /** Somebody was faster with a free lease: what else is free must not wait for the next look. */
  readonly isBeaten: boolean;
}

/** How long a lease that its owner would not give is not asked for again, in failover times. */
const DECLINED_REST_FAILOVERS = 1;

export class TakeRound {
  readonly #deps: TakeRoundDependencies;
  readonly #self: PlanningWorker;
  readonly #gapMaxMs: number;
  readonly #reported = new Set<string>();
  /** Key → when our request was surely in its row, infinite until we know; monotonic ms. */
  readonly #asked = new Map<string, number>();
  /** Key → until when we do not ask again; monotonic ms. */
  readonly #declinedUntilMs = new Map<string, number>();
  #observations = NOTHING_OBSERVED;
  #unreadableKeys: ReadonlySet<string> = new Set();
  #shape = '';

  /** `gapMaxMs`: see `observe`. */
  constructor(deps: TakeRoundDependencies, self: PlanningWorker, gapMaxMs: number) {
    this.#deps = deps;
    this.#self = self;
    this.#gapMaxMs = gapMaxMs;
  }

  async run(): Promise<TakeRoundResult> {
    const { clock, random, runs } = this.#deps;
    const listing = await this.#deps.store.list();
    const nowMs = clock.monotonicMs();
    this.#report(listing);
    this.#dropLost(listing.leases);
    this.#settleAsked(listing.leases, nowMs);
    const leases = listing.leases.filter(this.#deps.isOurStream);
    await this.#releaseLeft(leases);
    this.#observations = observe(this.#observations, leases, nowMs, this.#gapMaxMs);
    this.#unreadableKeys = unreadableKeys(listing);
    const observed = [...this.#observations.byKey.values()];
    const view = {
      observed,
      unreadableKeys: this.#unreadableKeys,
      held: new Set(runs.sessions().map((session) => session.leaseKey)),
      parked: runs.parkedKeys(),
      resting: runs.restingKeys(),
      asked: this.#asked,
      declined: this.#stillDeclined(nowMs),
    };
    const plan = planLeases(view, this.#self, nowMs, random);
    const missed = await this.#carryOut(plan);
    return {
      observed,
      plan,
      isUnchanged: this.#isSameShape(leases),
      isAsking: this.#asked.size > 0,
      isBeaten: observed.some(
        (each) => missed.has(each.lease.leaseKey) && isExpired(each, this.#self.failoverTimeMs, nowMs),
      ),
    };
  }

  /** The fleet as the last round saw it. */
  fleet(holes: number): FleetCounts | undefined {
    const { failoverTimeMs } = this.#self;
    return countFleet(this.#observations, this.#unreadableKeys, { failoverTimeMs, holes });
  }

  /** Takes back what was asked and not answered; a lease that came meanwhile is given back. Called once, after the
   *  last round. @throws what the store throws. */
  async withdrawAll(): Promise<void> {
    const { store } = this.#deps;
    const { workerId } = this.#self;
    await eachBounded([...this.#asked.keys()], TABLE_CALLS_MAX, async (leaseKey) => {
      await store.withdraw(leaseKey, workerId);
      const lease = await store.get(leaseKey);
      const isGiven = lease?.owner === workerId && this.#deps.runs.session(leaseKey) === undefined;
      if (isGiven) await store.release(lease, { readToTip: false, isDraining: true });
    });
    this.#asked.clear();
  }

  /** A lease that we would not take back now, under our name although nobody here holds it: giving it back failed.
   *  Left so, nobody would read the shard until the lease expires. */
  async #releaseLeft(leases: readonly Lease[]): Promise<void> {
    const { store, runs } = this.#deps;
    const resting = runs.restingKeys();
    const left = leases.filter(
      ({ leaseKey, owner }) =>
        owner === this.#self.workerId && resting.has(leaseKey) && runs.session(leaseKey) === undefined,
    );
    await eachBounded(left, TABLE_CALLS_MAX, async (lease) => {
      await store.release(lease, { readToTip: false, isDraining: false });
    });
  }

  /** Returns the keys that others took first. */
  async #carryOut(plan: LeasePlan): Promise<ReadonlySet<string>> {
    const { store, runs } = this.#deps;
    const missed = new Set<string>();
    // Answers first: others wait for them.
    for (const { lease, to } of plan.handOver) runs.handOver(lease.leaseKey, to);
    await eachBounded(plan.decline, TABLE_CALLS_MAX, async (leaseKey) => runs.session(leaseKey)?.decline());
    await eachBounded(plan.withdraw, TABLE_CALLS_MAX, async (leaseKey) => {
      await store.withdraw(leaseKey, this.#self.workerId);
      this.#asked.delete(leaseKey);
    });
    await eachBounded(plan.take, TABLE_CALLS_MAX, async (lease) => {
      if ((await this.#take(lease)) === 'lost') missed.add(lease.leaseKey);
    });
    await eachBounded(plan.ask, TABLE_CALLS_MAX, (lease) => this.#ask(lease));
    return missed;
  }

  async #take(lease: Lease): Promise<LeaseWrite['kind']> {
    const { store, clock, runs, stampOf } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    const write = await store.take(lease, this.#self.workerId, stampOf(lease));
    // Lost: somebody was faster. Stale: an answer of ours was lost; the next round takes it as ours by name.
    if (write.kind === 'written') {
      this.#asked.delete(lease.leaseKey);
      runs.start(write.lease, startedAtMs);
    }
    return write.kind;
  }

  async #ask(lease: Lease): Promise<void> {
    const { store, clock, announce } = this.#deps;
    // Before the call: its answer may get lost, and the request come into the row much later.
    this.#asked.set(lease.leaseKey, Number.POSITIVE_INFINITY);
    const { kind } = await store.ask(lease, this.#self.workerId);
    if (kind === 'refused') {
      this.#asked.delete(lease.leaseKey);
      return;
    }
    this.#asked.set(lease.leaseKey, clock.monotonicMs());
    announce('lease.asked', { shardId: lease.leaseKey, leaseOwner: lease.owner });
  }

  /** A request that is in the row no more was answered: by a yes if the lease is ours, else by a no. In the row of
   *  a finished shard it may stay, when it came after the last write; nobody will answer it. */
  #settleAsked(leases: readonly Lease[], nowMs: number): void {
    if (this.#asked.size === 0) return;
    const byKey = new Map(leases.map((lease) => [lease.leaseKey, lease]));
    for (const [leaseKey, askedAtMs] of this.#asked) {
      const lease = byKey.get(leaseKey);
      const isOpen = lease?.ours.handOffTo === this.#self.workerId && !isFinished(lease);
      if (isOpen) {
        // The owner's time to answer begins now at the latest.
        this.#asked.set(leaseKey, Math.min(askedAtMs, nowMs));
        continue;
      }
      this.#asked.delete(leaseKey);
      if (lease?.owner === this.#self.workerId) continue;
      this.#declinedUntilMs.set(leaseKey, nowMs + DECLINED_REST_FAILOVERS * this.#self.failoverTimeMs);
    }
  }

  #stillDeclined(nowMs: number): ReadonlySet<string> {
    for (const [key, untilMs] of this.#declinedUntilMs)
      if (untilMs <= nowMs) this.#declinedUntilMs.delete(key);
    return new Set(this.#declinedUntilMs.keys());
  }

  #isSameShape(leases: readonly Lease[]): boolean {
    const before = this.#shape;
    this.#shape = leases
      .map(({ leaseKey, owner, checkpoint }) => `${leaseKey} ${owner ?? ''} ${checkpoint === 'SHARD_END'}`)
      .sort()
      .join('\n');
    return this.#shape === before;
  }

  /** The listing may know of a loss before the next renewal does. Counters only grow, so a later counter under
   *  another name is no old news. */
  #dropLost(leases: readonly Lease[]): void {
    for (const { leaseKey, owner, counter } of leases) {
      const session = this.#deps.runs.session(leaseKey);
      if (session === undefined || owner === undefined || owner === this.#self.workerId) continue;
      if (counter > session.lease.counter) session.lose(owner);
    }
  }

  #report(listing: LeaseListing): void {
    for (const { leaseKey = '', reason } of listing.unreadable) {
      const row = `${leaseKey} ${reason}`;
      if (reason === OTHER_ENTITY || this.#reported.has(row)) continue;
      this.#reported.add(row);
      this.#deps.announce('lease.unreadable', { shardId: leaseKey, reason });
    }
  }
}

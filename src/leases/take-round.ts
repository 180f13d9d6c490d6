/** One round of looking and taking: list, observe, plan (pure), take. */

import type { Clock, Random } from './dependencies.ts';
import { eachBounded, TABLE_CALLS_MAX } from './each-bounded.ts';
import type { Lease } from './lease.ts';
import type { Announce } from './lease-events.ts';
import type { LeaseListing, LeaseStore } from './lease-store.ts';
import { NOTHING_OBSERVED, type ObservedLease, observe } from './observed-leases.ts';
import { type LeasePlan, type PlanningWorker, planLeases } from './plan.ts';
import type { ShardRuns } from './shard-runs.ts';
import { unreadableKeys } from './shard-sync.ts';

export interface TakeRoundDependencies {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly announce: Announce;
  readonly runs: ShardRuns;
}

export interface TakeRoundResult {
  readonly observed: readonly ObservedLease[];
  readonly plan: LeasePlan;
}

export class TakeRound {
  readonly #deps: TakeRoundDependencies;
  readonly #self: PlanningWorker;
  readonly #gapMaxMs: number;
  readonly #reported = new Set<string>();
  #observations = NOTHING_OBSERVED;

  /** `gapMaxMs`: see `observe`. */
  constructor(deps: TakeRoundDependencies, self: PlanningWorker, gapMaxMs: number) {
    this.#deps = deps;
    this.#self = self;
    this.#gapMaxMs = gapMaxMs;
  }

  async run(): Promise<TakeRoundResult> {
    const { store, clock, random, runs } = this.#deps;
    const listing = await store.list();
    const nowMs = clock.monotonicMs();
    this.#report(listing);
    this.#dropLost(listing.leases);
    this.#observations = observe(this.#observations, listing.leases, nowMs, this.#gapMaxMs);
    const view = {
      observed: [...this.#observations.byKey.values()],
      unreadableKeys: unreadableKeys(listing),
      held: new Set(runs.sessions().map((session) => session.shardId)),
      ending: runs.endingKeys(),
    };
    const plan = planLeases(view, this.#self, nowMs, random);
    await eachBounded(plan.take, TABLE_CALLS_MAX, (lease) => this.#take(lease));
    return { observed: view.observed, plan };
  }

  async #take(lease: Lease): Promise<void> {
    const { store, clock, runs } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    const write = await store.take(lease, this.#self.workerId);
    // Lost: somebody was faster. Stale: an answer of ours was lost; the next round takes it as ours by name.
    if (write.kind === 'written') runs.start(write.lease, startedAtMs);
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
      if (this.#reported.has(row)) continue;
      this.#reported.add(row);
      this.#deps.announce('lease.unreadable', { shardId: leaseKey, reason });
    }
  }
}

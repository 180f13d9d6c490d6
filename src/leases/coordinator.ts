/**
 * Runs one worker's part of the fleet: keeps leases for all shards, takes its share, keeps them alive, and runs a
 * handler for each.
 *
 *   created --start, first shard sync stored--> running --stop--> stopping --all leases given back--> stopped
 *                                                  |                 ^
 *                                                  +--fatal error----+  (… --> failed, with the error)
 *
 *   running:  take loop     list → observe → plan → take → run handlers        every scanEveryMs, or when rung
 *             shard sync    list shards → create missing leases                 every shardSyncEveryMs
 *             renewals      each held lease, renewEveryMs after its last write
 *   stopping: renewals only, until each handler has returned or the grace is over
 *
 * A lease: free → taken → (renewed, checkpointed)* → finished | released | lost. DynamoDB's condition decides every
 * one of these steps; this process only ever proposes. Retryable errors end no loop: in an outage the worker stays,
 * its leases are suspended (`isValid` is false), and the first renewal that succeeds decides valid or lost.
 */
import { type CoordinatorOptions, type CoordinatorSettings, withDefaults } from './coordinator-options.ts';
import {
  type Classify,
  type Clock,
  errorName,
  type LeaseLog,
  type Random,
  type StreamListing,
} from './dependencies.ts';
import { isAllReadToTip, isEveryShardListed } from './drain.ts';
import type { FleetCounts } from './fleet-counts.ts';
import type { ShardHandler } from './held-lease.ts';
import { announcer, type LeaseEvent } from './lease-events.ts';
import type { LeaseStore } from './lease-store.ts';
import { backOffCapMs, Loop } from './loop.ts';
import { Renewals } from './renewals.ts';
import { nextScanMs } from './scan-pace.ts';
import { type HeldLeaseSnapshot, ShardRuns } from './shard-runs.ts';
import { ShardSync } from './shard-sync.ts';
import { refuseLiveKcl3 } from './table-check.ts';
import { TakeRound, type TakeRoundResult } from './take-round.ts';

/** At most this between two rounds while there is more to take; random, so that workers alternate. */
const ROUND_GAP_MS = 50;
/** While draining with nothing left to do here: how often to look whether the others are done. */
const DRAIN_SCAN_EVERY_MS = 1_000;
/** Loops of a fleet spread over ± this share of their interval. */
const JITTER = 0.1;
/** How long handlers may finish what is in flight after a fatal error. */
const FATAL_GRACE_MS = 5_000;

export interface CoordinatorDependencies {
  readonly store: LeaseStore;
  /** The streams to read, each with all its shards within retention. One stream without `streamId`, or any number
   *  of streams that all have one. */
  readonly listStreams: () => Promise<readonly StreamListing[]>;
  readonly handler: ShardHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LeaseLog;
  readonly classify: Classify;
  readonly onEvent?: ((event: LeaseEvent) => void) | undefined;
  /** Told whenever a loop goes round: `take`, `renew` or `shard-sync`. */
  readonly onPass?: ((loop: string) => void) | undefined;
}

export type CoordinatorEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown };

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export class LeaseCoordinator {
  /** Resolves, never rejects, when the coordinator has ended and given its leases back. */
  readonly done: Promise<CoordinatorEnd>;
  readonly #ended = deferred<CoordinatorEnd>();
  readonly #drained = deferred<void>();
  readonly #deps: CoordinatorDependencies;
  readonly #settings: CoordinatorSettings;
  readonly #runs: ShardRuns;
  readonly #sync: ShardSync;
  readonly #round: TakeRound;
  readonly #renewals: Renewals;
  readonly #takeLoop: Loop;
  readonly #syncLoop: Loop;
  #state: 'created' | 'running' | 'stopping' = 'created';
  #loops: Promise<unknown> = Promise.resolve();
  #renewing: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isDrainWanted = false;
  #scanEveryMs = 0;

  constructor(given: CoordinatorDependencies, options: CoordinatorOptions) {
    const settings = withDefaults(options);
    const deps = { ...given, backOffCapMs: backOffCapMs(settings.renewEveryMs) };
    this.#deps = deps;
    this.#settings = settings;
    this.done = this.#ended.promise;

    const announce = announcer(deps.log, settings.workerId, deps.onEvent);
    const onFatal = (error: unknown): void => this.#fail(error);
    this.#sync = new ShardSync({ ...deps, announce }, settings);
    this.#runs = new ShardRuns(
      {
        ...deps,
        announce,
        onFatal,
        createChildren: (parent, children) => this.#sync.createChildren(parent, children),
        onTip: () => this.#lookWhetherDrained(),
        onFinished: () => this.#takeLoop.ring(),
        onAsked: () => this.#takeLoop.ring(),
      },
      settings.failoverTimeMs,
    );
    const { isOurStream, stampOf } = this.#sync;
    this.#round = new TakeRound(
      { ...deps, announce, runs: this.#runs, isOurStream, stampOf },
      settings,
      Math.max(settings.failoverTimeMs, 2 * settings.scanEveryMs),
    );
    this.#renewals = new Renewals(
      { ...deps, sessions: () => this.#runs.sessions(), isDraining: () => this.#isDrainWanted, onFatal },
      settings.renewEveryMs,
    );
    this.#takeLoop = new Loop(deps, 'take', () => this.#takeOnce());
    this.#syncLoop = new Loop(deps, 'shard-sync', () => this.#syncOnce());
  }

  /** Creates missing leases, then starts to take, read and renew.
   *  @throws LeaseTableError when the table cannot be worked on; and what the first shard sync throws: a worker
   *  that cannot see the stream must not look healthy. */
  async start(): Promise<void> {
    if (this.#state !== 'created') throw new Error('a lease coordinator starts once');
    if (!this.#settings.isKcl3Allowed) await refuseLiveKcl3(this.#deps, this.#settings);
    await this.#sync.run();
    if (this.#stopped !== undefined) return;
    this.#state = 'running';
    const guard = (loop: Promise<void>): Promise<void> => loop.catch((error) => this.#fail(error));
    this.#renewing = guard(this.#renewals.run());
    this.#loops = Promise.all([
      guard(this.#takeLoop.run()),
      guard(this.#syncLoop.run(this.#jittered(this.#settings.shardSyncEveryMs))),
    ]);
  }

  /** Takes no more leases, lets handlers finish for at most `graceMs`, gives every lease back. Calling it again
   *  waits for the same end. */
  stop({ graceMs }: { graceMs: number }): Promise<void> {
    this.#stopped ??= this.#shutDown(graceMs);
    return this.#stopped;
  }

  /** The held leases, for health and metrics. */
  leases(): readonly HeldLeaseSnapshot[] {
    return this.#runs.snapshot();
  }

  /** The whole fleet as the last look at the table saw it, for metrics; undefined before the first. */
  fleet = (): FleetCounts | undefined => this.#round.fleet(this.#sync.holeCount);

  /**
   * Resolves when the whole stream, other workers' shards included, was read to its tip: in one listing every
   * lease was finished or at its tip (`hasReadToTip`), and a list of shards made after it knew no other open
   * shard. Calling it makes the worker look for that moment. Never rejects; race it with `done`.
   */
  drained(): Promise<void> {
    this.#isDrainWanted = true;
    this.#lookWhetherDrained();
    return this.#drained.promise;
  }

  async #takeOnce(): Promise<number> {
    const round = await this.#round.run();
    if (this.#isDrainWanted) await this.#checkDrained(round);
    if (round.plan.hasMore || round.isBeaten) return this.#deps.random.next() * ROUND_GAP_MS;
    this.#scanEveryMs = nextScanMs({
      ...round,
      ...round.plan,
      leaseCount: round.observed.length,
      beforeMs: this.#scanEveryMs,
      maxMs: this.#settings.scanEveryMs,
    });
    const everyMs = this.#jittered(this.#scanEveryMs);
    return this.#isDrainWanted && this.#isAtTip() ? Math.min(everyMs, DRAIN_SCAN_EVERY_MS) : everyMs;
  }

  async #syncOnce(): Promise<number> {
    const result = await this.#sync.run();
    if (result.createdCount > 0) this.#takeLoop.ring();
    await this.#sync.tidy(result);
    return this.#jittered(this.#settings.shardSyncEveryMs);
  }

  async #checkDrained({ observed }: TakeRoundResult): Promise<void> {
    if (!isAllReadToTip(observed, (leaseKey) => this.#runs.session(leaseKey))) return;
    // After the listing, never before: shards that came in between must be seen.
    const { streams, createdCount } = await this.#sync.run();
    if (createdCount > 0) this.#takeLoop.ring();
    else if (isEveryShardListed(streams, observed)) this.#drained.resolve();
  }

  #isAtTip(): boolean {
    return this.#runs.sessions().every((session) => session.isReadToTip);
  }

  #lookWhetherDrained(): void {
    if (!this.#isDrainWanted || this.#state !== 'running') return;
    this.#renewals.ring();
    if (this.#isAtTip()) this.#takeLoop.ring();
  }

  #jittered(ms: number): number {
    return ms * (1 + JITTER * (2 * this.#deps.random.next() - 1));
  }

  #fail(error: unknown): void {
    const isEnding = this.#stopped !== undefined && this.#deps.classify(error) === 'aborted';
    if (isEnding || this.#failure !== undefined) return;
    this.#failure = { error };
    const fields = { errorName: errorName(error) };
    this.#deps.log.error('lease.failed', 'a fatal error ends the lease coordinator', fields);
    void this.stop({ graceMs: FATAL_GRACE_MS });
  }

  /** Best effort: an owner that gives us a lease now would give it to nobody, until it expires. */
  async #withdraw(): Promise<void> {
    await this.#round.withdrawAll().catch((error: unknown) => {
      const fields = { reason: 'withdraw', errorName: errorName(error) };
      this.#deps.log.warn('lease.retry', 'requests for leases could not be withdrawn', fields);
    });
  }

  async #shutDown(graceMs: number): Promise<void> {
    this.#state = 'stopping';
    this.#takeLoop.stop();
    this.#syncLoop.stop();
    await this.#runs.stop(graceMs);
    // A take that was under way may have won one more lease.
    await this.#loops;
    await Promise.all([this.#runs.stop(0), this.#withdraw()]);
    this.#renewals.stop();
    await this.#renewing;
    this.#ended.resolve(this.#failure ? { kind: 'failed', ...this.#failure } : { kind: 'stopped' });
  }
}

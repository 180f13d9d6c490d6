/**
 * The leases this process holds, each with its running handler.
 *
 *   running --finished--> (gone, children are taken)      running --parked--> parked (lease kept and renewed)
 *   running --lease lost--> ending --handler returns--> (gone)      parked --lease lost--> (gone)
 *   running, parked --stop, or handler gives up--> releasing --> (gone)
 *   running --asked for, and granted--> handing over: handler finishes and checkpoints --> (gone, the asker's)
 */
import { formatPosition } from './checkpoint-position.ts';
import type { ShardHandler, ShardRunOutcome } from './held-lease.ts';
import { isFinished, type Lease, type WorkerId } from './lease.ts';
import type { Announce } from './lease-events.ts';
import { LeaseSession, type SessionDependencies } from './lease-session.ts';
import { backOff } from './loop.ts';

/** Tries to give one lease back. Then it is left to expire: a shutdown must end even while the table is down. */
const RELEASE_ATTEMPTS_MAX = 3;
/** How long others have the first try at a shard that stalled here, in failover times. */
const STALLED_REST_FAILOVERS = 2;

export interface ShardRunsDependencies extends Omit<SessionDependencies, 'onLost'> {
  readonly handler: ShardHandler;
  readonly announce: Announce;
  /** A shard was finished: its children can be taken. */
  readonly onFinished: () => void;
  readonly onFatal: (error: unknown) => void;
}

/** One held lease, for health and metrics. */
export interface HeldLeaseSnapshot {
  readonly leaseKey: string;
  readonly shardId: string;
  readonly leaseCounter: number;
  readonly checkpoint: string;
  /** `ending`: lost or given up, the handler has not returned yet. */
  readonly state: 'running' | 'parked' | 'ending';
  readonly parkedReason?: string;
  readonly isValid: boolean;
  readonly isReadToTip: boolean;
}

interface ShardRun {
  readonly session: LeaseSession;
  done: Promise<void>;
  released?: Promise<void>;
  parkedReason?: string;
  /** The worker that gets the lease when the handler has returned. */
  handOverTo?: WorkerId;
}

export class ShardRuns {
  readonly #deps: ShardRunsDependencies;
  readonly #failoverTimeMs: number;
  readonly #runs = new Map<string, ShardRun>();
  readonly #hurry = new AbortController();
  /** Key → monotonic ms until which a shard that stalled here is not taken again. */
  readonly #restingUntilMs = new Map<string, number>();
  #isDraining = false;

  constructor(deps: ShardRunsDependencies, failoverTimeMs: number) {
    this.#deps = deps;
    this.#failoverTimeMs = failoverTimeMs;
  }

  /** Sessions whose lease is ours. */
  sessions(): readonly LeaseSession[] {
    return [...this.#runs.values()].map((run) => run.session).filter((session) => !session.lost.aborted);
  }

  /** Keys not to be taken now: their handler has not returned yet, or they lately stalled here. */
  restingKeys(): ReadonlySet<string> {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [key, untilMs] of this.#restingUntilMs) if (untilMs <= nowMs) this.#restingUntilMs.delete(key);
    const ending = [...this.#runs].filter(([, { session }]) => session.lost.aborted).map(([key]) => key);
    return new Set([...ending, ...this.#restingUntilMs.keys()]);
  }

  parkedKeys(): ReadonlySet<string> {
    const parked = [...this.#runs].filter(([, { parkedReason }]) => parkedReason !== undefined);
    return new Set(parked.map(([key]) => key));
  }

  session(leaseKey: string): LeaseSession | undefined {
    return this.#runs.get(leaseKey)?.session;
  }

  snapshot(): readonly HeldLeaseSnapshot[] {
    return [...this.#runs.values()].map(({ session, parkedReason }) => ({
      leaseKey: session.leaseKey,
      shardId: session.shardId,
      leaseCounter: session.lease.counter,
      checkpoint: formatPosition(session.lease.checkpoint),
      state: session.lost.aborted ? 'ending' : parkedReason === undefined ? 'running' : 'parked',
      ...(parkedReason !== undefined && { parkedReason }),
      isValid: session.isValid(),
      isReadToTip: session.isReadToTip,
    }));
  }

  /** `takenAtMs`: monotonic start of the take. */
  start(lease: Lease, takenAtMs: number): void {
    if (this.#runs.has(lease.leaseKey)) throw new Error(`${lease.leaseKey} was taken while it is being read`);
    const onLost = (lost: LeaseSession): void => {
      // Its handler has returned already: nobody else would forget it, and the lease could not be taken again.
      if (run.parkedReason !== undefined) this.#runs.delete(lost.leaseKey);
      this.#announceLost(lost);
    };
    const session = new LeaseSession({ ...this.#deps, onLost }, lease, takenAtMs, this.#failoverTimeMs);
    const run: ShardRun = { session, done: Promise.resolve() };
    this.#runs.set(lease.leaseKey, run);
    this.#deps.announce('lease.taken', about(session));
    run.done = this.#run(run).catch(this.#deps.onFatal);
  }

  /** Lets the handler finish what is in flight, then gives the lease to `to`. */
  handOver(leaseKey: string, to: WorkerId): void {
    const run = this.#runs.get(leaseKey);
    if (run === undefined || run.handOverTo !== undefined) return;
    run.handOverTo = to;
    run.session.stop();
  }

  /** Asks all handlers to stop, gives each lease back as its handler returns, and after `graceMs` the rest. */
  async stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const runs = [...this.#runs.values()];
    for (const { session } of runs) session.stop();
    const ended = Promise.all(runs.map((run) => run.done.then(() => this.#release(run))));
    const grace = new AbortController();
    await Promise.race([ended, this.#deps.clock.sleep(graceMs, grace.signal)]);
    grace.abort();
    this.#hurry.abort();
    await Promise.all([...this.#runs.values()].map((run) => this.#release(run)));
  }

  async #run(run: ShardRun): Promise<void> {
    const outcome = await this.#handle(run.session);
    const { session } = run;
    if (outcome.kind === 'finished' && !isFinished(session.lease) && !session.lost.aborted) {
      throw new Error(`the handler of ${session.leaseKey} says finished but SHARD_END is not stored`);
    }
    if (session.lost.aborted) {
      if (run.released === undefined) this.#runs.delete(session.leaseKey);
    } else if (outcome.kind === 'finished') {
      this.#finish(run);
    } else if (outcome.kind === 'parked') {
      run.parkedReason = outcome.reason;
      this.#deps.announce('shard.parked', { ...about(session), reason: outcome.reason });
    } else {
      if (outcome.kind === 'stalled') this.#rest(session);
      await this.#release(run);
    }
  }

  #rest({ leaseKey, lease }: LeaseSession): void {
    const untilMs = this.#deps.clock.monotonicMs() + STALLED_REST_FAILOVERS * this.#failoverTimeMs;
    this.#restingUntilMs.set(leaseKey, untilMs);
    this.#deps.announce('shard.stalled', { shardId: leaseKey, checkpoint: formatPosition(lease.checkpoint) });
  }

  async #handle(session: LeaseSession): Promise<ShardRunOutcome> {
    try {
      return await this.#deps.handler.run(session);
    } catch (error) {
      // Calls that were under way when we asked it to stop are not failures.
      const isEnding = session.stopping.aborted && this.#deps.classify(error) === 'aborted';
      if (isEnding) return { kind: 'stopped' };
      throw error;
    }
  }

  #finish({ session }: ShardRun): void {
    const { childShardIds } = session.lease;
    session.close();
    this.#runs.delete(session.leaseKey);
    this.#deps.announce('shard.finished', { ...about(session), childShardIds });
    this.#deps.onFinished();
  }

  /** Once per run, however often it is called. */
  #release(run: ShardRun): Promise<void> {
    if (this.#runs.get(run.session.leaseKey) !== run) return Promise.resolve();
    // Lost: nothing to give back, its handler is on its way out.
    if (run.released === undefined && run.session.lost.aborted) return Promise.resolve();
    if (this.#hurry.signal.aborted) run.session.close();
    run.released ??= this.#giveBack(run).finally(() => this.#runs.delete(run.session.leaseKey));
    return run.released;
  }

  async #giveBack({ session, handOverTo }: ShardRun): Promise<void> {
    // Whoever has asked gets it, also from one that is stopping.
    const to = handOverTo ?? session.lease.ours.handOffTo;
    for (let attempt = 0; attempt < RELEASE_ATTEMPTS_MAX; attempt += 1) {
      try {
        const { kind } = await session.giveBack({ to, isDraining: this.#isDraining });
        if (kind !== 'written') return;
        const { owner } = session.lease;
        if (owner === undefined) this.#deps.announce('lease.released', about(session));
        else this.#deps.announce('lease.handed-over', { ...about(session), leaseOwner: owner });
        return;
      } catch (error) {
        if (this.#deps.classify(error) !== 'retryable') break;
        await backOff(this.#deps, this.#hurry.signal, error, attempt, about(session));
      }
    }
    session.close();
    this.#deps.announce('lease.release-failed', about(session));
  }

  #announceLost(session: LeaseSession): void {
    this.#deps.announce('lease.lost', { ...about(session), leaseOwner: session.lostTo });
  }
}

const about = ({ leaseKey, lease }: LeaseSession) => ({
  shardId: leaseKey,
  leaseCounter: lease.counter,
  checkpoint: formatPosition(lease.checkpoint),
});

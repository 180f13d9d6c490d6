/**
 * The leases this process holds, each with its running handler.
 *
 *   running --finished--> (gone, children are taken)      running --parked--> parked (lease kept and renewed)
 *   running --lease lost--> ending --handler returns--> (gone)
 *   running, parked --stop, or handler gives up--> releasing --> (gone)
 */

import { formatPosition } from './checkpoint-position.ts';
import type { ShardHandler, ShardRunOutcome } from './held-lease.ts';
import { isFinished, type Lease } from './lease.ts';
import type { Announce } from './lease-events.ts';
import { LeaseSession, type SessionDependencies } from './lease-session.ts';
import { backOff } from './loop.ts';

/** Tries to give one lease back. Then it is left to expire: a shutdown must end even while the table is down. */
const RELEASE_ATTEMPTS_MAX = 3;

export interface ShardRunsDependencies extends Omit<SessionDependencies, 'onLost'> {
  readonly handler: ShardHandler;
  readonly announce: Announce;
  /** A shard was finished: its children can be taken. */
  readonly onFinished: () => void;
  readonly onFatal: (error: unknown) => void;
}

/** One held lease, for health and metrics. */
export interface HeldLeaseSnapshot {
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
}

export class ShardRuns {
  readonly #deps: ShardRunsDependencies;
  readonly #failoverTimeMs: number;
  readonly #runs = new Map<string, ShardRun>();
  readonly #hurry = new AbortController();

  constructor(deps: ShardRunsDependencies, failoverTimeMs: number) {
    this.#deps = deps;
    this.#failoverTimeMs = failoverTimeMs;
  }

  /** Sessions whose lease is ours. */
  sessions(): readonly LeaseSession[] {
    return [...this.#runs.values()].map((run) => run.session).filter((session) => !session.lost.aborted);
  }

  /** Keys that must not be taken again before their handler has returned. */
  endingKeys(): ReadonlySet<string> {
    const ending = [...this.#runs.values()].filter((run) => run.session.lost.aborted);
    return new Set(ending.map((run) => run.session.shardId));
  }

  session(shardId: string): LeaseSession | undefined {
    return this.#runs.get(shardId)?.session;
  }

  snapshot(): readonly HeldLeaseSnapshot[] {
    return [...this.#runs.values()].map(({ session, parkedReason }) => ({
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
    const onLost = (lost: LeaseSession): void => this.#announceLost(lost);
    const session = new LeaseSession({ ...this.#deps, onLost }, lease, takenAtMs, this.#failoverTimeMs);
    const run: ShardRun = { session, done: Promise.resolve() };
    this.#runs.set(lease.leaseKey, run);
    this.#deps.announce('lease.taken', about(session));
    run.done = this.#run(run).catch(this.#deps.onFatal);
  }

  /** Asks all handlers to stop, gives each lease back as its handler returns, and after `graceMs` the rest. */
  async stop(graceMs: number): Promise<void> {
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
      throw new Error(`the handler of ${session.shardId} says finished but SHARD_END is not stored`);
    }
    if (session.lost.aborted) {
      if (run.released === undefined) this.#runs.delete(session.shardId);
    } else if (outcome.kind === 'finished') {
      this.#finish(run);
    } else if (outcome.kind === 'parked') {
      run.parkedReason = outcome.reason;
      this.#deps.announce('shard.parked', { ...about(session), reason: outcome.reason });
    } else {
      await this.#release(run);
    }
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
    this.#runs.delete(session.shardId);
    this.#deps.announce('shard.finished', { ...about(session), childShardIds });
    this.#deps.onFinished();
  }

  /** Once per run, however often it is called. */
  #release(run: ShardRun): Promise<void> {
    if (this.#runs.get(run.session.shardId) !== run) return Promise.resolve();
    // Lost: nothing to give back, its handler is on its way out.
    if (run.released === undefined && run.session.lost.aborted) return Promise.resolve();
    if (this.#hurry.signal.aborted) run.session.close();
    run.released ??= this.#giveBack(run.session).finally(() => this.#runs.delete(run.session.shardId));
    return run.released;
  }

  async #giveBack(session: LeaseSession): Promise<void> {
    for (let attempt = 0; attempt < RELEASE_ATTEMPTS_MAX; attempt += 1) {
      try {
        const { kind } = await session.release();
        if (kind === 'written') this.#deps.announce('lease.released', about(session));
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

const about = ({ shardId, lease }: LeaseSession) => ({
  shardId,
  leaseCounter: lease.counter,
  checkpoint: formatPosition(lease.checkpoint),
});

/** Keeps every held lease alive. Renewals are started when due and not waited for, so that one slow answer delays
 *  no other lease; a failed one is tried again by itself, and never gives a lease up: only the table does. */
import { TABLE_CALLS_MAX } from './each-bounded.ts';
import { isFinished } from './lease.ts';
import type { LeaseSession } from './lease-session.ts';
import { backOff, Loop, type LoopDependencies } from './loop.ts';

/** The shortest wait: a remainder that rounding leaves must not spin the loop. */
const TICK_MS = 1;

export interface RenewalDependencies extends LoopDependencies {
  readonly sessions: () => readonly LeaseSession[];
  /** While draining, a tip that was reached is written at once: other workers wait for it. */
  readonly isDraining: () => boolean;
  readonly onFatal: (error: unknown) => void;
}

export class Renewals {
  readonly #deps: RenewalDependencies;
  readonly #renewEveryMs: number;
  readonly #underWay = new Set<LeaseSession>();
  readonly #stop = new AbortController();
  readonly #loop: Loop;

  constructor(deps: RenewalDependencies, renewEveryMs: number) {
    this.#deps = deps;
    this.#renewEveryMs = renewEveryMs;
    this.#loop = new Loop(deps, 'renew', async () => this.#startDue());
  }

  run(): Promise<void> {
    return this.#loop.run();
  }

  ring(): void {
    this.#loop.ring();
  }

  stop(): void {
    this.#stop.abort();
    this.#loop.stop();
  }

  /** Starts what is due, the most urgent first; returns the ms until the next is. */
  #startDue(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    const idle = this.#deps
      .sessions()
      .filter((session) => !this.#underWay.has(session) && !isFinished(session.lease));
    const byUrgency = idle
      .map((session) => ({ session, dueAtMs: this.#dueAtMs(session) }))
      .sort((a, b) => a.dueAtMs - b.dueAtMs);
    for (const { session, dueAtMs } of byUrgency) {
      if (dueAtMs > nowMs) return Math.max(TICK_MS, dueAtMs - nowMs);
      if (this.#underWay.size >= TABLE_CALLS_MAX) break; // the next answer rings
      void this.#renew(session);
    }
    return this.#renewEveryMs;
  }

  #dueAtMs(session: LeaseSession): number {
    const isTipAwaited = this.#deps.isDraining() && !session.isTipWritten;
    return isTipAwaited ? 0 : session.renewedAtMs + this.#renewEveryMs;
  }

  async #renew(session: LeaseSession): Promise<void> {
    this.#underWay.add(session);
    try {
      await this.#renewUntilAnswered(session);
    } catch (error) {
      this.#deps.onFatal(error);
    } finally {
      this.#underWay.delete(session);
      this.#loop.ring();
    }
  }

  async #renewUntilAnswered(session: LeaseSession): Promise<void> {
    for (let attempt = 0; !session.lost.aborted && !this.#stop.signal.aborted; attempt += 1) {
      try {
        return await session.renew(() => this.#dueAtMs(session) <= this.#deps.clock.monotonicMs());
      } catch (error) {
        if (this.#deps.classify(error) !== 'retryable') throw error;
        await backOff(this.#deps, session.lost, error, attempt, {
          shardId: session.leaseKey,
          reason: 'renew',
        });
      }
    }
  }
}

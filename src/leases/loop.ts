/**
 * A loop that outlives its dependencies: pass, wait, pass, wait …
 *
 *   passing --ok--> waiting (the pass says how long; `ring` ends it early) --> passing
 *   passing --retryable error--> backing off (not ended by `ring`) --> passing
 *   passing --other error--> ended, `run` rejects          any --stop--> ended, `run` resolves
 */
import {
  type Classify,
  type Clock,
  errorName,
  type LeaseLog,
  type LeaseLogFields,
  type Random,
} from './dependencies.ts';

const BACK_OFF_BASE_MS = 50;
const BACK_OFF_CAP_MAX_MS = 10_000;

/** The longest pause between two tries: as long as between two renewals, so that a table which is down is asked
 *  hardly more often than a healthy one, and renewals are back well inside the failover time. Unit: ms. */
export const backOffCapMs = (renewEveryMs: number): number => Math.min(BACK_OFF_CAP_MAX_MS, renewEveryMs);

/** Half of it is chance; `attempt` counts from 0. Unit: ms. */
export const backOffMs = (attempt: number, capMs: number, random: Random): number =>
  Math.min(capMs, BACK_OFF_BASE_MS * 2 ** Math.min(attempt, 16)) * (0.5 + 0.5 * random.next());

export interface LoopDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LeaseLog;
  readonly classify: Classify;
  /** See `backOffCapMs`. */
  readonly backOffCapMs: number;
  /** Told whenever a loop begins a pass: that it goes round. */
  readonly onPass?: ((loop: string) => void) | undefined;
}

/** Waits before the next try, and says so; ends early when `signal` aborts. */
export async function backOff(
  { clock, random, log, backOffCapMs: capMs }: LoopDependencies,
  signal: AbortSignal,
  error: unknown,
  attempt: number,
  about: LeaseLogFields,
): Promise<void> {
  const delayMs = Math.round(backOffMs(attempt, capMs, random));
  const fields = { ...about, errorName: errorName(error), attempt, delayMs };
  log.warn('lease.retry', 'a lease operation failed and is tried again', fields);
  await clock.sleep(delayMs, signal);
}

/** Repeats `operation` with back-off until it succeeds or `signal` aborts.
 *  @throws what `classify` does not call retryable. */
export async function retryUntil<T>(
  deps: LoopDependencies,
  signal: AbortSignal,
  about: LeaseLogFields,
  operation: () => Promise<T>,
): Promise<T | 'aborted'> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (deps.classify(error) !== 'retryable') throw error;
      await backOff(deps, signal, error, attempt, about);
    }
  }
  return 'aborted';
}

export class Loop {
  readonly #deps: LoopDependencies;
  readonly #name: string;
  readonly #pass: () => Promise<number>;
  readonly #stop = new AbortController();
  #bell = new AbortController();

  /** `pass` resolves to the ms until the next one. */
  constructor(deps: LoopDependencies, name: string, pass: () => Promise<number>) {
    this.#deps = deps;
    this.#name = name;
    this.#pass = pass;
  }

  /** Starts the next pass now, or right after the one under way. */
  ring(): void {
    this.#bell.abort();
  }

  /** No pass begins after this; the one under way ends by itself. */
  stop(): void {
    this.#stop.abort();
    this.#bell.abort();
  }

  /** @throws what `classify` does not call retryable. */
  async run(firstAfterMs = 0): Promise<void> {
    if (firstAfterMs > 0) await this.#deps.clock.sleep(firstAfterMs, this.#bell.signal);
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      this.#bell = new AbortController();
      this.#deps.onPass?.(this.#name);
      try {
        const delayMs = await this.#pass();
        failures = 0;
        if (!this.#stop.signal.aborted) await this.#deps.clock.sleep(delayMs, this.#bell.signal);
      } catch (error) {
        if (this.#deps.classify(error) !== 'retryable') throw error;
        await backOff(this.#deps, this.#stop.signal, error, failures++, { reason: this.#name });
      }
    }
  }
}

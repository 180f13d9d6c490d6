/** How long a held lease is surely ours, by this process's monotonic clock alone. */
import type { Clock } from './dependencies.ts';

/** Share of the failover time kept back: room for clocks that run at different rates and for the effect that
 *  follows the check. */
export const VALIDITY_MARGIN = 0.1;

export class Validity {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #validForMs: number;
  #renewedAtMs: number;
  /** Start of the first write since then whose answer never came: it may have been the one that was stored. */
  #unansweredSinceMs: number | undefined;
  #waiting: (() => void)[] = [];

  /** `takenAtMs`: monotonic start of the take. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, takenAtMs: number, failoverTimeMs: number) {
    this.#clock = clock;
    this.#renewedAtMs = takenAtMs;
    this.#validForMs = failoverTimeMs * (1 - VALIDITY_MARGIN);
  }

  /** Start of the last write that we know to be stored. Monotonic ms. */
  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  holds(): boolean {
    return this.#clock.monotonicMs() - this.#renewedAtMs < this.#validForMs;
  }

  /** A write begins, at `atMs` (monotonic). */
  began(atMs: number): void {
    this.#unansweredSinceMs ??= atMs;
  }

  /** The write that began at `atMs` is stored. Validity counts from the START: others saw the counter move at that
   *  moment at the earliest. `isRecovered`: it may have been an earlier one. */
  stored(atMs: number, isRecovered: boolean): void {
    this.#renewedAtMs = isRecovered ? (this.#unansweredSinceMs ?? atMs) : atMs;
    this.#unansweredSinceMs = undefined;
    this.wake();
  }

  /** Resolves at the next `stored` or `wake`. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

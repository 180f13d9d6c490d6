/** Time that passes only when a test says so. Same calls, same order of events, every time. */
import type { Clock, Timeout } from '../../src/time.ts';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Lets every promise that can settle without time passing settle. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const START_WALL_MS = Date.UTC(2026, 0, 1);

export class VirtualClock implements Clock {
  #nowMs = 0;
  #skewMs = 0;
  readonly #timers = new Set<Timer>();

  wallMs(): number {
    return START_WALL_MS + this.#nowMs + this.#skewMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = this.#after(ms, () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      const wake = (): void => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  turn(): Promise<void> {
    return this.sleep(0);
  }

  timeout(ms: number): Timeout {
    const controller = new AbortController();
    const cancel = this.#after(ms, () => controller.abort());
    return { signal: controller.signal, cancel };
  }

  /** Timers not yet due: a test that ends with some has left a loop running. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass: fires what falls due, in order, with everything that follows from it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#nextBy(untilMs); next !== undefined; next = this.#nextBy(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers.delete(next);
      next.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Lets time pass in steps until `isReached`; fails after `maxMs`. Returns the ms that passed. */
  async until(isReached: () => boolean, maxMs: number, stepMs = 1): Promise<number> {
    const startMs = this.#nowMs;
    await settle();
    while (!isReached()) {
      if (this.#nowMs - startMs >= maxMs) throw new Error(`not reached within ${maxMs} ms of virtual time`);
      await this.advance(stepMs);
    }
    return this.#nowMs - startMs;
  }

  /** The process stands still (SIGSTOP, a long collection): time passes, nothing runs. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** The wall clock steps; the monotonic one does not. */
  stepWall(ms: number): void {
    this.#skewMs += ms;
  }

  #after(ms: number, fire: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The earliest timer due by `untilMs`; of equals the oldest. */
  #nextBy(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

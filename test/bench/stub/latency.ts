/** Answers that take their time: lognormal, so that a few take several times as long as most. One timer serves
 *  all that wait. */

import type { Chance } from '../../../src/local/seeded-random.ts';
import { systemClock } from '../../../src/time.ts';

export interface LatencyOptions {
  /** Unit: ms. A p50 of 0: at once. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The normal distribution's 99th percentile. Unit: standard deviations. */
const P99_SIGMAS = 2.326;
/** How exactly answers keep their time. */
const TICK_MS = 1;

export class Latency {
  private readonly options: LatencyOptions;
  private readonly chance: Chance;
  private readonly waiting = new Map<number, (() => unknown)[]>();
  private isTicking = false;

  constructor(options: LatencyOptions, chance: Chance) {
    this.options = options;
    this.chance = chance;
  }

  /** One answer's time. Unit: ms. */
  draw(): number {
    const { p50Ms, p99Ms } = this.options;
    if (p50Ms === 0) return 0;
    const uniform = (): number => this.chance.whole(1, 1_000_000) / 1_000_001;
    // Source: Box and Muller's way to a normal number.
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return p50Ms * Math.exp((Math.log(p99Ms / p50Ms) / P99_SIGMAS) * normal);
  }

  /** Calls `answer` after one answer's time. */
  after(answer: () => unknown): void {
    const ms = this.draw();
    if (ms === 0) {
      answer();
      return;
    }
    const dueMs = Math.ceil(systemClock.monotonicMs() + ms);
    const due = this.waiting.get(dueMs);
    if (due) due.push(answer);
    else this.waiting.set(dueMs, [answer]);
    if (!this.isTicking) void this.tick();
  }

  private async tick(): Promise<void> {
    this.isTicking = true;
    while (this.waiting.size > 0) {
      await systemClock.sleep(TICK_MS);
      const nowMs = systemClock.monotonicMs();
      for (const [dueMs, answers] of this.waiting) {
        if (dueMs > nowMs) continue;
        this.waiting.delete(dueMs);
        for (const answer of answers) answer();
      }
    }
    this.isTicking = false;
  }
}

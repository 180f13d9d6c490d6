import type { Log } from '../ops/log.ts';
import { backoffMs, type Clock, type Random } from '../time.ts';

const WARN_EVERY_MS = 60_000;

export interface ReadFailuresDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A shard's failures in a row: how long to pause, and a warning once a minute with how many there were. */
export class ReadFailures {
  inARow = 0;
  private readonly deps: ReadFailuresDeps;
  private readonly shardId: string;
  private sinceWarning = 0;
  private warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ReadFailuresDeps, shardId: string) {
    this.deps = deps;
    this.shardId = shardId;
  }

  /** One more. Returns the pause before the next try; unit: ms. */
  add(errorName: string, baseMs: number): number {
    const { clock, log, random } = this.deps;
    const delayMs = Math.round(backoffMs(this.inARow, random, baseMs));
    this.inARow += 1;
    this.sinceWarning += 1;
    if (clock.monotonicMs() - this.warnedAtMs < WARN_EVERY_MS) return delayMs;
    log.warn('shard.read-failed', 'reading failed; it is repeated until it works', {
      shardId: this.shardId,
      errorName,
      attempt: this.inARow,
      delayMs,
      count: this.sinceWarning,
    });
    this.warnedAtMs = clock.monotonicMs();
    this.sinceWarning = 0;
    return delayMs;
  }

  /** Reading worked. */
  clear(): void {
    this.inARow = 0;
  }
}

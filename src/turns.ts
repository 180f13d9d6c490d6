/** Hands out turns of the event loop, one at a time, first come first served: work that takes milliseconds, of however
 *  many shards, is never done in one go, so renewals and probes get theirs in between. */
import type { Clock } from './time.ts';

export class Turns {
  private readonly clock: Clock;
  private last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves when a turn is free. What follows, up to the next wait, should take a few milliseconds at most. */
  next(): Promise<void> {
    this.last = this.last.then(() => this.clock.turn());
    return this.last;
  }
}

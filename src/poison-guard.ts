import { sum, type Tally } from './tally.ts';

/** Judged over this many events at least: a few bad records on a quiet shard must not stop it. */
const WINDOW_EVENTS = 1000;
const DEAD_LETTER_SHARE_MAX = 0.5;

/** Notices that most of what a shard brings is poison, before it fills the dead-letter table. */
export class PoisonGuard {
  private read = 0;
  private deadLettered = 0;

  isTooMuch(tally: Tally): boolean {
    this.read += tally.read;
    this.deadLettered += sum(tally.deadLettered);
    if (this.read < WINDOW_EVENTS) return false;
    const isTooMuch = this.deadLettered > this.read * DEAD_LETTER_SHARE_MAX;
    this.read = 0;
    this.deadLettered = 0;
    return isTooMuch;
  }
}

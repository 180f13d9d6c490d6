/** Lets only a few shards of a worker have a full page in memory at once, from its fetch to the end of its decoding.
 *  A page that waits for the others grows old, and then waits for the slow garbage collector: with a page for each of
 *  16 shards RSS was 20 to 30 MiB larger and an event took a tenth more CPU. And answers of full pages take milliseconds
 *  to parse: what arrives together is parsed in one turn of the event loop, and renewals and probes wait behind it. */
import type { Clock } from '../time.ts';

/** One being decoded, two on their way: enough for 40,000 records a second at 20 ms each. */
const SLOTS = 3;
/** A slot is for pacing only: a shard that hangs longer must not hold up the others. Unit: ms. */
const HELD_MAX_MS = 1_000;

export class ReadSlots {
  private readonly clock: Clock;
  private readonly waiting: (() => void)[] = [];
  private free = SLOTS;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A slot when it is the caller's turn, first come first served, or at once when `signal` aborts. It is given back by
   *  calling it, by `signal`, or by the time. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.free > 0) this.free -= 1;
    else if (!(await this.turn(signal))) return () => undefined;
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    void this.giveBackAfter(over.signal).finally(() => signal.removeEventListener('abort', end));
    return end;
  }

  /** False when `signal` aborted first. */
  private turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        resolve(false);
      };
      if (signal.aborted) return resolve(false);
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(go);
    });
  }

  private async giveBackAfter(signal: AbortSignal): Promise<void> {
    await this.clock.sleep(HELD_MAX_MS, signal);
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}

/** Lets only a few shards of a worker fetch full pages at once. An answer of a full page takes milliseconds to parse,
 *  and what arrives together is parsed in one turn of the event loop: renewals and probes would wait behind it. */
import type { Clock } from '../time.ts';

/** Enough for 40,000 records a second at 20 ms each. */
const SLOTS = 3;
/** A slot is for pacing only: what hangs longer must not hold up the others. Unit: ms. */
const HELD_MAX_MS = 1_000;

export class ReadSlots {
  private readonly clock: Clock;
  private readonly waiting: (() => void)[] = [];
  private free = SLOTS;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Does `work` when it is its turn, first come first served; at once when `signal` aborts. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else if (!(await this.turn(signal))) return work();
    const working = work();
    void this.giveBackAfter(working);
    return working;
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

  private async giveBackAfter(work: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    work.then(end, end);
    await this.clock.sleep(HELD_MAX_MS, over.signal);
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}

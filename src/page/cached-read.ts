/** The last answer of a read that costs something: asked again at most so often, however many browsers ask for it, and
 *  not at all while none does. A read that fails leaves the last answer in place. */
import { atMost, type Clock } from '../time.ts';

export interface CachedReadOptions<T> {
  readonly clock: Clock;
  readonly read: () => Promise<T>;
  /** Least time between two reads. Unit: ms. */
  readonly everyMs: number;
}

export interface Failing {
  readonly error: unknown;
  /** Wall time of the first failure in a row. Unit: ms since 1970. */
  readonly sinceMs: number;
}

export interface LastRead<T> {
  /** Undefined before the first success. */
  readonly value: T | undefined;
  readonly failing: Failing | undefined;
}

/** How long an asker waits for a read: healthy ones take less, and no page waits for a sick one. Unit: ms. */
const WAIT_MS = 600;

export class CachedRead<T> {
  private readonly options: CachedReadOptions<T>;
  private last: LastRead<T> = { value: undefined, failing: undefined };
  private startedAtMs = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | undefined;

  constructor(options: CachedReadOptions<T>) {
    this.options = options;
  }

  /** Never rejects. */
  async get(): Promise<LastRead<T>> {
    const { clock, everyMs } = this.options;
    if (!this.running && clock.monotonicMs() - this.startedAtMs >= everyMs) this.start();
    if (this.running && !this.last.failing) await atMost(clock, WAIT_MS, this.running);
    return this.last;
  }

  /** The next asker gets news, unless the last read is younger than `ageMs`. Whether it does. */
  outdate(ageMs: number): boolean {
    const isOld = this.options.clock.monotonicMs() - this.startedAtMs >= ageMs;
    if (isOld) this.startedAtMs = Number.NEGATIVE_INFINITY;
    return isOld;
  }

  private start(): void {
    const { clock, read } = this.options;
    this.startedAtMs = clock.monotonicMs();
    this.running = read()
      .then((value) => {
        this.last = { value, failing: undefined };
      })
      .catch((error: unknown) => {
        const sinceMs = this.last.failing?.sinceMs ?? clock.wallMs();
        this.last = { ...this.last, failing: { error, sinceMs } };
      })
      .finally(() => {
        this.running = undefined;
      });
  }
}

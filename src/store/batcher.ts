/** Gathers what is asked for one by one into batches.
 *
 *  A full batch goes at once. A part of one goes when nothing is under way, or when its first item has waited for
 *  `lingerMs`: a lone item waits for nobody, and under load batches fill by themselves (Nagle's rule).
 *
 *  How many batches may be under way adapts: a throttled one halves it, a full one that succeeds adds one. */
import type { Clock } from '../time.ts';

export interface BatcherOptions<T> {
  readonly clock: Clock;
  /** Ends what waits for time to pass; items then go at once. */
  readonly closing: AbortSignal;
  /** Most items of one batch. */
  readonly sizeMax: number;
  /** Most batches under way at once. */
  readonly underWayMax: number;
  /** Settles each of its items by itself; never rejects. */
  readonly send: (items: readonly T[]) => Promise<'done' | 'throttled'>;
  /** Default 5. Unit: ms. */
  readonly lingerMs?: number;
}

/** About one round trip to the table: to wait longer saves nothing. */
const LINGER_MS_DEFAULT = 5;

export class Batcher<T> {
  private readonly options: BatcherOptions<T>;
  private readonly lingerMs: number;
  private waiting: T[] = [];
  private underWay = 0;
  private underWayLimit: number;
  private isLookDue = false;
  private isLingering = false;
  private isOverdue = false;

  constructor(options: BatcherOptions<T>) {
    this.options = options;
    this.lingerMs = options.lingerMs ?? LINGER_MS_DEFAULT;
    this.underWayLimit = options.underWayMax;
  }

  /** At most this many batches are under way at present. */
  get limit(): number {
    return this.underWayLimit;
  }

  add(item: T): void {
    this.waiting.push(item);
    if (this.isLookDue) return;
    // One turn of the event loop: what is asked for by the same answer or page goes together.
    this.isLookDue = true;
    void this.options.clock.turn().then(() => {
      this.isLookDue = false;
      this.look();
    });
  }

  private look(): void {
    const { sizeMax } = this.options;
    while (this.waiting.length > 0 && this.underWay < this.underWayLimit) {
      const isTime = this.isOverdue || this.underWay === 0;
      if (this.waiting.length < sizeMax && !isTime) break;
      void this.launch(this.waiting.splice(0, sizeMax));
    }
    if (this.waiting.length === 0) this.isOverdue = false;
    else if (!this.isOverdue) void this.linger();
  }

  private async linger(): Promise<void> {
    if (this.isLingering) return;
    this.isLingering = true;
    await this.options.clock.sleep(this.lingerMs, this.options.closing);
    this.isLingering = false;
    if (this.waiting.length === 0) return;
    this.isOverdue = true;
    this.look();
  }

  private async launch(items: readonly T[]): Promise<void> {
    const { send, sizeMax, underWayMax } = this.options;
    this.underWay += 1;
    const outcome = await send(items);
    this.underWay -= 1;
    if (outcome === 'throttled') this.underWayLimit = Math.max(1, Math.floor(this.underWayLimit / 2));
    else if (items.length === sizeMax) this.underWayLimit = Math.min(underWayMax, this.underWayLimit + 1);
    this.look();
  }
}

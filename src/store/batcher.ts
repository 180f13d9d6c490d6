/** Gathers what is asked for one by one into batches, and asks again for what can be repeated.
 *
 *  A full batch goes at once. A part of one goes when nothing is under way, or when its first item has waited for
 *  `lingerMs`: a lone item waits for nobody, and under load batches fill by themselves (Nagle's rule).
 *
 *  How many batches may be under way adapts: a throttled one halves it, a full one that succeeds adds one. A batch
 *  counts as throttled by what a good part of a full one would be: a hot item backs off by itself, and no other waits
 *  for it. */
import { classify, errorName, isThrottle } from '../errors.ts';
import { type RetryDeps, stopped } from '../retry.ts';
import { backoffMs } from '../time.ts';

/** What became of one item of a batch. */
export type Answer<R> = { readonly value: R } | { readonly error: unknown };

export interface BatcherOptions<T, R> extends RetryDeps {
  /** Ends what waits for time to pass; items then go at once. */
  readonly closing: AbortSignal;
  /** Most items of one batch. */
  readonly sizeMax: number;
  /** Most batches under way at once. */
  readonly underWayMax: number;
  /** Answers in the items' order. One that it rejects with is the answer to each. */
  readonly send: (items: readonly T[]) => Promise<readonly Answer<R>[]>;
  /** Default 5. Unit: ms. */
  readonly lingerMs?: number;
}

/** About one round trip to the table: to wait longer saves nothing. */
const LINGER_MS_DEFAULT = 5;
/** From this share of a full batch's items on, a table or an account is over its limit, not an item. */
const THROTTLED_SHARE_MIN = 1 / 4;

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
  attempt: number;
}

export class Batcher<T, R> {
  private readonly options: BatcherOptions<T, R>;
  private readonly lingerMs: number;
  private waiting: Waiting<T, R>[] = [];
  private underWay = 0;
  private underWayLimit: number;
  private isLookDue = false;
  private isLingering = false;
  private isOverdue = false;

  constructor(options: BatcherOptions<T, R>) {
    this.options = options;
    this.lingerMs = options.lingerMs ?? LINGER_MS_DEFAULT;
    this.underWayLimit = options.underWayMax;
  }

  /** At most this many batches are under way at present. */
  get limit(): number {
    return this.underWayLimit;
  }

  /** The item's answer, for which retryable errors are waited out.
   *  @throws its first other error; `AbortError` when `closing` aborts. */
  ask(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      const { closing } = this.options;
      if (closing.aborted) reject(stopped(closing));
      else this.add({ item, resolve, reject, attempt: 0 });
    });
  }

  private add(waiting: Waiting<T, R>): void {
    this.waiting.push(waiting);
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

  private async launch(batch: readonly Waiting<T, R>[]): Promise<void> {
    const { sizeMax, underWayMax } = this.options;
    this.underWay += 1;
    const answers = await this.send(batch.map(({ item }) => item));
    this.underWay -= 1;
    let throttledCount = 0;
    for (let at = 0; at < batch.length; at += 1) {
      const [waiting, answer] = [batch[at] as Waiting<T, R>, answers[at] as Answer<R>];
      if ('value' in answer) waiting.resolve(answer.value);
      else {
        if (isThrottle(answer.error)) throttledCount += 1;
        void this.fail(waiting, answer.error);
      }
    }
    const isThrottled = throttledCount >= sizeMax * THROTTLED_SHARE_MIN;
    if (isThrottled) this.underWayLimit = Math.max(1, Math.floor(this.underWayLimit / 2));
    else if (batch.length === sizeMax) this.underWayLimit = Math.min(underWayMax, this.underWayLimit + 1);
    this.look();
  }

  private async send(items: readonly T[]): Promise<readonly Answer<R>[]> {
    try {
      return await this.options.send(items);
    } catch (error) {
      return items.map(() => ({ error }));
    }
  }

  /** As `untilDone` does it, without a promise more for each item that succeeds. */
  private async fail(waiting: Waiting<T, R>, error: unknown): Promise<void> {
    const { clock, random, closing, onRetry } = this.options;
    if (classify(error) !== 'retryable') return waiting.reject(error);
    const { attempt } = waiting;
    const delayMs = backoffMs(attempt, random);
    onRetry?.({ errorName: errorName(error), isThrottle: isThrottle(error), attempt, delayMs });
    await clock.sleep(delayMs, closing);
    waiting.attempt += 1;
    if (closing.aborted) waiting.reject(stopped(closing));
    else this.add(waiting);
  }
}

/** Reads ahead of the consumer, in order and within a bound.
 *
 *    filling ──buffer full──► waiting ──page taken──► filling
 *       ├── last page of the shard, or a fatal error: stops; what is buffered is still handed out first
 *       └── close(): stops; what is buffered is forgotten, and read again by whoever opens the shard next */
import { Doorbell } from './doorbell.ts';
import type { NextPage, RecordPage } from './record.ts';

export const PREFETCH_MAX_BYTES_DEFAULT = 8 * 1024 * 1024;
/** Charged per page besides its data, so that empty pages cannot pile up. */
const PAGE_OVERHEAD_BYTES = 1024;

/** Where pages come from: a `ShardPoller`. */
export interface PageReader {
  next(signal: AbortSignal): Promise<NextPage>;
}

/** Memory for reading ahead, shared evenly by all that read. */
export class PrefetchBudget {
  private readonly bytesMax: number;
  private readers = 0;

  /** Unit: bytes. */
  constructor(bytesMax = PREFETCH_MAX_BYTES_DEFAULT) {
    this.bytesMax = bytesMax;
  }

  join(): void {
    this.readers += 1;
  }

  leave(): void {
    this.readers -= 1;
  }

  /** Reading pauses while a reader holds this much; one page more may be on its way. Unit: bytes. */
  get share(): number {
    return this.bytesMax / Math.max(1, this.readers);
  }
}

const charge = (page: RecordPage): number => page.bytes + PAGE_OVERHEAD_BYTES;

export class Prefetch {
  private readonly reader: PageReader;
  private readonly budget: PrefetchBudget;
  private readonly pages: RecordPage[] = [];
  private readonly closing = new AbortController();
  private readonly pageArrived = new Doorbell();
  private readonly pageTaken = new Doorbell();
  /** Read, and not done with: the page handed out last counts until the next one is asked for. */
  private heldBytes = 0;
  private inHandBytes = 0;
  private failure: { readonly error: unknown } | undefined;
  private isStalled = false;
  private filling: Promise<void> | undefined;

  constructor(reader: PageReader, budget = new PrefetchBudget()) {
    this.reader = reader;
    this.budget = budget;
    budget.join();
  }

  /** The next page in order; 'aborted' once `signal` aborts or after `close`; 'stalled' when the reader is, after
   *  the pages that came before.
   *  @throws what the reader threw, after the pages that came before it. */
  async next(signal: AbortSignal): Promise<NextPage> {
    this.filling ??= this.fill();
    this.release();
    for (;;) {
      if (signal.aborted || this.closing.signal.aborted) return 'aborted';
      const page = this.pages.shift();
      if (page) {
        this.inHandBytes = charge(page);
        return page;
      }
      if (this.failure) throw this.failure.error;
      if (this.isStalled) return 'stalled';
      await this.pageArrived.wait(signal);
    }
  }

  /** Stops reading; resolves when no call is in flight any more. */
  async close(): Promise<void> {
    if (!this.closing.signal.aborted) this.budget.leave();
    this.closing.abort();
    this.pages.length = 0;
    this.pageArrived.ring();
    await this.filling;
  }

  private release(): void {
    this.heldBytes -= this.inHandBytes;
    this.inHandBytes = 0;
    this.pageTaken.ring();
  }

  private async fill(): Promise<void> {
    try {
      while (await this.fillOne());
    } catch (error) {
      this.failure = { error };
      this.pageArrived.ring();
    }
  }

  /** False when there is nothing more to read. A call for each page: a loop's variable would keep the last page alive
   *  while the next is waited for. */
  private async fillOne(): Promise<boolean> {
    const { signal } = this.closing;
    while (this.heldBytes >= this.budget.share && !signal.aborted) await this.pageTaken.wait(signal);
    if (signal.aborted) return false;
    const page = await this.reader.next(signal);
    if (page === 'aborted') return false;
    if (page === 'stalled') this.isStalled = true;
    else {
      this.pages.push(page);
      this.heldBytes += charge(page);
    }
    this.pageArrived.ring();
    return page !== 'stalled' && !page.shardEnd;
  }
}

/** Events on their way into the table: who waits for them, and in which item's queue they stand. */
import type { EventId } from '../reduce/dedup-memory.ts';
import type { EventOutcome } from './session-store.ts';

export interface PendingEvent<E> {
  readonly event: E;
  readonly id: EventId;
  readonly request: ApplyRequest;
  /** Place in the request. */
  readonly index: number;
}

/** The events of one item that nobody has begun to write. */
export interface ItemQueue<E> {
  readonly id: string;
  events: PendingEvent<E>[];
  /** To be written now, not held back. */
  isDue: boolean;
  /** At most one write of an item is under way. */
  isRunning: boolean;
}

/** One `apply`: resolves when the last of its events has an outcome. */
export class ApplyRequest {
  readonly done: Promise<readonly EventOutcome[]>;
  private readonly outcomes: EventOutcome[];
  private openCount: number;
  private resolve: (outcomes: readonly EventOutcome[]) => void = () => undefined;
  private rejectDone: (error: unknown) => void = () => undefined;
  private isRejected = false;

  constructor(eventCount: number) {
    this.outcomes = new Array<EventOutcome>(eventCount);
    this.openCount = eventCount;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.rejectDone = reject;
    });
    if (eventCount === 0) this.resolve(this.outcomes);
  }

  /** Nobody waits any more: what was not begun is not to be written. */
  get isDropped(): boolean {
    return this.isRejected;
  }

  settle(index: number, outcome: EventOutcome): void {
    this.outcomes[index] = outcome;
    this.openCount -= 1;
    if (this.openCount === 0) this.resolve(this.outcomes);
  }

  reject(error: unknown): void {
    this.isRejected = true;
    this.rejectDone(error);
  }

  /** @throws `AbortError` as soon as `signal` aborts. */
  async until(signal: AbortSignal): Promise<readonly EventOutcome[]> {
    const onAbort = (): void =>
      this.reject(Object.assign(new Error('stopped', { cause: signal.reason }), { name: 'AbortError' }));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    return this.done.finally(() => signal.removeEventListener('abort', onAbort));
  }
}

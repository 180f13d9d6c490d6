/** Events on their way into the table: who waits for them, and in which item's queue they stand. */
import type { EventId } from '../reduce/dedup-memory.ts';
import type { PackedEvent } from './item-kind.ts';
import type { EventOutcome, Tell } from './session-store.ts';

/** Who waits for an event. */
interface Waiter<E> {
  readonly request: ApplyRequest<E>;
  /** Place in the request. */
  readonly index: number;
}

export interface PendingEvent<E> extends Waiter<E> {
  readonly event: E;
  readonly id: EventId;
}

/** Held back. */
export type HeldEvent<E> = Waiter<E> & PackedEvent;

export const isHeld = <E>(entry: PendingEvent<E> | HeldEvent<E>): entry is HeldEvent<E> => 'own' in entry;

/** `outcome`: durable once the request is done. */
export const settle = <E>({ request, index, event }: PendingEvent<E>, outcome: EventOutcome): void =>
  request.settle(index, event, outcome);

/** The events of one item that nobody has begun to write. */
export interface ItemQueue<E> {
  readonly id: string;
  events: (PendingEvent<E> | HeldEvent<E>)[];
  /** To be written now, not held back. */
  isDue: boolean;
  /** At most one write of an item is under way. */
  isRunning: boolean;
  /** Among those held back. */
  place: PlaceInLine<E> | undefined;
  /** Started after it was held back, and not done. */
  isUnderway: boolean;
}

export const newQueue = <E>(id: string): ItemQueue<E> => ({
  id,
  events: [],
  isDue: false,
  isRunning: false,
  place: undefined,
  isUnderway: false,
});

/** Where an item waits that is held back. */
export interface PlaceInLine<E> {
  /** Undefined once it was started. */
  queue: ItemQueue<E> | undefined;
  readonly sinceMs: number;
  eventCount: number;
  /** To be started next. */
  isDue: boolean;
}

/** One `apply`: resolves when the last of its events has an outcome. */
export class ApplyRequest<E> {
  /** Of the shard that asks. */
  readonly signal: AbortSignal;
  readonly done: Promise<readonly EventOutcome[]>;
  private readonly outcomes: EventOutcome[];
  private readonly tell: Tell<E> | undefined;
  private openCount: number;
  private resolve: (outcomes: readonly EventOutcome[]) => void = () => undefined;
  private rejectDone: (error: unknown) => void = () => undefined;
  private isRejected = false;

  constructor(eventCount: number, signal: AbortSignal, tell: Tell<E> | undefined) {
    this.signal = signal;
    this.tell = tell;
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

  settle(index: number, event: E, outcome: EventOutcome): void {
    this.outcomes[index] = outcome;
    this.tell?.(event, outcome, index);
    this.openCount -= 1;
    if (this.openCount === 0) this.resolve(this.outcomes);
  }

  reject(error: unknown): void {
    this.isRejected = true;
    this.rejectDone(error);
  }

  /** @throws `AbortError` as soon as the shard's signal aborts. */
  async settled(): Promise<readonly EventOutcome[]> {
    const { signal } = this;
    const onAbort = (): void =>
      this.reject(Object.assign(new Error('stopped', { cause: signal.reason }), { name: 'AbortError' }));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    return this.done.finally(() => signal.removeEventListener('abort', onAbort));
  }
}

/** Items whose events wait for more of their kind, in the order in which they began to wait. They become due
 *
 *    with the time          each after `holdBackMs`
 *    when room is wanted    the longest waiting first, some at once: events of the others go on gathering
 *    when a shard asks      all that hold an event of the shard
 *
 *  and are started as those before them are done: until then they wait as they are, packed. */
import type { Clock } from '../time.ts';
import { Turns } from '../turns.ts';
import { Fifo } from './fifo.ts';
import type { ItemQueue, PlaceInLine } from './pending-events.ts';

/** Items started and not done: as many as eight batches hold, enough to hide the table's latency. */
const UNDERWAY_MAX = 200;
/** Started in one turn of the event loop, whichever comes first: a few milliseconds. */
const ITEMS_PER_TURN = 40;
const EVENTS_PER_TURN = 75;
/** Several become due at once: a wake-up for each would cost more. Share of `holdBackMs`. */
const EARLY_SHARE = 1 / 10;

export interface HeldBackOptions {
  /** How long events that may wait are held back. Unit: ms. */
  readonly holdBackMs: number;
  /** With so many held back, room is wanted. Unit: events. */
  readonly heldBackMax: number;
}

export interface HeldBackDeps<E> {
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly start: (queue: ItemQueue<E>) => void;
}

export class HeldBack<E> {
  private readonly deps: HeldBackDeps<E>;
  private readonly options: HeldBackOptions;
  private readonly turns: Turns;
  /** No Set: V8 moves one whose entries come and go into ever new tables. */
  private line = new Fifo<PlaceInLine<E>>();
  private due = new Fifo<PlaceInLine<E>>();
  private eventCount = 0;
  private underwayCount = 0;
  private isStarting = false;
  private isRoomWanted: () => boolean = () => false;
  private isTimed = false;

  constructor(deps: HeldBackDeps<E>, options: HeldBackOptions) {
    this.deps = deps;
    this.options = options;
    this.turns = new Turns(deps.clock);
  }

  /** One more event of the item waits. */
  add(queue: ItemQueue<E>): void {
    if (queue.place) queue.place.eventCount += 1;
    else {
      const sinceMs = this.deps.clock.monotonicMs();
      queue.place = { queue, sinceMs, eventCount: 1, isDue: false };
      this.line.push(queue.place);
    }
    this.eventCount += 1;
    if (this.isOverfull) this.letLongestDue();
    if (!this.isTimed) void this.watchTime();
  }

  /** The item does not wait any more: it is written now. */
  remove(queue: ItemQueue<E>): void {
    const { place } = queue;
    if (!place) return;
    this.eventCount -= place.eventCount;
    place.queue = undefined;
    queue.place = undefined;
  }

  /** What the item had when it was started is durable, or given up. */
  done(queue: ItemQueue<E>): void {
    if (!queue.isUnderway) return;
    queue.isUnderway = false;
    this.underwayCount -= 1;
    if (this.isOverfull || this.isRoomWanted()) this.letLongestDue();
    if (this.due.size > 0) void this.startDue();
  }

  /** The longest waiting are due, as those before them are done, for as long as room is wanted. */
  makeRoom(isWanted: () => boolean): void {
    this.isRoomWanted = isWanted;
    this.letLongestDue();
  }

  /** All items that hold an event of an `apply` with this signal are due; without one, all. */
  flush(signal?: AbortSignal): void {
    for (const place of this.line.all())
      if (!signal || place.queue?.events.some(({ request }) => request.signal === signal)) this.setDue(place);
    void this.startDue();
  }

  clear(): void {
    this.line = new Fifo();
    this.due = new Fifo();
    this.eventCount = 0;
  }

  private get isOverfull(): boolean {
    return this.eventCount >= this.options.heldBackMax;
  }

  private letLongestDue(): void {
    let count = UNDERWAY_MAX - this.underwayCount - this.due.size;
    if (count > 0) this.letDue(() => count-- > 0);
  }

  /** The longest waiting, as long as they are. */
  private letDue(isDue: (place: PlaceInLine<E>) => boolean): void {
    for (let place = this.longest(); place && isDue(place); place = this.longest()) this.setDue(place);
    void this.startDue();
  }

  private longest(): PlaceInLine<E> | undefined {
    for (let place = this.line.peek(); place; place = this.line.peek()) {
      if (place.queue && !place.isDue) return place;
      this.line.shift();
    }
    return undefined;
  }

  private setDue(place: PlaceInLine<E>): void {
    if (!place.queue || place.isDue) return;
    place.isDue = true;
    this.due.push(place);
  }

  private async startDue(): Promise<void> {
    if (this.isStarting) return;
    this.isStarting = true;
    while (this.due.size > 0 && this.underwayCount < UNDERWAY_MAX && !this.deps.closing.aborted) {
      this.startSome();
      await this.turns.next();
    }
    this.isStarting = false;
  }

  private startSome(): void {
    let [itemCount, eventCount] = [0, 0];
    while (itemCount < ITEMS_PER_TURN && eventCount < EVENTS_PER_TURN && this.underwayCount < UNDERWAY_MAX) {
      const place = this.due.shift();
      if (!place) return;
      // It may have been started by an event that must not wait.
      if (!place.queue) continue;
      itemCount += 1;
      eventCount += place.eventCount;
      place.queue.isUnderway = true;
      this.underwayCount += 1;
      this.deps.start(place.queue);
    }
  }

  private async watchTime(): Promise<void> {
    const { clock, closing } = this.deps;
    const { holdBackMs } = this.options;
    this.isTimed = true;
    for (let place = this.longest(); place && !closing.aborted; place = this.longest()) {
      const nowMs = clock.monotonicMs();
      const restMs = place.sinceMs + holdBackMs - nowMs;
      const latestMs = nowMs - holdBackMs * (1 - EARLY_SHARE);
      if (restMs > 0) await clock.sleep(restMs, closing);
      else this.letDue(({ sinceMs }) => sinceMs <= latestMs);
    }
    this.isTimed = false;
  }
}

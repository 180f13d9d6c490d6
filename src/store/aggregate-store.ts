/** Exactly once by compare-and-swap. All shards of a worker share it: events of one item wait in one queue, and
 *  at most one round of an item is under way.
 *
 *    queue ──due──► base: cached, or loaded ──► judge each event by the item's dedup memory ──► all known:
 *                     ▲                          │ (pages are read only for old or repeated events)  duplicates
 *                     │                          ▼ fold the new ones
 *                     │                  ring over its size? committed ids to a page   1. durable first
 *                     └──── conflict ─── write if version unchanged                    2. counts and remembers at once
 *                                                │
 *                                        hand on what it closed                        3. before anybody is told
 *
 *  An answer that was lost is harmless: the item read next holds the ids, and nothing changes. What a write closed is
 *  named by the item and its version, and handed on again by whoever reads the item next: it is counted there once. */
import { MeterError } from '../errors.ts';
import { eventIdOf } from '../reduce/dedup-memory.ts';
import { throwIfAborted } from '../retry.ts';
import { backoffMs } from '../time.ts';
import { AggregateRound, type BaseItem, type Tried } from './aggregate-round.ts';
import type { AggregateStoreDeps, AggregateStoreOptions } from './aggregate-store-options.ts';
import { HeldBack } from './held-back.ts';
import type { Countable, EventPacking, StoredItem } from './item-kind.ts';
import type { ReadItem } from './item-writer.ts';
import { NewerItemError } from './newer-item.ts';
import {
  ApplyRequest,
  type HeldEvent,
  type ItemQueue,
  isHeld,
  newQueue,
  type PendingEvent,
  settle,
} from './pending-events.ts';
import type { ApplyOptions, EventOutcome } from './session-store.ts';

/** Why there is no item to count on. */
type NoBase = Extract<EventOutcome, { kind: 'ignored' | 'refused' }>;

export class AggregateStore<E extends Countable, S extends StoredItem> {
  private readonly deps: AggregateStoreDeps<E, S>;
  private readonly rounds: AggregateRound<E, S>;
  /** By item. No Map: as its entries come and go V8 moves them into ever new tables, and each old table that has
   *  become old keeps the next one alive, with all that was in it. Measured: half of all garbage collection. */
  private queues: Record<string, ItemQueue<E>> = Object.create(null);
  private readonly held: HeldBack<E>;

  constructor(deps: AggregateStoreDeps<E, S>, options: AggregateStoreOptions) {
    this.deps = deps;
    this.rounds = new AggregateRound(deps, options);
    this.held = new HeldBack({ ...deps, start: (queue) => this.start(queue) }, options);
    deps.closing.addEventListener('abort', () => this.close(), { once: true });
  }

  async apply(
    events: readonly E[],
    signal: AbortSignal,
    { mayWait = false, tell }: ApplyOptions<E> = {},
  ): Promise<readonly EventOutcome[]> {
    throwIfAborted(signal);
    throwIfAborted(this.deps.closing);
    const request = new ApplyRequest(events.length, signal, tell);
    for (let index = 0; index < events.length; index += 1)
      this.enqueue(request, events[index] as E, index, mayWait);
    return request.settled();
  }

  flush(signal?: AbortSignal): void {
    this.held.flush(signal);
  }

  makeRoom(isWanted: () => boolean): void {
    this.held.makeRoom(isWanted);
  }

  private close(): void {
    const error = Object.assign(new Error('the store is closed'), { name: 'AbortError' });
    for (const { events } of Object.values(this.queues))
      for (const { request } of events) request.reject(error);
    this.queues = Object.create(null);
    this.held.clear();
  }

  private enqueue(request: ApplyRequest<E>, event: E, index: number, mayWait: boolean): void {
    const id = this.deps.kind.idOf(event);
    let queue = this.queues[id];
    if (!queue) {
      queue = newQueue(id);
      this.queues[id] = queue;
    }
    const isHeldBack = mayWait && !queue.isDue;
    const packed = isHeldBack ? this.packed(request, event, index, queue) : undefined;
    const entry = packed ?? this.pending(request, event, index);
    // An array that grows from nothing takes room for 17.
    if (queue.events.length === 0) queue.events = [entry];
    else queue.events.push(entry);
    if (isHeldBack) this.held.add(queue);
    else this.start(queue);
  }

  private pending(request: ApplyRequest<E>, event: E, index: number): PendingEvent<E> {
    return { event, id: eventIdOf(event.eventSid, this.deps.hash16), request, index };
  }

  private packed(
    request: ApplyRequest<E>,
    event: E,
    index: number,
    { events }: ItemQueue<E>,
  ): HeldEvent<E> | undefined {
    const last = events.at(-1);
    const packed = this.deps.kind.packing?.pack(event, last && isHeld(last) ? last : undefined);
    return packed && { own: packed.own, common: packed.common, request, index };
  }

  private unpacked(entry: PendingEvent<E> | HeldEvent<E>, id: string): PendingEvent<E> {
    if (!isHeld(entry)) return entry;
    const event = (this.deps.kind.packing as EventPacking<E>).unpack(entry, id);
    return this.pending(entry.request, event, entry.index);
  }

  private start(queue: ItemQueue<E>): void {
    queue.isDue = true;
    this.held.remove(queue);
    if (!queue.isRunning) void this.run(queue);
  }

  private async run(queue: ItemQueue<E>): Promise<void> {
    queue.isRunning = true;
    // What comes in the same turn goes along.
    await null;
    while (queue.isDue && queue.events.length > 0) {
      const events: PendingEvent<E>[] = [];
      for (const entry of queue.events)
        if (!entry.request.isDropped) events.push(this.unpacked(entry, queue.id));
      queue.events = [];
      queue.isDue = false;
      try {
        if (events.length > 0) await this.count(queue.id, events);
      } catch (error) {
        this.deps.cache?.delete(queue.id);
        for (const { request } of events) request.reject(error);
      }
      this.held.done(queue);
    }
    queue.isRunning = false;
    if (queue.events.length === 0) delete this.queues[queue.id];
  }

  /** Gives each event its outcome, in as many writes as it takes. */
  private async count(id: string, events: readonly PendingEvent<E>[]): Promise<void> {
    const { cache } = this.deps;
    let open = events;
    let tried: Tried | undefined;
    const cached = this.cached(id);
    let base = cached ?? (await this.loadBase(id, events));
    for (let conflicts = 0; open.length > 0; ) {
      if ('kind' in base) {
        for (const entry of open) settle(entry, base);
        return;
      }
      base = await this.withoutClosed(base);
      const { written, counted, conflict, ...round } = await this.rounds.run(base, open, tried);
      open = round.open;
      if (cached && base.stored === cached.stored && (written || conflict))
        cache?.sample(conflict !== undefined);
      if (written) {
        const { dedup } = written;
        base = await this.withoutClosed({ id, stored: written.stored });
        cache?.set(id, base.stored, dedup);
        tried = undefined;
        this.settleApplied(base.stored, counted ?? []);
      }
      if (!conflict) continue;
      cache?.delete(id);
      tried = conflict.tried;
      conflicts += 1;
      if (conflicts > 1) await this.pause(conflicts);
      base = await this.read(id, conflict.current ?? (await this.load(id)), events);
    }
  }

  private settleApplied(stored: S, counted: readonly PendingEvent<E>[]): void {
    const outcome = this.rounds.told(stored, APPLIED);
    for (const entry of counted) settle(entry, outcome);
  }

  /** Hands on what the item's last write closed, unless that is known to be done. */
  private async withoutClosed(base: BaseItem<S>): Promise<BaseItem<S>> {
    const handedOn = this.deps.kind.handOn?.(base.stored);
    return handedOn ? { ...base, stored: await handedOn } : base;
  }

  private async pause(conflicts: number): Promise<void> {
    const { clock, random } = this.deps;
    await clock.sleep(backoffMs(conflicts, random, 10, 1_000), this.deps.closing);
    throwIfAborted(this.deps.closing);
  }

  private cached(id: string): BaseItem<S> | undefined {
    const { cache, metrics } = this.deps;
    const stored = cache?.isTrusted ? cache.get(id) : undefined;
    if (!stored) return undefined;
    metrics?.sessionUsed('cache');
    return { id, stored };
  }

  private async loadBase(id: string, events: readonly PendingEvent<E>[]): Promise<BaseItem<S> | NoBase> {
    const { cache } = this.deps;
    const cached = cache?.get(id);
    const loaded = await this.read(id, await this.load(id), events);
    if (cached) cache?.sample('kind' in loaded || cached.version !== loaded.stored.version);
    return loaded;
  }

  private load(id: string): Promise<ReadItem | undefined> {
    if (this.deps.cache) this.deps.metrics?.sessionUsed('table');
    return this.deps.loader.load(this.deps.kind.keyOf(id));
  }

  /** The item to fold upon. There is none when it was not written by this program, or is damaged; and when it would be
   *  made for a SIM that was erased.
   *  @throws MeterError `item-unreadable` when a newer version wrote it: its events wait, for nothing is wrong. */
  private async read(
    id: string,
    item: ReadItem | undefined,
    events: readonly PendingEvent<E>[],
  ): Promise<BaseItem<S> | NoBase> {
    const { kind, erased } = this.deps;
    if (item) {
      try {
        return { id, stored: kind.read(item), item };
      } catch (error) {
        if (error instanceof NewerItemError) throw newerItem(kind.name, id, kind.tableName);
        return { kind: 'refused', reason: kind.unreadable };
      }
    }
    if (await erased.isErased((events[0] as PendingEvent<E>).event.simSid)) return ERASED;
    return { id, stored: kind.empty(id) };
  }
}

const newerItem = (name: string, id: string, table: string): MeterError =>
  new MeterError(
    'item-unreadable',
    `The ${name} item ${id} in table ${table} was written by a newer version of this program, in a form that this one must not write. Update; the shard waits until then.`,
  );

const APPLIED: EventOutcome = { kind: 'applied' };
const ERASED: NoBase = { kind: 'ignored', reason: 'sim-erased' };

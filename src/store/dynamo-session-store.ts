/** Exactly once by compare-and-swap. All shards of a worker share it: events of one session wait in one queue, and
 *  at most one round of a session is under way.
 *
 *    queue ──due──► base: cached, or loaded ──► judge each event by the item's dedup memory ──► all known:
 *                     ▲                          │ (pages are read only for old or repeated events)  duplicates
 *                     │                          ▼ fold the new ones
 *                     │                  ring over its size? committed ids to a page   1. durable first
 *                     └──── conflict ─── write if version unchanged                    2. counts and remembers at once
 *
 *  An answer that was lost is harmless: the item read next holds the ids, and nothing changes. */
import type { DataSessionEvent } from '../decode/event.ts';
import { EMPTY_MEMORY, eventIdOf } from '../reduce/dedup-memory.ts';
import { emptySession } from '../reduce/session.ts';
import { throwIfAborted } from '../retry.ts';
import { backoffMs } from '../time.ts';
import type { ReadItem } from './item-writer.ts';
import { ApplyRequest, type PendingEvent, type SessionQueue } from './pending-events.ts';
import { SessionCache } from './session-cache.ts';
import { sessionFromItem } from './session-item.ts';
import { type BaseSession, SessionRound, type Tried } from './session-round.ts';
import type { EventOutcome, SessionStore } from './session-store.ts';
import type { SessionStoreDeps, SessionStoreOptions } from './session-store-options.ts';

/** Sessions folded in one turn of the event loop, about 5 ms. */
const SESSIONS_PER_TURN = 200;

export class DynamoSessionStore implements SessionStore {
  private readonly deps: SessionStoreDeps;
  private readonly options: SessionStoreOptions;
  private readonly cache: SessionCache;
  private readonly rounds: SessionRound;
  /** By session. No Map: as its entries come and go V8 moves them into ever new tables, and each old table that has
   *  become old keeps the next one alive, with all that was in it. Measured: half of all garbage collection. */
  private queues: Record<string, SessionQueue> = Object.create(null);
  private heldBack = new Set<SessionQueue>();
  private heldBackCount = 0;
  private isFlushTimed = false;

  constructor(deps: SessionStoreDeps, options: SessionStoreOptions) {
    this.deps = deps;
    this.options = options;
    this.cache = new SessionCache(options.cacheMaxBytes);
    this.rounds = new SessionRound(deps, options);
    deps.closing.addEventListener('abort', () => this.close(), { once: true });
  }

  async apply(
    events: readonly DataSessionEvent[],
    signal: AbortSignal,
    { mayWait = false } = {},
  ): Promise<readonly EventOutcome[]> {
    throwIfAborted(signal);
    throwIfAborted(this.deps.closing);
    const request = new ApplyRequest(events.length);
    for (let index = 0; index < events.length; index += 1)
      this.enqueue(request, events[index] as DataSessionEvent, index, mayWait);
    if (this.heldBackCount >= this.options.heldBackMax) this.flush();
    return request.until(signal);
  }

  flush(): void {
    const held = [...this.heldBack];
    this.heldBack = new Set();
    this.heldBackCount = 0;
    void this.startAll(held);
  }

  private async startAll(queues: readonly SessionQueue[]): Promise<void> {
    for (const [at, queue] of queues.entries()) {
      if (at > 0 && at % SESSIONS_PER_TURN === 0) await this.deps.clock.turn();
      if (this.deps.closing.aborted) return;
      // An empty one was started by another event meanwhile, and is perhaps not the session's queue any more.
      if (queue.events.length > 0) this.start(queue);
    }
  }

  private close(): void {
    const error = Object.assign(new Error('the store is closed'), { name: 'AbortError' });
    for (const { events } of Object.values(this.queues))
      for (const { request } of events) request.reject(error);
    this.queues = Object.create(null);
    this.heldBack.clear();
  }

  private enqueue(request: ApplyRequest, event: DataSessionEvent, index: number, mayWait: boolean): void {
    const sid = event.dataSessionSid;
    let queue = this.queues[sid];
    if (!queue) {
      queue = { sid, events: [], isDue: false, isRunning: false };
      this.queues[sid] = queue;
    }
    queue.events.push({ event, id: eventIdOf(event.eventSid, this.deps.hash16), request, index });
    if (mayWait && !queue.isDue) this.holdBack(queue);
    else this.start(queue);
  }

  private holdBack(queue: SessionQueue): void {
    this.heldBack.add(queue);
    this.heldBackCount += 1;
    if (!this.isFlushTimed) void this.flushLater();
  }

  private async flushLater(): Promise<void> {
    this.isFlushTimed = true;
    await this.deps.clock.sleep(this.options.holdBackMs, this.deps.closing);
    this.isFlushTimed = false;
    if (!this.deps.closing.aborted) this.flush();
  }

  private start(queue: SessionQueue): void {
    queue.isDue = true;
    this.heldBack.delete(queue);
    if (!queue.isRunning) void this.run(queue);
  }

  private async run(queue: SessionQueue): Promise<void> {
    queue.isRunning = true;
    // What comes in the same turn goes along.
    await null;
    while (queue.isDue && queue.events.length > 0) {
      const events = queue.events.some(isDropped) ? queue.events.filter(isWanted) : queue.events;
      queue.events = [];
      queue.isDue = false;
      try {
        await this.count(queue.sid, events);
      } catch (error) {
        this.cache.delete(queue.sid);
        for (const { request } of events) request.reject(error);
      }
    }
    queue.isRunning = false;
    if (queue.events.length === 0) delete this.queues[queue.sid];
  }

  /** Gives each event its outcome, in as many writes as it takes. */
  private async count(sid: string, events: readonly PendingEvent[]): Promise<void> {
    let open = events;
    let tried: Tried | undefined;
    const cached = this.cached(sid);
    let base = cached ?? (await this.loadBase(sid));
    for (let conflicts = 0; open.length > 0; ) {
      if (!base) {
        for (const { request, index } of open)
          request.settle(index, { kind: 'refused', reason: 'session-item-unreadable' });
        return;
      }
      const { written, conflict, ...round } = await this.rounds.run(base, open, tried);
      open = round.open;
      if (cached && base === cached && (written || conflict)) this.cache.sample(conflict !== undefined);
      if (written) {
        this.cache.set(sid, written.stored, written.dedup);
        base = { stored: written.stored };
        tried = undefined;
      }
      if (!conflict) continue;
      this.cache.delete(sid);
      tried = conflict.tried;
      conflicts += 1;
      if (conflicts > 1) await this.pause(conflicts);
      base = read(sid, conflict.current ?? (await this.load(sid)));
    }
  }

  private async pause(conflicts: number): Promise<void> {
    const { clock, random } = this.deps;
    await clock.sleep(backoffMs(conflicts, random, 10, 1_000), this.deps.closing);
    throwIfAborted(this.deps.closing);
  }

  private cached(sid: string): BaseSession | undefined {
    const stored = this.cache.isTrusted ? this.cache.get(sid) : undefined;
    if (!stored) return undefined;
    this.deps.metrics?.sessionUsed('cache');
    return { stored };
  }

  /** The session to fold upon; undefined when its item cannot be read. */
  private async loadBase(sid: string): Promise<BaseSession | undefined> {
    const cached = this.cache.get(sid);
    const loaded = read(sid, await this.load(sid));
    if (cached) this.cache.sample(cached.version !== loaded?.stored.version);
    return loaded;
  }

  private load(sid: string): Promise<ReadItem | undefined> {
    this.deps.metrics?.sessionUsed('table');
    return this.deps.loader.load(sid);
  }
}

const isDropped = ({ request }: PendingEvent): boolean => request.isDropped;
const isWanted = ({ request }: PendingEvent): boolean => !request.isDropped;

/** Undefined when the item was not written by this program, or is damaged. */
function read(sid: string, item: ReadItem | undefined): BaseSession | undefined {
  if (!item) return { stored: { session: emptySession(sid), memory: EMPTY_MEMORY, version: 0, unknown: {} } };
  try {
    return { stored: sessionFromItem(item), item };
  } catch {
    return undefined;
  }
}

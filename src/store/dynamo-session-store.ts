/** Exactly once by compare-and-swap. For each session of a batch:
 *
 *    load ──► judge each event by the item's dedup memory ──► all known ──► duplicates, nothing written
 *      ▲            │ (pages are read only for old or repeated events)
 *      │            ▼ fold the new ones
 *      │      ring over its size? write committed ids to a page   1. durable first: a page never claims more
 *      │            ▼                                                than an earlier swap committed
 *      └─ conflict ─ put if version unchanged                     2. the swap counts and remembers at once
 *
 *  An answer that was lost is harmless: the reload finds the ids and changes nothing. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { DataSessionEvent } from '../decode/event.ts';
import { EMPTY_MEMORY, type EventId, judge, remember, spill } from '../reduce/dedup-memory.ts';
import type { PersonalField } from '../reduce/last-values.ts';
import { emptySession, foldEvent } from '../reduce/session.ts';
import { mapLimit, type RetryDeps, throwIfAborted, untilDone } from '../retry.ts';
import { backoffMs } from '../time.ts';
import type { DedupPages } from './dedup-pages.ts';
import { type Group, type GroupedEvent, groupBySession, isSameWrite, type Loaded } from './group-events.ts';
import { type ItemMap, itemSizeBytes, writeUnits } from './item-size.ts';
import { loadSessions } from './load-sessions.ts';
import { EVENT_ID_BYTES } from './private-state.ts';
import { type StoredSession, sessionFromItem, sessionToItem } from './session-item.ts';
import type { EventOutcome, SessionStore, StoreMetrics } from './session-store.ts';

/** Below the SDK's 50 sockets, so that a batch never waits for a socket behind itself. */
const WRITES_IN_FLIGHT_MAX = 16;
/** The ids of one swap all go into the ring: 256 make an item of 5 KB, far from DynamoDB's 400 KB. A session
 *  with more events in one batch takes several swaps. */
const EVENTS_PER_SWAP_MAX = 256;
/** A ring shorter than this is not emptied only to save the item a write unit: the page would cost as much. */
const IDS_WORTH_A_PAGE_MIN = 6;

export interface SessionStoreOptions {
  /** Distinct event ids kept in the item before they move to a page. Default 16. */
  readonly dedupRingSize: number;
  readonly personalFields: ReadonlySet<PersonalField>;
}

export interface SessionStoreDeps extends RetryDeps {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly pages: DedupPages;
  /** 32 hex digits for an event id that is not an `EZ` sid. */
  readonly hash16: (text: string) => string;
  readonly metrics?: StoreMetrics;
}

export class DynamoSessionStore implements SessionStore {
  private readonly deps: SessionStoreDeps;
  private readonly options: SessionStoreOptions;

  constructor(deps: SessionStoreDeps, options: SessionStoreOptions) {
    this.deps = deps;
    this.options = options;
  }

  async apply(events: readonly DataSessionEvent[], signal: AbortSignal): Promise<readonly EventOutcome[]> {
    const outcomes = new Array<EventOutcome>(events.length);
    let waiting = groupBySession(events, this.deps.hash16);
    for (let attempt = 0; waiting.length > 0; attempt += 1) {
      if (attempt > 1) await this.deps.clock.sleep(backoffMs(attempt, this.deps.random, 10, 1000), signal);
      const loaded = await this.load(
        waiting.map((group) => group.sid),
        signal,
      );
      const settled = await mapLimit(waiting, WRITES_IN_FLIGHT_MAX, (group) =>
        this.settle(group, loaded.get(group.sid), outcomes, signal),
      );
      waiting = waiting.filter((_, index) => settled[index] === 'again');
    }
    return outcomes;
  }

  private retry<T>(operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return untilDone(operation, signal, this.deps);
  }

  private load(sids: readonly string[], signal: AbortSignal): Promise<Map<string, Loaded>> {
    const pause = (attempt: number): Promise<void> => {
      this.deps.metrics?.throttled('dynamodb');
      throwIfAborted(signal);
      return this.deps.clock.sleep(backoffMs(attempt, this.deps.random), signal);
    };
    return this.retry(() => loadSessions(this.deps.client, this.deps.tableName, sids, pause), signal);
  }

  /** One try to count a session's events on top of the item as loaded. */
  private async settle(
    group: Group,
    current: Loaded,
    outcomes: EventOutcome[],
    signal: AbortSignal,
  ): Promise<'done' | 'again'> {
    let stored: StoredSession;
    try {
      stored = current
        ? sessionFromItem(current)
        : { session: emptySession(group.sid), memory: EMPTY_MEMORY, version: 0, unknown: {} };
    } catch {
      this.refuse(group, outcomes, 'session-item-unreadable');
      return 'done';
    }
    const fresh = await this.findFresh(group, current, stored, outcomes, signal);
    if (fresh.length === 0) return 'done';
    const counting = fresh.slice(0, EVENTS_PER_SWAP_MAX);
    const item = await this.fold(stored, current, counting, signal);
    group.tried = { item, ids: new Set(counting.map(({ id }) => id)) };
    const swapped = await this.swap(group, stored.version, item, counting, outcomes, signal);
    if (swapped === 'again' || counting.length === fresh.length) return swapped;
    group.events = fresh.slice(EVENTS_PER_SWAP_MAX);
    return 'again';
  }

  /** The events not yet counted; the others get their outcome. */
  private async findFresh(
    group: Group,
    current: Loaded,
    stored: StoredSession,
    outcomes: EventOutcome[],
    signal: AbortSignal,
  ): Promise<GroupedEvent[]> {
    // A swap whose answer was lost: what it counted was counted by us.
    const counted =
      group.tried && isSameWrite(current, group.tried.item) ? group.tried.ids : new Set<EventId>();
    const seen = new Set<EventId>();
    let pageIds: ReadonlySet<EventId> | undefined;
    const fresh: GroupedEvent[] = [];
    for (const entry of group.events) {
      const isRepeat = seen.has(entry.id);
      seen.add(entry.id);
      let verdict = isRepeat ? 'duplicate' : judge(stored.memory, entry.id, entry.event.timestampMs);
      if (verdict === 'ask-pages') {
        pageIds ??= await this.readPages(group.sid, signal);
        verdict = pageIds.has(entry.id) ? 'duplicate' : 'new';
      }
      if (verdict === 'new') fresh.push(entry);
      else outcomes[entry.index] = { kind: !isRepeat && counted.has(entry.id) ? 'applied' : 'duplicate' };
    }
    return fresh;
  }

  private readPages(sid: string, signal: AbortSignal): Promise<ReadonlySet<EventId>> {
    this.deps.metrics?.dedupPagesRead();
    return this.retry(() => this.deps.pages.read(pageKeyOf(sid)), signal);
  }

  /** Folds new events; moves committed ids to a page first when the ring, or the item, would grow too large. */
  private async fold(
    stored: StoredSession,
    current: Loaded,
    fresh: readonly GroupedEvent[],
    signal: AbortSignal,
  ): Promise<ItemMap> {
    let { session } = stored;
    for (const { event } of fresh) session = foldEvent(session, event, this.options.personalFields);
    const added = fresh.map(({ id, event: { timestampMs } }) =>
      timestampMs === undefined ? { id } : { id, timestampMs },
    );
    const updatedAtMs = this.deps.clock.wallMs();
    const build = (memory: StoredSession['memory']): ItemMap =>
      sessionToItem(
        { session, memory: remember(memory, added), version: stored.version + 1, unknown: stored.unknown },
        updatedAtMs,
      );
    const item = build(stored.memory);
    if (!current || !this.mustSpill(stored.memory.ring.length, added.length, item)) return item;
    const spilled = spill(stored.memory);
    const pages = await this.retry(
      () => this.deps.pages.write(pageKeyOf(session.dataSessionSid), spilled.ids),
      signal,
    );
    for (let page = 0; page < pages; page += 1) this.deps.metrics?.wrote('page');
    return build(spilled.memory);
  }

  private mustSpill(committed: number, added: number, item: ItemMap): boolean {
    if (committed === 0) return false;
    if (committed + added > this.options.dedupRingSize) return true;
    const size = itemSizeBytes(item);
    const saved = writeUnits(size) - writeUnits(size - committed * EVENT_ID_BYTES);
    return committed >= IDS_WORTH_A_PAGE_MIN && saved > 0;
  }

  private async swap(
    group: Group,
    version: number,
    item: ItemMap,
    fresh: readonly GroupedEvent[],
    outcomes: EventOutcome[],
    signal: AbortSignal,
  ): Promise<'done' | 'again'> {
    try {
      await this.retry(() => this.put(item, version), signal);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        this.deps.metrics?.conflicted();
        return 'again';
      }
      if ((error as Error).name !== 'ValidationException') throw error;
      this.refuse(group, outcomes, 'refused-by-store');
      return 'done';
    }
    this.deps.metrics?.wrote('session');
    for (const { index } of fresh) outcomes[index] = { kind: 'applied' };
    return 'done';
  }

  private put(item: ItemMap, version: number): Promise<unknown> {
    return this.deps.client.send(
      new PutCommand({
        TableName: this.deps.tableName,
        Item: item,
        ...(version === 0
          ? { ConditionExpression: 'attribute_not_exists(data_session_sid)' }
          : {
              ConditionExpression: 'version = :version',
              ExpressionAttributeValues: { ':version': version },
            }),
      }),
    );
  }

  private refuse(
    group: Group,
    outcomes: EventOutcome[],
    reason: 'session-item-unreadable' | 'refused-by-store',
  ): void {
    for (const { index } of group.events) outcomes[index] ??= { kind: 'refused', reason };
  }
}

const pageKeyOf = (sid: string): string => `session#${sid}`;

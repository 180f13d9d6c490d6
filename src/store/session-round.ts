/** One try to count a session's events on top of the item as we know it: judge, fold, write. */
import { type EventId, judge, remember, spill } from '../reduce/dedup-memory.ts';
import { foldEvent } from '../reduce/session.ts';
import { type ItemMap, itemSizeBytes, writeUnits } from './item-size.ts';
import type { ReadItem } from './item-writer.ts';
import type { PendingEvent } from './pending-events.ts';
import { EVENT_ID_BYTES } from './private-state.ts';
import type { CachedSession } from './session-cache.ts';
import { type StoredSession, sessionToItem } from './session-item.ts';
import type { SessionStoreDeps, SessionStoreOptions } from './session-store-options.ts';

/** The ids of one write all go into the ring: 256 make an item of 5 KB, far from DynamoDB's 400 KB. A session
 *  with more events takes several writes. */
const EVENTS_PER_WRITE_MAX = 256;
/** A ring shorter than this is not emptied only to save the item a write unit: the page would cost as much. */
const IDS_WORTH_A_PAGE_MIN = 6;

/** A write whose answer may have been lost, to know it again. */
export interface Tried {
  readonly item: ItemMap;
  readonly ids: ReadonlySet<EventId>;
}

/** A session as we write it. */
type WrittenSession = CachedSession & { readonly item: ItemMap };

interface FoundEvents {
  readonly fresh: readonly PendingEvent[];
  readonly repeats: readonly PendingEvent[];
}

export interface RoundResult {
  /** Events without an outcome yet. */
  readonly open: readonly PendingEvent[];
  /** The session as it is now, when it was written. */
  readonly written?: CachedSession;
  /** Another version is stored: `current`, if the engine says. */
  readonly conflict?: { readonly tried: Tried; readonly current?: ReadItem };
}

export class SessionRound {
  private readonly deps: SessionStoreDeps;
  private readonly options: SessionStoreOptions;
  /** Two workers may fold the same events in the same millisecond: their items must differ. */
  private readonly writerNumber: number;

  constructor(deps: SessionStoreDeps, options: SessionStoreOptions) {
    this.deps = deps;
    this.options = options;
    this.writerNumber = Math.floor(deps.random.next() * 2 ** 32);
  }

  async run(
    base: CachedSession,
    events: readonly PendingEvent[],
    tried: Tried | undefined,
  ): Promise<RoundResult> {
    const found = this.findFresh(base, events, tried, undefined);
    // Nearly never.
    const { fresh, repeats } =
      found === 'ask-pages'
        ? (this.findFresh(base, events, tried, await this.readPages(base)) as FoundEvents)
        : found;
    if (fresh.length === 0) return { open: [] };
    const counting = fresh.slice(0, EVENTS_PER_WRITE_MAX);
    const folded = this.fold(base, counting);
    const next = 'spill' in folded ? await folded.spill() : folded;
    const { stored, item } = base;
    const outcome = await this.deps.writer.write({
      tableName: this.deps.tableName,
      keyNames: ['data_session_sid'],
      item: next.item,
      ...(stored.version === 0 ? {} : { before: { item, version: stored.version } }),
    });
    if (outcome.kind === 'conflict') {
      this.deps.metrics?.conflicted();
      const ids = new Set(counting.map(({ id }) => id));
      return { open: [...fresh, ...repeats], conflict: { ...outcome, tried: { item: next.item, ids } } };
    }
    if (outcome.kind === 'refused') {
      for (const { request, index } of [...fresh, ...repeats])
        request.settle(index, { kind: 'refused', reason: 'refused-by-store' });
      return { open: [] };
    }
    this.deps.metrics?.wrote('session');
    for (const { request, index } of counting) request.settle(index, { kind: 'applied' });
    return { open: [...fresh.slice(EVENTS_PER_WRITE_MAX), ...repeats], written: next };
  }

  /** The events not yet counted, and further copies of them. The others get their outcome, unless it takes the pages
   *  to find out and they are not given: then none gets one. */
  private findFresh(
    { stored, item }: CachedSession,
    events: readonly PendingEvent[],
    tried: Tried | undefined,
    pageIds: ReadonlySet<EventId> | undefined,
  ): FoundEvents | 'ask-pages' {
    const verdicts = events.map(({ id, event }) => {
      const verdict = judge(stored.memory, id, event.timestampMs);
      return verdict === 'ask-pages' && pageIds ? (pageIds.has(id) ? 'duplicate' : 'new') : verdict;
    });
    if (verdicts.includes('ask-pages')) return 'ask-pages';
    // A write whose answer was lost: what it counted was counted by us.
    const counted = tried && isSameWrite(item, tried.item) ? new Set(tried.ids) : undefined;
    const found = { fresh: [] as PendingEvent[], repeats: [] as PendingEvent[] };
    const freshIds = new Set<EventId>();
    for (const [at, entry] of events.entries()) {
      if (verdicts[at] === 'duplicate')
        entry.request.settle(entry.index, { kind: counted?.delete(entry.id) ? 'applied' : 'duplicate' });
      else if (freshIds.has(entry.id)) {
        // A copy of what is not durable yet is nothing to be sure of: it waits until the first is written.
        found.repeats.push(entry);
      } else {
        found.fresh.push(entry);
        freshIds.add(entry.id);
      }
    }
    return found;
  }

  private readPages({ stored }: CachedSession): Promise<ReadonlySet<EventId>> {
    this.deps.metrics?.dedupPagesRead();
    return this.deps.pages.read(pageKeyOf(stored.session.dataSessionSid));
  }

  /** Folds new events. Committed ids move to a page first when the ring, or the item, would grow too large: that is
   *  `spill`. */
  private fold(
    { stored }: CachedSession,
    fresh: readonly PendingEvent[],
  ): WrittenSession | { readonly spill: () => Promise<WrittenSession> } {
    let { session } = stored;
    for (const { event } of fresh) session = foldEvent(session, event, this.options.personalFields);
    const added = fresh.map(({ id, event: { timestampMs } }) =>
      timestampMs === undefined ? { id } : { id, timestampMs },
    );
    const updatedAtMs = this.deps.clock.wallMs();
    const build = (memory: StoredSession['memory']): WrittenSession => {
      const next = {
        session,
        memory: remember(memory, added),
        version: stored.version + 1,
        unknown: stored.unknown,
      };
      return { stored: next, item: sessionToItem(next, updatedAtMs, this.writerNumber) };
    };
    const spillFirst = async (): Promise<WrittenSession> => {
      const spilled = spill(stored.memory);
      const pages = await this.deps.pages.write(pageKeyOf(session.dataSessionSid), spilled.ids);
      for (let page = 0; page < pages; page += 1) this.deps.metrics?.wrote('page');
      return build(spilled.memory);
    };
    if (this.isRingOver(stored.memory.ring.length, added.length)) return { spill: spillFirst };
    const kept = build(stored.memory);
    return this.isWorthAPage(stored.memory.ring.length, kept.item) ? { spill: spillFirst } : kept;
  }

  private isRingOver(committed: number, added: number): boolean {
    return committed > 0 && committed + added > this.options.dedupRingSize;
  }

  private isWorthAPage(committed: number, item: ItemMap): boolean {
    if (committed < IDS_WORTH_A_PAGE_MIN) return false;
    const size = itemSizeBytes(item);
    return writeUnits(size) > writeUnits(size - committed * EVENT_ID_BYTES);
  }
}

/** Whether the item is the very write that we tried: its answer was lost, its effect was not. */
function isSameWrite(item: ReadItem, tried: ItemMap): boolean {
  if (item['updated_at'] !== tried['updated_at']) return false;
  const [mine, theirs] = [tried['dedup'], item['dedup']];
  return mine instanceof Uint8Array && theirs instanceof Uint8Array && Buffer.compare(mine, theirs) === 0;
}

const pageKeyOf = (sid: string): string => `session#${sid}`;

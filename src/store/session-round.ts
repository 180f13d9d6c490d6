/** One try to count a session's events on top of the item as we know it: judge, fold, write. */
import { type EventId, judge, remember, spill, type Verdict } from '../reduce/dedup-memory.ts';
import { foldEvent } from '../reduce/session.ts';
import { type ItemMap, writeUnits } from './item-size.ts';
import type { ItemWrite, ReadItem } from './item-writer.ts';
import type { PendingEvent } from './pending-events.ts';
import { EVENT_ID_BYTES } from './private-state.ts';
import { changeFromItem, sessionChange, sessionItemBytes, sessionToItem } from './session-attributes.ts';
import type { EventOutcome } from './session-store.ts';
import type { SessionStoreDeps, SessionStoreOptions } from './session-store-options.ts';
import type { StoredSession } from './stored-session.ts';

/** The ids of one write all go into the ring: 256 make an item of 5 KB, far from DynamoDB's 400 KB. A session
 *  with more events takes several writes. */
const EVENTS_PER_WRITE_MAX = 256;
/** A ring shorter than this is not emptied only to save the item a write unit: the page would cost as much. */
const IDS_WORTH_A_PAGE_MIN = 6;

const NONE: readonly PendingEvent[] = [];
const APPLIED: EventOutcome = { kind: 'applied' };
const DUPLICATE: EventOutcome = { kind: 'duplicate' };

/** A session to count on: what is stored, or nothing yet. */
export interface BaseSession {
  readonly stored: StoredSession;
  /** As it was read just now; absent when it is ours, as we wrote it last. */
  readonly item?: ReadItem;
}

/** A session as it was written. */
export interface WrittenSession {
  readonly stored: StoredSession;
  /** Its packed private state. */
  readonly dedup: Uint8Array;
}

/** A write whose answer may have been lost, to know it again. */
export interface Tried {
  readonly updatedAt: unknown;
  readonly dedup: Uint8Array;
  readonly ids: ReadonlySet<EventId>;
}

/** A session as it shall be. */
interface NextSession extends WrittenSession {
  readonly updatedAt: unknown;
  readonly write: Pick<ItemWrite, 'whole' | 'change'>;
}

interface FoundEvents {
  readonly fresh: readonly PendingEvent[];
  readonly repeats: readonly PendingEvent[];
}

export interface RoundResult {
  /** Events without an outcome yet. */
  readonly open: readonly PendingEvent[];
  /** The session as it is now, when it was written. */
  readonly written?: WrittenSession;
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
    base: BaseSession,
    events: readonly PendingEvent[],
    tried: Tried | undefined,
  ): Promise<RoundResult> {
    const found = this.findFresh(base, events, tried, undefined);
    // Nearly never.
    const { fresh, repeats } =
      found === 'ask-pages'
        ? (this.findFresh(base, events, tried, await this.readPages(base)) as FoundEvents)
        : found;
    if (fresh.length === 0) return { open: NONE };
    const counting = fresh.length > EVENTS_PER_WRITE_MAX ? fresh.slice(0, EVENTS_PER_WRITE_MAX) : fresh;
    const folded = this.fold(base, counting);
    const next = 'spill' in folded ? await folded.spill() : folded;
    const { tableName, writer, metrics } = this.deps;
    const key = { data_session_sid: base.stored.session.dataSessionSid };
    const outcome = await writer.write({ tableName, key, ...next.write });
    if (outcome.kind === 'conflict') {
      metrics?.conflicted();
      const tried = { ...next, ids: new Set(counting.map(({ id }) => id)) };
      return { open: [...fresh, ...repeats], conflict: { ...outcome, tried } };
    }
    if (outcome.kind === 'refused') {
      for (const { request, index } of [...fresh, ...repeats])
        request.settle(index, { kind: 'refused', reason: 'refused-by-store' });
      return { open: NONE };
    }
    metrics?.wrote('session');
    for (const { request, index } of counting) request.settle(index, APPLIED);
    const isAll = counting === fresh && repeats.length === 0;
    return { open: isAll ? NONE : [...fresh.slice(counting.length), ...repeats], written: next };
  }

  /** The events not yet counted, and further copies of them. The others get their outcome, unless it takes the pages
   *  to find out and they are not given: then none gets one. */
  private findFresh(
    { stored, item }: BaseSession,
    events: readonly PendingEvent[],
    tried: Tried | undefined,
    pageIds: ReadonlySet<EventId> | undefined,
  ): FoundEvents | 'ask-pages' {
    const verdicts: Verdict[] = [];
    for (const { id, event } of events) {
      const verdict = judge(stored.memory, id, event.timestampMs);
      if (verdict === 'ask-pages' && !pageIds) return 'ask-pages';
      verdicts.push(verdict === 'ask-pages' ? (pageIds?.has(id) ? 'duplicate' : 'new') : verdict);
    }
    // A write whose answer was lost: what it counted was counted by us.
    const counted = tried && item && isSameWrite(item, tried) ? new Set(tried.ids) : undefined;
    const found = { fresh: [] as PendingEvent[], repeats: [] as PendingEvent[] };
    const freshIds = events.length > 1 ? new Set<EventId>() : undefined;
    for (let at = 0; at < events.length; at += 1) {
      const entry = events[at] as PendingEvent;
      if (verdicts[at] === 'duplicate')
        entry.request.settle(entry.index, counted?.delete(entry.id) ? APPLIED : DUPLICATE);
      else if (freshIds?.has(entry.id)) {
        // A copy of what is not durable yet is nothing to be sure of: it waits until the first is written.
        found.repeats.push(entry);
      } else {
        found.fresh.push(entry);
        freshIds?.add(entry.id);
      }
    }
    return found;
  }

  private readPages({ stored }: BaseSession): Promise<ReadonlySet<EventId>> {
    this.deps.metrics?.dedupPagesRead();
    return this.deps.pages.read(pageKeyOf(stored.session.dataSessionSid));
  }

  /** Folds new events. Committed ids move to a page first when the ring, or the item, would grow too large: that is
   *  `spill`. */
  private fold(
    base: BaseSession,
    fresh: readonly PendingEvent[],
  ): NextSession | { readonly spill: () => Promise<NextSession> } {
    const { stored } = base;
    let { session } = stored;
    for (const { event } of fresh) session = foldEvent(session, event, this.options.personalFields);
    const updatedAtMs = this.deps.clock.wallMs();
    const build = (memory: StoredSession['memory']): NextSession => {
      const { version, unknown } = stored;
      const next = { session, memory: remember(memory, fresh), version: version + 1, unknown };
      return this.toWrite(base, next, updatedAtMs);
    };
    const spillFirst = async (): Promise<NextSession> => {
      const spilled = spill(stored.memory);
      const pages = await this.deps.pages.write(pageKeyOf(session.dataSessionSid), spilled.ids);
      for (let page = 0; page < pages; page += 1) this.deps.metrics?.wrote('page');
      return build(spilled.memory);
    };
    const committed = stored.memory.ring.length;
    if (this.isRingOver(committed, fresh.length)) return { spill: spillFirst };
    const kept = build(stored.memory);
    return this.isWorthAPage(committed, kept) ? { spill: spillFirst } : kept;
  }

  private toWrite({ stored, item }: BaseSession, next: StoredSession, updatedAtMs: number): NextSession {
    const stamp = { updatedAtMs, writer: this.writerNumber };
    const { version } = stored;
    if (version === 0) {
      const whole = sessionToItem(next, stamp);
      return nextSession(next, whole, { whole: () => whole });
    }
    const change = item ? changeFromItem(item, next, stamp) : sessionChange(stored, next, stamp);
    return nextSession(next, change.set, {
      whole: () => sessionToItem(next, stamp),
      change: { ...change, version },
    });
  }

  private isRingOver(committed: number, added: number): boolean {
    return committed > 0 && committed + added > this.options.dedupRingSize;
  }

  private isWorthAPage(committed: number, { stored, dedup }: NextSession): boolean {
    if (committed < IDS_WORTH_A_PAGE_MIN) return false;
    const size = sessionItemBytes(stored, dedup);
    return writeUnits(size) > writeUnits(size - committed * EVENT_ID_BYTES);
  }
}

/** Whether the item is the very write that we tried: its answer was lost, its effect was not. */
function isSameWrite(item: ReadItem, { updatedAt, dedup }: Tried): boolean {
  const stored = item['dedup'];
  const isSameTime = item['updated_at'] === updatedAt;
  return isSameTime && stored instanceof Uint8Array && Buffer.compare(stored, dedup) === 0;
}

const nextSession = (
  stored: StoredSession,
  attributes: ItemMap,
  write: NextSession['write'],
): NextSession => ({
  stored,
  dedup: attributes['dedup'] as Uint8Array,
  updatedAt: attributes['updated_at'],
  write,
});

const pageKeyOf = (sid: string): string => `session#${sid}`;

/** One try to count events on top of an item as we know it: judge, fold, write. */
import { type EventId, judge, remember, spill, type Verdict } from '../reduce/dedup-memory.ts';
import type { AggregateStoreDeps, AggregateStoreOptions } from './aggregate-store-options.ts';
import { expirySeconds } from './expiry.ts';
import type { Countable, StoredItem, WriteStamp } from './item-kind.ts';
import { type ItemMap, writeUnits } from './item-size.ts';
import type { ItemWrite, ReadItem } from './item-writer.ts';
import { type PendingEvent, settle } from './pending-events.ts';
import { EVENT_ID_BYTES } from './private-state.ts';
import type { EventOutcome } from './session-store.ts';
import { WriteUnits } from './write-units.ts';

/** The ids of one write all go into the ring: 256 make an item of 5 KB, far from DynamoDB's 400 KB. An item
 *  with more events takes several writes. */
const EVENTS_PER_WRITE_MAX = 256;
/** A ring shorter than this is not emptied only to save the item a write unit: the page would cost as much. */
const IDS_WORTH_A_PAGE_MIN = 6;

const NONE: readonly never[] = [];
const DUPLICATE: EventOutcome = { kind: 'duplicate' };
const APPLIED: EventOutcome = { kind: 'applied' };

/** An item to count on: what is stored, or nothing yet. */
export interface BaseItem<S> {
  readonly id: string;
  readonly stored: S;
  /** As it was read just now; absent when it is ours, as we wrote it last. */
  readonly item?: ReadItem;
}

/** An item as it was written. */
export interface WrittenItem<S> {
  readonly stored: S;
  /** Its packed private state. */
  readonly dedup: Uint8Array;
}

/** A write whose answer may have been lost, to know it again. */
export interface Tried {
  readonly updatedAt: unknown;
  readonly dedup: Uint8Array;
  readonly ids: ReadonlySet<EventId>;
}

/** An item as it shall be. */
interface NextItem<S> extends WrittenItem<S> {
  readonly updatedAt: unknown;
  readonly write: Pick<ItemWrite, 'whole' | 'change'>;
}

interface FoundEvents<E> {
  readonly fresh: readonly PendingEvent<E>[];
  readonly repeats: readonly PendingEvent<E>[];
}

export interface RoundResult<E, S> {
  /** Events without an outcome yet. */
  readonly open: readonly PendingEvent<E>[];
  /** The item as it is now, when it was written, and the events that it counts now: they have no outcome yet. */
  readonly written?: WrittenItem<S>;
  readonly counted?: readonly PendingEvent<E>[];
  /** Another version is stored: `current`, if the engine says. */
  readonly conflict?: { readonly tried: Tried; readonly current?: ReadItem };
}

export class AggregateRound<E extends Countable, S extends StoredItem> {
  private readonly deps: AggregateStoreDeps<E, S>;
  private readonly options: AggregateStoreOptions;
  /** Two workers may fold the same events in the same millisecond: their items must differ. */
  private readonly writerNumber: number;
  private readonly units = new WriteUnits();

  constructor(deps: AggregateStoreDeps<E, S>, options: AggregateStoreOptions) {
    this.deps = deps;
    this.options = options;
    this.writerNumber = Math.floor(deps.random.next() * 2 ** 32);
  }

  async run(
    base: BaseItem<S>,
    events: readonly PendingEvent<E>[],
    tried: Tried | undefined,
  ): Promise<RoundResult<E, S>> {
    const found = this.findFresh(base, events, tried, undefined);
    // Nearly never.
    const { fresh, repeats } =
      found === 'ask-pages'
        ? (this.findFresh(base, events, tried, await this.readPages(base)) as FoundEvents<E>)
        : found;
    if (fresh.length === 0) return { open: NONE };
    const counting = fresh.length > EVENTS_PER_WRITE_MAX ? fresh.slice(0, EVENTS_PER_WRITE_MAX) : fresh;
    const folded = this.fold(base, counting);
    const next = 'spill' in folded ? await folded.spill() : folded;
    const { kind, writer, metrics } = this.deps;
    const outcome = await writer.write({
      tableName: kind.tableName,
      key: kind.keyOf(base.id),
      ...next.write,
    });
    if (outcome.kind === 'conflict') {
      metrics?.conflicted();
      const tried = { ...next, ids: new Set(counting.map(({ id }) => id)) };
      return { open: [...fresh, ...repeats], conflict: { ...outcome, tried } };
    }
    if (outcome.kind === 'refused') {
      for (const entry of [...fresh, ...repeats])
        settle(entry, { kind: 'refused', reason: 'refused-by-store' });
      return { open: NONE };
    }
    this.countWrite(base.stored, next);
    const isAll = counting === fresh && repeats.length === 0;
    return {
      open: isAll ? NONE : [...fresh.slice(counting.length), ...repeats],
      written: next,
      counted: counting,
    };
  }

  private countWrite(before: S, { stored, dedup }: NextItem<S>): void {
    const { kind, metrics } = this.deps;
    if (!metrics) return;
    const units = this.units.next(() => kind.sizeBytes(stored, dedup, this.stamp()));
    metrics.wrote(kind.name, units + (kind.indexUnits?.(before, stored) ?? 0));
    if (kind.missingBytes) metrics.missed(kind.missingBytes(before), kind.missingBytes(stored));
  }

  /** The events not yet counted, and further copies of them. The others get their outcome, unless it takes the pages
   *  to find out and they are not given: then none gets one. */
  private findFresh(
    { stored, item }: BaseItem<S>,
    events: readonly PendingEvent<E>[],
    tried: Tried | undefined,
    pageIds: ReadonlySet<EventId> | undefined,
  ): FoundEvents<E> | 'ask-pages' {
    const verdicts: Verdict[] = [];
    for (const { id, event } of events) {
      const verdict = judge(stored.memory, id, event.timestampMs);
      if (verdict === 'ask-pages' && !pageIds) return 'ask-pages';
      verdicts.push(verdict === 'ask-pages' ? (pageIds?.has(id) ? 'duplicate' : 'new') : verdict);
    }
    // A write whose answer was lost: what it counted was counted by us.
    const counted = tried && item && isSameWrite(item, tried) ? new Set(tried.ids) : undefined;
    const found = { fresh: [] as PendingEvent<E>[], repeats: [] as PendingEvent<E>[] };
    const freshIds = events.length > 1 ? new Set<EventId>() : undefined;
    for (let at = 0; at < events.length; at += 1) {
      const entry = events[at] as PendingEvent<E>;
      if (verdicts[at] === 'duplicate')
        settle(entry, this.told(stored, counted?.delete(entry.id) ? APPLIED : DUPLICATE));
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

  /** An outcome with what others are to be told. */
  told(stored: S, outcome: EventOutcome): EventOutcome {
    const blocking = this.deps.kind.blocking?.(stored);
    return blocking ? { ...outcome, blocking } : outcome;
  }

  private readPages({ id }: BaseItem<S>): Promise<ReadonlySet<EventId>> {
    this.deps.metrics?.dedupPagesRead();
    return this.deps.pages.read(this.deps.kind.pageKeyOf(id));
  }

  /** Folds new events. Committed ids move to a page first when the ring, or the item, would grow too large: that is
   *  `spill`. */
  private fold(
    base: BaseItem<S>,
    fresh: readonly PendingEvent<E>[],
  ): NextItem<S> | { readonly spill: () => Promise<NextItem<S>> } {
    const { stored } = base;
    const { kind, pages, metrics } = this.deps;
    const version = stored.version + 1;
    const folded = kind.fold(stored, fresh, version);
    const stamp = this.stamp();
    const build = (memory: StoredItem['memory']): NextItem<S> =>
      this.toWrite(base, { ...folded, memory: remember(memory, fresh), version }, stamp);
    const spillFirst = async (): Promise<NextItem<S>> => {
      const spilled = spill(stored.memory);
      const written = await pages.write(kind.pageKeyOf(base.id), spilled.ids);
      for (let page = 0; page < written; page += 1) metrics?.wrote('page', 1);
      return build(spilled.memory);
    };
    const committed = stored.memory.ring.length;
    if (this.isRingOver(committed, fresh.length)) return { spill: spillFirst };
    const kept = build(stored.memory);
    return this.isWorthAPage(committed, kept, stamp) ? { spill: spillFirst } : kept;
  }

  private stamp(): WriteStamp {
    const { clock, kind } = this.deps;
    const updatedAtMs = clock.wallMs();
    const expiresAtSeconds = expirySeconds(updatedAtMs, kind.keepDays);
    return {
      updatedAtMs,
      writer: this.writerNumber,
      ...(expiresAtSeconds === undefined ? {} : { expiresAtSeconds }),
    };
  }

  private toWrite({ stored, item }: BaseItem<S>, next: S, stamp: WriteStamp): NextItem<S> {
    const { kind } = this.deps;
    const { version } = stored;
    if (version === 0) {
      const whole = kind.toItem(next, stamp);
      return nextItem(next, whole, { whole: () => whole });
    }
    const change = item ? kind.changeFromItem(item, next, stamp) : kind.change(stored, next, stamp);
    return nextItem(next, change.set, {
      whole: () => kind.toItem(next, stamp),
      change: { ...change, version },
    });
  }

  private isRingOver(committed: number, added: number): boolean {
    return committed > 0 && committed + added > this.options.dedupRingSize;
  }

  private isWorthAPage(committed: number, { stored, dedup }: NextItem<S>, stamp: WriteStamp): boolean {
    if (committed < IDS_WORTH_A_PAGE_MIN) return false;
    const size = this.deps.kind.sizeBytes(stored, dedup, stamp);
    return writeUnits(size) > writeUnits(size - committed * EVENT_ID_BYTES);
  }
}

/** Whether the item is the very write that we tried: its answer was lost, its effect was not. */
function isSameWrite(item: ReadItem, { updatedAt, dedup }: Tried): boolean {
  const stored = item['dedup'];
  const isSameTime = item['updated_at'] === updatedAt;
  return isSameTime && stored instanceof Uint8Array && Buffer.compare(stored, dedup) === 0;
}

const nextItem = <S>(stored: S, attributes: ItemMap, write: NextItem<S>['write']): NextItem<S> => ({
  stored,
  dedup: attributes['dedup'] as Uint8Array,
  updatedAt: attributes['updated_at'],
  write,
});

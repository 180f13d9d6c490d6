/** Decides for one kind of item as the real store would, and writes nothing: by the item, its ring of event ids and
 *  its pages. */
import { type EventId, eventIdOf, judge } from '../reduce/dedup-memory.ts';
import { mapLimit, throwIfAborted } from '../retry.ts';
import type { DedupPages } from '../store/dedup-pages.ts';
import type { Countable, ItemKind, StoredItem } from '../store/item-kind.ts';
import type { ItemLoader } from '../store/item-loader.ts';
import type { ReadItem } from '../store/item-writer.ts';

/** Items looked at together: two batches of the loader. */
const ITEMS_AT_ONCE = 200;

/** What of a kind decides. */
type DryKind<E extends Countable, S extends StoredItem> = Pick<
  ItemKind<E, S>,
  'idOf' | 'keyOf' | 'pageKeyOf' | 'empty' | 'read'
>;

export interface DryItemsDeps<E extends Countable, S extends StoredItem> {
  readonly kind: DryKind<E, S>;
  readonly loader: Pick<ItemLoader, 'load'>;
  readonly pages: Pick<DedupPages, 'read'>;
  /** As the real store's. */
  readonly hash16: (text: string) => string;
  /** Whether the event's SIM was erased: no item is made for it. */
  readonly isErased: (event: E) => Promise<boolean>;
  /** Told of an event that the item does not hold; `duplicate` when it was told before. */
  readonly onNew: (stored: S, id: EventId, event: E) => 'applied' | 'duplicate';
}

/** `erased`: there is no item, and none may be made. `unreadable`: the item is not one that this program wrote. */
export type DryVerdict = 'applied' | 'duplicate' | 'erased' | 'unreadable';

interface AskedEvent<E> {
  readonly event: E;
  readonly id: EventId;
  /** Place among those asked for. */
  readonly at: number;
}

export class DryItems<E extends Countable, S extends StoredItem> {
  private readonly deps: DryItemsDeps<E, S>;
  /** One read of a key at a time. */
  private readonly loading = new Map<string, Promise<ReadItem | undefined>>();

  constructor(deps: DryItemsDeps<E, S>) {
    this.deps = deps;
  }

  /** In the events' order. @throws `AbortError` when `signal` aborts; whatever is fatal. */
  async decide(events: readonly E[], signal: AbortSignal): Promise<readonly DryVerdict[]> {
    const verdicts = new Array<DryVerdict>(events.length);
    const byItem = new Map<string, AskedEvent<E>[]>();
    for (const [at, event] of events.entries()) {
      const itemId = this.deps.kind.idOf(event);
      const asked = byItem.get(itemId) ?? [];
      asked.push({ event, id: eventIdOf(event.eventSid, this.deps.hash16), at });
      byItem.set(itemId, asked);
    }
    await mapLimit([...byItem], ITEMS_AT_ONCE, async ([itemId, asked]) => {
      throwIfAborted(signal);
      const decided = await this.decideItem(itemId, asked);
      for (const [n, { at }] of asked.entries()) verdicts[at] = decided[n] as DryVerdict;
    });
    return verdicts;
  }

  private async decideItem(itemId: string, asked: readonly AskedEvent<E>[]): Promise<readonly DryVerdict[]> {
    const item = await this.load(itemId);
    const [first] = asked;
    if (!item && first && (await this.deps.isErased(first.event))) return asked.map(() => 'erased');
    const stored = this.read(itemId, item);
    if (!stored) return asked.map(() => 'unreadable');
    const verdicts = asked.map(({ id, event }) => judge(stored.memory, id, event.timestampMs));
    const { kind, pages, onNew } = this.deps;
    // After the item, as the real store does: what moved to a page meanwhile is seen in one of them.
    const paged = verdicts.includes('ask-pages') ? await pages.read(kind.pageKeyOf(itemId)) : undefined;
    return asked.map(({ id, event }, n) => {
      const isCounted = verdicts[n] === 'duplicate' || (verdicts[n] === 'ask-pages' && paged?.has(id));
      return isCounted ? 'duplicate' : onNew(stored, id, event);
    });
  }

  private load(itemId: string): Promise<ReadItem | undefined> {
    const underWay = this.loading.get(itemId);
    if (underWay) return underWay;
    const loading = this.deps.loader
      .load(this.deps.kind.keyOf(itemId))
      .finally(() => this.loading.delete(itemId));
    this.loading.set(itemId, loading);
    return loading;
  }

  /** Undefined when the real store could not read it either. */
  private read(itemId: string, item: ReadItem | undefined): S | undefined {
    const { kind } = this.deps;
    if (!item) return kind.empty(itemId);
    try {
      return kind.read(item);
    } catch {
      return undefined;
    }
  }
}

import type { DedupPages } from './dedup-pages.ts';
import type { ErasedSims } from './erased-sims.ts';
import type { HeldBackOptions } from './held-back.ts';
import type { Countable, ItemKind, StoredItem } from './item-kind.ts';
import type { ItemLoader } from './item-loader.ts';
import type { ItemWriter, StoreDeps } from './item-writer.ts';
import type { StoreMetrics } from './session-store.ts';

/** Items remembered as they were written last. */
export interface ItemCache<S> {
  /** Whether entries are to be used without a look at the table. */
  readonly isTrusted: boolean;
  get(id: string): S | undefined;
  /** `dedup`: the item's packed private state, as stored. */
  set(id: string, stored: S, dedup: Uint8Array): void;
  delete(id: string): void;
  /** What became of an entry that was used, or held against the table. */
  sample(wasStale: boolean): void;
}

export interface AggregateStoreDeps<E extends Countable, S extends StoredItem>
  extends Omit<StoreDeps, 'client'> {
  readonly kind: ItemKind<E, S>;
  readonly writer: ItemWriter;
  readonly loader: ItemLoader;
  readonly pages: DedupPages;
  /** Absent: each item is read before it is written. */
  readonly cache?: ItemCache<S>;
  /** Asked before an item is made. */
  readonly erased: Pick<ErasedSims, 'isErased'>;
  /** 32 hex digits for an event id that is not an `EZ` sid. */
  readonly hash16: (text: string) => string;
  readonly metrics?: StoreMetrics;
}

export interface AggregateStoreOptions extends HeldBackOptions {
  /** Distinct event ids kept in the item before they move to a page. Default 16. */
  readonly dedupRingSize: number;
}

import type { PersonalField } from '../decode/event.ts';
import type { DedupPages } from './dedup-pages.ts';
import type { ItemWriter, StoreDeps } from './item-writer.ts';
import type { SessionLoader } from './session-loader.ts';
import type { StoreMetrics } from './session-store.ts';

export interface SessionStoreDeps extends Omit<StoreDeps, 'client'> {
  readonly tableName: string;
  readonly writer: ItemWriter;
  readonly loader: SessionLoader;
  readonly pages: DedupPages;
  /** 32 hex digits for an event id that is not an `EZ` sid. */
  readonly hash16: (text: string) => string;
  readonly metrics?: StoreMetrics;
}

export interface SessionStoreOptions {
  /** Distinct event ids kept in the item before they move to a page. Default 16. */
  readonly dedupRingSize: number;
  readonly personalFields: ReadonlySet<PersonalField>;
  /** Sessions remembered, so that they need not be read again. Unit: bytes of heap, about. */
  readonly cacheMaxBytes: number;
  /** How long events that may wait are held back. Unit: ms. */
  readonly holdBackMs: number;
  /** So many held back are written before that time is over. Unit: events. */
  readonly heldBackMax: number;
}

/** What differs between the kinds of item that are kept by compare-and-swap: sessions, SIMs, a SIM's days. All else is
 *  `AggregateStore`'s. */

import type { StoreWrite } from '../ops/metrics.ts';
import type { DedupMemory, EventId } from '../reduce/dedup-memory.ts';
import type { Stamp } from '../reduce/last-values.ts';
import type { ItemMap } from './item-size.ts';
import type { ItemChange, ReadItem } from './item-writer.ts';

/** What is counted once: an event, or what follows from one. Copies carry the same sid and the same time. */
export interface Countable {
  /** Hashed to the identity under which it is remembered, unless it is an event's sid. */
  readonly eventSid: string;
  readonly timestampMs?: number;
  readonly simSid: string;
}

/** An item as loaded: its dedup memory, and the version to compare with when writing back. */
export interface StoredItem {
  readonly memory: DedupMemory;
  /** 0: there is no item yet. */
  readonly version: number;
}

/** What is new in every write of an item. `writer`: a number of this process, by which it knows its own write again. */
export interface WriteStamp {
  readonly updatedAtMs: number;
  readonly writer?: number;
  /** When DynamoDB may delete the item. Unit: s since 1970. Absent: never. */
  readonly expiresAtSeconds?: number;
}

/** Known events, new to the item. */
export interface FoldedEvent<E> {
  readonly id: EventId;
  readonly event: E;
}

/** What an event leaves to be told to others: whether the SIM is blocked, as far as its session knows. */
export interface Blocking {
  readonly value: string | null;
  readonly stamp: Stamp;
}

/** An event while it waits. */
export interface PackedEvent<C = unknown> {
  /** What is only this event's. */
  readonly own: string;
  /** What events of its item mostly have in common: one object for all that do. */
  readonly common: C;
}

export interface EventPacking<E, C = unknown> {
  /** `like`: an event of the same item that waits already. Undefined: it waits as it is. */
  pack(event: E, like: PackedEvent<C> | undefined): PackedEvent<C> | undefined;
  /** An equal event. `id`: the item's. */
  unpack(packed: PackedEvent<C>, id: string): E;
}

export interface ItemKind<E extends Countable, S extends StoredItem> {
  readonly tableName: string;
  /** How long items are kept after their last write; 0: for ever. Unit: days. */
  readonly keepDays: number;
  /** For the count of writes. */
  readonly name: StoreWrite;
  /** Why its events are refused when the item cannot be read. */
  readonly unreadable: UnreadableReason;
  /** Under which an event is counted. One text: of a composed key, its parts. */
  idOf(event: E): string;
  keyOf(id: string): ItemMap;
  /** Of the item's pages of ids. */
  pageKeyOf(id: string): string;
  empty(id: string): S;
  /** @throws RangeError when it was not written by this program or is damaged. */
  read(item: ReadItem): S;
  /** Counts what is new to it. `version`: the item's after the write. Leaves memory and version to the caller. */
  fold(stored: S, events: readonly FoldedEvent<E>[], version: number): S;
  toItem(stored: S, stamp: WriteStamp): ItemMap;
  /** From the item as we wrote it last to what it shall be. */
  change(before: S, after: S, stamp: WriteStamp): ItemChange;
  /** From the item as it was read, whoever wrote it. */
  changeFromItem(item: ReadItem, after: S, stamp: WriteStamp): ItemChange;
  /** The size of the whole item. `dedup`: its packed private state. Unit: bytes. */
  sizeBytes(stored: S, dedup: Uint8Array, stamp: WriteStamp): number;
  /** Bytes whose events never arrived. Undefined: of such an item there are none. */
  missingBytes?(stored: S): bigint;
  /** Index entries that come or go with a write: each costs a write unit more. Undefined: there are none. */
  indexUnits?(before: S, after: S): number;
  /** What must be durable elsewhere before the next write, and before anybody is told that this one is. Undefined:
   *  nothing. */
  handOn?(stored: S): Promise<S> | undefined;
  /** How events wait that are held back. Undefined: as they are. */
  readonly packing?: EventPacking<E>;
  /** For the outcomes of a session's events. */
  blocking?(stored: S): Blocking | undefined;
}

export type UnreadableReason = 'session-item-unreadable' | 'sim-item-unreadable' | 'usage-item-unreadable';

/** The exact dedup memory that rides in an aggregate's item: a ring of the last event ids, and the latest
 *  timestamp of any id that was moved out of it into pages. Clocks decide only whether pages are read. */

/** 16 bytes as 32 lower-case hex digits: what identifies an event, whatever its envelope. */
export type EventId = string & { readonly brand: 'EventId' };

export interface DedupMemory {
  /** Ids counted in this item and not yet in a page, oldest first. */
  readonly ring: readonly EventId[];
  /** Latest timestamp of any id in the ring; undefined while none has one. */
  readonly ringThroughMs?: number;
  /** Latest timestamp of any id moved to a page; undefined while there is no page. */
  readonly spilledThroughMs?: number;
  readonly hasPages: boolean;
}

export const EMPTY_MEMORY: DedupMemory = { ring: [], hasPages: false };

const EVENT_SID = /^EZ([0-9a-f]{32})$/i;

/** `EZ` + 32 hex digits is 16 bytes; any other form is hashed to 16. `hash16` returns 32 hex digits. */
export const eventIdOf = (eventSid: string, hash16: (text: string) => string): EventId =>
  (EVENT_SID.exec(eventSid)?.[1]?.toLowerCase() ?? hash16(eventSid)) as EventId;

export type Verdict = 'duplicate' | 'new' | 'ask-pages';

/** Copies of one event carry the same timestamp, so an event later than all spilled ids is in no page. */
export function judge(memory: DedupMemory, id: EventId, timestampMs: number | undefined): Verdict {
  if (memory.ring.includes(id)) return 'duplicate';
  if (!memory.hasPages) return 'new';
  const { spilledThroughMs } = memory;
  if (timestampMs === undefined) return 'ask-pages';
  return spilledThroughMs === undefined || timestampMs > spilledThroughMs ? 'new' : 'ask-pages';
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

/** An event and its id. */
export interface IdentifiedEvent {
  readonly id: EventId;
  readonly event: { readonly timestampMs?: number };
}

/** Remembers events that the swap in flight counts. */
export function remember(memory: DedupMemory, events: readonly IdentifiedEvent[]): DedupMemory {
  let { ringThroughMs } = memory;
  const ring = memory.ring.slice();
  for (const { id, event } of events) {
    ringThroughMs = later(ringThroughMs, event.timestampMs);
    ring.push(id);
  }
  return { ...memory, ring, ...(ringThroughMs === undefined ? {} : { ringThroughMs }) };
}

/** Moves every id of the ring out, to be written to pages BEFORE the swap that stores the result.
 *  Give it only memory as loaded: a page must never claim an id that a failed swap did not count. */
export function spill(memory: DedupMemory): {
  readonly ids: readonly EventId[];
  readonly memory: DedupMemory;
} {
  const spilledThroughMs = later(memory.spilledThroughMs, memory.ringThroughMs);
  return {
    ids: memory.ring,
    memory: { ring: [], hasPages: true, ...(spilledThroughMs === undefined ? {} : { spilledThroughMs }) },
  };
}

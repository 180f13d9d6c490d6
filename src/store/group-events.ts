import type { DataSessionEvent } from '../decode/event.ts';
import { type EventId, eventIdOf } from '../reduce/dedup-memory.ts';
import type { ItemMap } from './item-size.ts';

export interface GroupedEvent {
  readonly event: DataSessionEvent;
  readonly id: EventId;
  /** Place in the batch. */
  readonly index: number;
}

/** A session's events of one batch. */
export interface Group {
  readonly sid: string;
  /** Those whose outcome is open. */
  events: readonly GroupedEvent[];
  /** The item of the last swap tried, to recognise it when its answer was lost. */
  tried?: { readonly item: ItemMap; readonly ids: ReadonlySet<EventId> };
}

/** A session item as read; undefined when there is none. */
export type Loaded = Record<string, unknown> | undefined;

export function groupBySession(
  events: readonly DataSessionEvent[],
  hash16: (text: string) => string,
): Group[] {
  const groups = new Map<string, GroupedEvent[]>();
  for (const [index, event] of events.entries()) {
    const group = groups.get(event.dataSessionSid) ?? [];
    group.push({ event, id: eventIdOf(event.eventSid, hash16), index });
    groups.set(event.dataSessionSid, group);
  }
  return [...groups].map(([sid, grouped]) => ({ sid, events: grouped }));
}

/** Whether the loaded item is the very write that we tried: its answer was lost, its effect was not. */
export function isSameWrite(loaded: Loaded, item: ItemMap): boolean {
  if (loaded === undefined || loaded['updated_at'] !== item['updated_at']) return false;
  const [mine, theirs] = [item['dedup'], loaded['dedup']];
  return mine instanceof Uint8Array && theirs instanceof Uint8Array && Buffer.compare(mine, theirs) === 0;
}

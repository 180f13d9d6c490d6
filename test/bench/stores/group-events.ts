/** Events by session: the obvious designs take one session after the other, and its events in order. */
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { type EventId, eventIdOf } from '../../../src/reduce/dedup-memory.ts';

export interface GroupedEvent {
  readonly event: DataSessionEvent;
  readonly id: EventId;
  /** Place in the batch. */
  readonly index: number;
}

export function groupBySession(
  events: readonly DataSessionEvent[],
  hash16: (text: string) => string,
): readonly { readonly events: readonly GroupedEvent[] }[] {
  const groups = new Map<string, GroupedEvent[]>();
  for (const [index, event] of events.entries()) {
    const group = groups.get(event.dataSessionSid) ?? [];
    group.push({ event, id: eventIdOf(event.eventSid, hash16), index });
    groups.set(event.dataSessionSid, group);
  }
  return [...groups.values()].map((grouped) => ({ events: grouped }));
}

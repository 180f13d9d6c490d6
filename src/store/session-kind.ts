/** Sessions, as `AggregateStore` keeps them. */
import type { DataSessionEvent, PersonalField } from '../decode/event.ts';
import { EMPTY_MEMORY } from '../reduce/dedup-memory.ts';
import { foldHours, NO_USAGE } from '../reduce/hourly-usage.ts';
import type { Stamp } from '../reduce/last-values.ts';
import { emptySession, foldEvent, missingOf } from '../reduce/session.ts';
import { partsOf, type UsagePart } from '../reduce/usage-day.ts';
import type { ItemKind } from './item-kind.ts';
import { sessionEvents } from './packed-event.ts';
import { changeFromItem, sessionChange, sessionItemBytes, sessionToItem } from './session-attributes.ts';
import { sessionFromItem } from './session-item.ts';
import type { StoredSession } from './stored-session.ts';

export interface SessionKindOptions {
  readonly tableName: string;
  readonly keepDays: number;
  readonly personalFields: ReadonlySet<PersonalField>;
  /** Resolves when the parts are counted in their days. Absent: usage by hour and day is not kept. */
  readonly countUsage?: (parts: readonly UsagePart[]) => Promise<unknown>;
}

export function sessionKind({
  tableName,
  keepDays,
  personalFields,
  countUsage,
}: SessionKindOptions): ItemKind<DataSessionEvent, StoredSession> {
  return {
    tableName,
    keepDays,
    name: 'session',
    unreadable: 'session-item-unreadable',
    idOf: (event) => event.dataSessionSid,
    keyOf: (sid) => ({ data_session_sid: sid }),
    pageKeyOf: (sid) => `session#${sid}`,
    empty: (sid) => ({ session: emptySession(sid), memory: EMPTY_MEMORY, version: 0, unknown: {} }),
    read: sessionFromItem,
    fold: (stored, events, version) => {
      let { session } = stored;
      for (const { event } of events) session = foldEvent(session, event, personalFields);
      const { isHandedOn: _, usage, ...rest } = stored;
      // Kept as it is while nobody counts it: it is not lost when counting is switched on again.
      if (!countUsage) return { ...rest, session, ...(usage ? { usage } : {}) };
      return { ...rest, session, usage: foldHours(usage ?? NO_USAGE, events, session, version) };
    },
    toItem: sessionToItem,
    change: sessionChange,
    changeFromItem,
    sizeBytes: sessionItemBytes,
    missingBytes: ({ session }) => missingOf(session),
    indexUnits,
    packing: sessionEvents,
    handOn: (stored) => {
      if (!countUsage || stored.isHandedOn || !stored.usage || stored.usage.closed.length === 0)
        return undefined;
      return countUsage(closedParts(stored)).then(() => ({ ...stored, isHandedOn: true }));
    },
    blocking: ({ session }) =>
      session.hasBeenBlocked
        ? { value: session.values.dataModifier ?? null, stamp: session.stamps.dataModifier as Stamp }
        : undefined,
  };
}

/** An entry of by-sim moves with the start; one of open-by-sim is there until the session ends. */
function indexUnits({ session: before, version }: StoredSession, { session: after }: StoredSession): number {
  const hasMoved = before.startedAtMs !== after.startedAtMs;
  const moves = hasMoved ? Number(before.startedAtMs !== undefined) + 1 : 0;
  const wasOpen = version > 0 && !before.terminal;
  return moves + Number(wasOpen !== !after.terminal);
}

function closedParts({ session, usage = NO_USAGE }: StoredSession): UsagePart[] {
  const { simSid = '', accountSid } = session.values;
  const { closed, closedAtVersion: version } = usage;
  const named = { sid: session.dataSessionSid, simSid, version };
  return partsOf(accountSid === undefined ? named : { ...named, accountSid }, closed);
}

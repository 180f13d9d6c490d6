/** Attributes that keep their last value by event time. Order-free: the greatest (time, rank, value) wins,
 *  whatever the order of arrival, so equal sets of events give equal values. */
import type { DataSessionEvent, EventError, Location, Network } from '../decode/event.ts';

/** When a value was true: event time in ms since 1970, then the verb's place in a session's life. */
export interface Stamp {
  readonly timeMs: number;
  readonly rank: number;
}

export interface LastValues {
  readonly accountSid?: string;
  readonly simSid?: string;
  readonly fleetSid?: string;
  readonly simIccid?: string;
  readonly simUniqueName?: string;
  readonly apn?: string;
  readonly ratType?: string;
  readonly network?: Network;
  /** Null once an event says (by leaving it out) that the SIM is not blocked. */
  readonly dataModifier?: string | null;
  readonly error?: EventError;
  readonly imsi?: string;
  readonly imei?: string;
  readonly ipAddress?: string;
  readonly location?: Location;
}
export type LastValueField = keyof LastValues;

/** Order is part of the stored form (a bit per field): append only. */
export const LAST_VALUE_FIELDS = [
  'accountSid',
  'simSid',
  'fleetSid',
  'simIccid',
  'simUniqueName',
  'apn',
  'ratType',
  'network',
  'dataModifier',
  'error',
  'imsi',
  'imei',
  'ipAddress',
  'location',
] as const satisfies readonly LastValueField[];

/** Fields that identify people and places: kept only when the operator asks for them, field by field. */
export const PERSONAL_FIELDS = ['imsi', 'imei', 'ipAddress', 'location'] as const;
export type PersonalField = (typeof PERSONAL_FIELDS)[number];

export type Stamps = { readonly [F in LastValueField]?: Stamp };

const RANK = { started: 0, updated: 1, failed: 2, ended: 3 } as const;

/** The time an event speaks of, from its `data` alone: copies in other envelopes must fold to the same. */
export const stampOf = (event: DataSessionEvent): Stamp => ({
  timeMs: event.timestampMs ?? event.windowEndMs ?? event.sessionEndMs ?? event.sessionStartMs ?? 0,
  rank: RANK[event.verb],
});

export const compareStamps = (a: Stamp, b: Stamp): number => a.timeMs - b.timeMs || a.rank - b.rank;

/** A total order on values, for two events that speak of the same instant. */
const comparable = (value: LastValues[LastValueField]): string => {
  if (typeof value !== 'object' || value === null) return value ?? '';
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const isLater = (
  stamp: Stamp,
  value: LastValues[LastValueField],
  oldStamp: Stamp | undefined,
  oldValue: LastValues[LastValueField],
): boolean => {
  if (oldStamp === undefined) return true;
  const order = compareStamps(stamp, oldStamp);
  return order > 0 || (order === 0 && comparable(value) > comparable(oldValue));
};

/** Folds one event's descriptive fields. Absent never overwrites, except `dataModifier`: absent means unblocked. */
export function foldLastValues(
  values: LastValues,
  stamps: Stamps,
  event: DataSessionEvent,
  personalFields: ReadonlySet<PersonalField>,
): { values: LastValues; stamps: Stamps } {
  const stamp = stampOf(event);
  const newValues: Record<string, unknown> = { ...values };
  const newStamps: Record<string, Stamp> = { ...stamps };
  for (const field of LAST_VALUE_FIELDS) {
    if ((PERSONAL_FIELDS as readonly string[]).includes(field) && !personalFields.has(field as PersonalField))
      continue;
    const value = field === 'dataModifier' ? (event.dataModifier ?? null) : event[field];
    if (value === undefined || !isLater(stamp, value, stamps[field], values[field])) continue;
    newValues[field] = value;
    newStamps[field] = stamp;
  }
  return { values: newValues, stamps: newStamps };
}

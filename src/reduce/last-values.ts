/** Attributes that keep their last value by event time. Order-free: the greatest (time, rank, value) wins,
 *  whatever the order of arrival, so equal sets of events give equal values. */
import {
  type DataSessionEvent,
  type EventError,
  type Location,
  type Network,
  PERSONAL_FIELDS,
  type PersonalField,
} from '../decode/event.ts';

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

/** The fields that a choice of personal ones leaves. Computed once for each choice: it is asked with every event. */
const FIELDS_OF = new WeakMap<ReadonlySet<PersonalField>, readonly LastValueField[]>();

function fieldsOf(personalFields: ReadonlySet<PersonalField>): readonly LastValueField[] {
  const known = FIELDS_OF.get(personalFields);
  if (known) return known;
  const isLeftOut = (field: LastValueField): boolean =>
    (PERSONAL_FIELDS as readonly string[]).includes(field) && !personalFields.has(field as PersonalField);
  const fields = LAST_VALUE_FIELDS.filter((field) => !isLeftOut(field));
  FIELDS_OF.set(personalFields, fields);
  return fields;
}

/** Equal, also as flat objects. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let count = 0;
  for (const name in x) {
    if (x[name] !== y[name]) return false;
    count += 1;
  }
  for (const _ in y) count -= 1;
  return count === 0;
}

/** Folds one event's descriptive fields into a session's. */
export const foldLastValues = (
  values: LastValues,
  stamps: Stamps,
  event: DataSessionEvent,
  personalFields: ReadonlySet<PersonalField>,
): LastFold => foldFields({ values, stamps }, event, stampOf(event), fieldsOf(personalFields));

/** Values, and when each was true. */
export interface LastFold {
  readonly values: LastValues;
  readonly stamps: Stamps;
}

/** Folds some of an event's fields. Absent never overwrites, except `dataModifier`: absent means unblocked.
 *  A value that says nothing new stays the old one, so that a session in memory keeps no event's texts alive. */
export function foldFields(
  { values, stamps }: LastFold,
  event: Partial<Pick<DataSessionEvent, LastValueField>>,
  stamp: Stamp,
  fields: readonly LastValueField[],
): LastFold {
  let newValues: Record<string, unknown> | undefined;
  const newStamps: Record<string, Stamp> = { ...stamps };
  for (const field of fields) {
    const value = field === 'dataModifier' ? (event.dataModifier ?? null) : event[field];
    if (value === undefined) continue;
    const oldValue = values[field];
    if (!isLater(stamp, value, stamps[field], oldValue)) continue;
    newStamps[field] = stamp;
    if (isSameValue(value, oldValue)) continue;
    newValues ??= { ...values };
    newValues[field] = value;
  }
  return { values: newValues ?? values, stamps: newStamps };
}

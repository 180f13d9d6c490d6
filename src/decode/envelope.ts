/** The CloudEvents envelope around `data`. Twilio and KORE wrap the same `data` differently, so nothing is
 *  asserted here: `source`, `time`, `dataschema` and `specversion` are not even read.
 *  Source: KORE, migrating-to-kore-super-sim-connection-events; Twilio, event-streams quickstart. */
import type { PoisonReason } from './decoded-item.ts';

/** Why an envelope's `data` is no object. Only a connection event is poison for it. */
export type DataDefect = Extract<PoisonReason, 'missing-data' | 'data-not-json' | 'data-not-an-object'>;

/** The properties of `data` that decide what to do with it; everything else is read by its schema. */
export interface RawData {
  readonly event_sid?: unknown;
  readonly event_type?: unknown;
  readonly account_sid?: unknown;
  readonly test_id?: unknown;
}

/** What is read of an envelope. */
export interface Envelope {
  /** Undefined when absent, empty or no string. */
  readonly type: string | undefined;
  /** The event's sid when the vendor puts it there (Twilio); KORE sends a UUID, which is no identity of ours. */
  readonly eventSid: string | undefined;
  readonly data: RawData | DataDefect;
}

const FAMILY = '.supersim.connection.';
const UNPREFIXED = FAMILY.slice(1);

/** A Twilio event sid. Source: twilio-oai twilio_events_v1.json. */
const EVENT_SID = /^EZ[0-9a-fA-F]{32}$/;

/** A JSON object: no array, not null. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What follows `.supersim.connection.` in a type with any prefix: `data-session.updated`.
 *  Undefined when the type is of another family. */
export function connectionSuffix(type: unknown): string | undefined {
  if (typeof type !== 'string') return undefined;
  const at = type.lastIndexOf(FAMILY);
  if (at >= 0) return type.slice(at + FAMILY.length);
  return type.startsWith(UNPREFIXED) ? type.slice(UNPREFIXED.length) : undefined;
}

/** `data` as an object: Twilio's quickstart shows the JSON text of one, its real events the object itself. */
function readData(data: unknown): RawData | DataDefect {
  if (data === undefined || data === null) return 'missing-data';
  if (typeof data !== 'string') return isObject(data) ? data : 'data-not-an-object';
  try {
    const parsed: unknown = JSON.parse(data);
    return isObject(parsed) ? parsed : 'data-not-an-object';
  } catch {
    return 'data-not-json'; // the error quotes its input: dropped
  }
}

/** Reads an envelope; whatever is odd in it is left for the caller to judge. */
export function readEnvelope(element: object): Envelope {
  const { type, id, data: given } = element as { type?: unknown; id?: unknown; data?: unknown };
  const data = readData(given);
  // Nearly always the sid that `data` carries too.
  const isRepeated = typeof data === 'object' && id === data.event_sid && id !== '';
  return {
    type: typeof type === 'string' && type !== '' ? type : undefined,
    eventSid: typeof id === 'string' && (isRepeated || EVENT_SID.test(id)) ? id : undefined,
    data,
  };
}

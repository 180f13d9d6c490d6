/** What becomes of each thing found in a Kinesis record: an event, something to pass over, or poison. */
import type { ConnectionEvent, SimEvent } from './event.ts';

/** Why something can never be decoded. Codes are kept in dead letters and metrics: never reuse one. */
export const POISON_REASONS = [
  /** No bytes, or only white space. */
  'empty-record',
  /** More bytes than `recordMaxBytes`; not looked into. */
  'too-large',
  /** Not valid UTF-8. */
  'not-utf8',
  /** Not JSON, or cut short. */
  'not-json',
  /** JSON, but the record or the array's element is no object. */
  'not-an-object',
  /** A JSON array without elements. */
  'empty-array',
  /** A JSON array of more than `ARRAY_ELEMENTS_MAX` elements, or more than `RecordBudget` has left; none is
   *  decoded. */
  'too-many-elements',
  /** Starts like gzip and is not, or is cut short. */
  'gzip-corrupt',
  /** Unzips to more than `unzippedMaxBytes`, or than `RecordBudget` has left. */
  'gzip-too-large',
  /** Starts like a KPL aggregate, but its MD5 does not match: damaged or cut short. */
  'kpl-checksum',
  /** A KPL aggregate whose body breaks off; the user records before the break are decoded. */
  'kpl-malformed',
  /** A KPL aggregate without user records. */
  'kpl-empty',
  /** Neither the envelope nor `data` names a type. */
  'missing-type',
  /** A connection event without `data`. */
  'missing-data',
  /** `data` is a string that is not JSON. */
  'data-not-json',
  /** `data` is neither an object nor the JSON text of one. */
  'data-not-an-object',
  /** A type of the family `.supersim.connection.` that we do not know: new, not corrupt. */
  'unknown-verb',
  /** No `event_sid`, and an envelope `id` of another form. */
  'missing-event-sid',
  /** No `account_sid`. */
  'missing-account-sid',
  /** No `sim_sid`. */
  'missing-sim-sid',
  /** Usage that belongs to no session: started, updated or ended, or bytes, without `data_session_sid`. */
  'missing-session-sid',
  /** A known field of the wrong type, too long, or out of its range. */
  'invalid-field',
  /** A time that is not ISO 8601 with a zone, or a day or hour that does not exist. */
  'invalid-timestamp',
  /** A time before 2015, or more than a day after the record's arrival. */
  'timestamp-out-of-range',
  /** A byte counter that is negative, a fraction, not a number, or above `BYTE_COUNTER_MAX`. */
  'invalid-bytes',
  /** A byte counter sent as a JSON number above 2^53 - 1: its exact value is lost. */
  'unsafe-integer',
  /** Bytes were used, but not in which direction. */
  'bytes-without-direction',
  /** The decoder itself failed: a bug here. */
  'undecodable',
] as const;
export type PoisonReason = (typeof POISON_REASONS)[number];

/** Why something sound is not metered. */
export const IGNORED_REASONS = [
  /** An attachment event, where no SIM's state is kept: carries no usage. */
  'attachment',
  /** A sink's test event, of either vendor. */
  'test-event',
  /** An event of another product that shares the stream. */
  'other-type',
  /** A session that never came to be, where no SIM's state is kept: failed, without sid and without bytes. */
  'session-failed-without-sid',
  /** An account that is not in the allow-list. */
  'account-not-allowed',
  /** An event of a SIM that was erased. */
  'sim-erased',
] as const;
export type IgnoredReason = (typeof IGNORED_REASONS)[number];

/** Why something is poison. `field` is a documented name inside `data`, like `network.mcc`: never a sender's
 *  own key, never a value. */
export interface Poison {
  readonly kind: 'poison';
  readonly reason: PoisonReason;
  readonly field?: string;
}

/** What one JSON element turned out to be. */
export type Outcome =
  | { readonly kind: 'event'; readonly event: ConnectionEvent }
  | {
      readonly kind: 'ignored';
      readonly reason: IgnoredReason;
      /** Of a test event: what the operator needs to validate the sink. */
      readonly testId?: string;
      readonly event?: SimEvent;
    }
  | Poison;

/** An outcome with its place in the Kinesis record; poison with the user record's bytes, as they came. */
export type DecodedItem = { readonly index: number } & (
  | Exclude<Outcome, Poison>
  | (Poison & { readonly raw: Uint8Array })
);

/** Poison without an absent `field`. */
export const poison = (reason: PoisonReason, field?: string): Poison =>
  field === undefined ? { kind: 'poison', reason } : { kind: 'poison', reason, field };

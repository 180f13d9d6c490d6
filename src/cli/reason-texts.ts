/** What the reasons of dead letters mean to people. docs/repair.md has the same words. */
import type { PoisonReason } from '../decode/decoded-item.ts';
import type { SessionStoreRefusal } from '../store/session-store.ts';

type Reason = PoisonReason | SessionStoreRefusal | 'gap';

export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  'empty-record': 'no bytes, or only white space',
  'too-large': 'more bytes than SUPERSIM_RECORD_MAX_BYTES: raise it, then redrive',
  'not-utf8': 'no text: something else writes to the stream, or the record is damaged',
  'not-json': 'no JSON, or cut short: something else writes to the stream',
  'not-an-object': 'JSON, but no object',
  'empty-array': 'a JSON array without elements',
  'too-many-elements': 'an array of more than 10,000 elements',
  'gzip-corrupt': 'starts like gzip and is not, or is cut short',
  'gzip-too-large': 'unzips to more than SUPERSIM_UNZIPPED_MAX_BYTES: raise it, then redrive',
  'kpl-checksum': 'a KPL aggregate whose MD5 does not match: damaged',
  'kpl-malformed': 'a KPL aggregate that breaks off; what came before is counted',
  'kpl-empty': 'a KPL aggregate without user records',
  'missing-type': 'neither the envelope nor data names a type',
  'missing-data': 'a connection event without data',
  'data-not-json': 'data is a text that is not JSON',
  'data-not-an-object': 'data is neither an object nor the JSON of one',
  'unknown-verb': 'a new type of connection event: update, then redrive',
  'missing-event-sid': 'no event_sid, by which events are told apart',
  'missing-account-sid': 'no account_sid',
  'missing-sim-sid': 'no sim_sid',
  'missing-session-sid': 'usage that belongs to no session',
  'invalid-field': 'a known field of the wrong type, too long or out of range',
  'invalid-timestamp': 'a time that is not ISO 8601 with a zone, or does not exist',
  'timestamp-out-of-range': 'a time before 2015, or over a day after the record arrived',
  'invalid-bytes': 'a byte counter that is negative, a fraction or no number',
  'unsafe-integer': 'a byte counter above 2^53 as a JSON number: its exact value is lost',
  'bytes-without-direction': 'bytes were used, but not in which direction',
  undecodable: 'the decoder failed: a bug, report it',
  'refused-by-store': 'DynamoDB refuses the item that it would make',
  'session-item-unreadable': 'its session’s item is damaged or newer: restore it, then redrive',
  'sim-item-unreadable': 'its SIM’s item is damaged or newer: restore it, then redrive',
  'usage-item-unreadable': 'its usage item is damaged or newer: restore it, then redrive',
  gap: 'no record: retention took records before they were read',
};

/** For those of another version too. */
export const reasonText = (reason: string): string =>
  Object.hasOwn(REASON_TEXTS, reason) ? REASON_TEXTS[reason as Reason] : 'not known to this version';

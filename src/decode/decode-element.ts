/** One JSON object of a record: what it is, and, for a connection event, the event. */

import { connectionType, toConnectionEvent } from './connection-event.ts';
import { type Outcome, poison } from './decoded-item.ts';
import { connectionSuffix, type Envelope, isObject, readEnvelope } from './envelope.ts';
import type { PersonalField } from './event.ts';
import { parseConnectionData } from './plain-data.ts';

/** What decides about an element besides itself. */
export interface ElementContext {
  /** The Kinesis record's arrival. Unit: ms since 1970. */
  readonly arrivedAtMs: number;
  /** Accounts to meter; undefined is all. */
  readonly accountSids: ReadonlySet<string> | undefined;
  /** Those to keep. */
  readonly personalFields: ReadonlySet<PersonalField>;
  /** Whether events that say something only of a SIM are events, not ignored. */
  readonly keepsSims: boolean;
}

/** Source: Twilio, event-streams quickstart; KORE, developers/event-streams/events. */
const TEST_TYPES = new Set(['com.twilio.eventstreams.test-event', 'com.kore.eventstreams.test.event']);

/** A `test_id` that may go to the log: a UUID, as both vendors send it. Nothing else of a record is ever logged, and
 *  what only looks harmless could be an IMSI or a SIM's name under that key. */
const TEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A test event is never poison: its `data` may be anything. */
function testEvent({ data }: Envelope): Outcome {
  const testId = typeof data === 'object' ? data.test_id : undefined;
  const isLoggable = typeof testId === 'string' && TEST_ID.test(testId);
  return { kind: 'ignored', reason: 'test-event', ...(isLoggable ? { testId } : {}) };
}

/** Decodes one element of a record. The type is `data.event_type` where it names the family, else the
 *  envelope's: `data` is the same in every copy of an event, the envelope is not. */
export function decodeElement(element: unknown, context: ElementContext): Outcome {
  if (!isObject(element)) return poison('not-an-object');
  const envelope = readEnvelope(element);
  const { type, data } = envelope;
  if (type !== undefined && TEST_TYPES.has(type)) return testEvent(envelope);
  const envelopeSuffix = connectionSuffix(type);
  const dataSuffix = typeof data === 'object' ? connectionSuffix(data.event_type) : undefined;
  const suffix = dataSuffix ?? envelopeSuffix;
  if (suffix === undefined)
    return type === undefined ? poison('missing-type') : { kind: 'ignored', reason: 'other-type' };
  if (typeof data === 'string') return poison(data);
  if (isOtherAccount(data.account_sid, context.accountSids))
    return { kind: 'ignored', reason: 'account-not-allowed' };
  const known = connectionType(suffix);
  if (known === undefined) return poison('unknown-verb');
  const parsed = parseConnectionData(data);
  if (parsed.kind === 'poison') return parsed;
  const isTypeMismatch =
    dataSuffix !== undefined && envelopeSuffix !== undefined && dataSuffix !== envelopeSuffix;
  return toConnectionEvent(known, parsed.data, envelope, context, isTypeMismatch);
}

/** Asked before the schema: broken events of other accounts are none of ours either. */
const isOtherAccount = (accountSid: unknown, allowed: ReadonlySet<string> | undefined): boolean =>
  allowed !== undefined && typeof accountSid === 'string' && accountSid !== '' && !allowed.has(accountSid);

/** A session's event while it waits: what its session's other events say too is kept once for all of them, and the rest
 *  as one short text, which the garbage collector need not look into. A quarter of the memory of its objects.
 *
 *    one character for each byte: verb u8 · fields u16 · [event sid: 16 bytes, or text] · times by field, time48 ·
 *                                 bytes by field, varint */
import type { DataSessionEvent } from '../decode/event.ts';
import { isSameValue } from '../reduce/last-values.ts';
import type { EventPacking, PackedEvent } from './item-kind.ts';
import { PackedReader, PackedWriter } from './packed-bytes.ts';

const VERBS = ['started', 'updated', 'ended', 'failed'] as const satisfies DataSessionEvent['verb'][];
const TIMES = [
  'timestampMs',
  'sessionStartMs',
  'sessionEndMs',
  'windowStartMs',
  'windowEndMs',
] as const satisfies (keyof DataSessionEvent)[];
const COUNTERS = [
  'downloadBytes',
  'uploadBytes',
  'sessionDownloadBytes',
  'sessionUploadBytes',
] as const satisfies (keyof DataSessionEvent)[];

const FIELDS = [...TIMES, ...COUNTERS];
type Field = (typeof FIELDS)[number];

type Own = 'kind' | 'verb' | 'eventSid' | 'dataSessionSid' | Field;
/** What a session's events mostly have in common. */
type Common = Omit<DataSessionEvent, Own>;

/** Where the sid is written as the 16 bytes that it stands for. */
const PLAIN_SID = 1 << 15;
const PLAIN_SID_PATTERN = /^EZ[0-9a-f]{32}$/;
/** Half a pair: not the same after UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const SID_BYTES = 16;
const TIME_MAX_MS = 2 ** 48 - 1;
/** Without a sid that is not plain: of counters below 2^70. */
const OWN_MAX_BYTES = 3 + SID_BYTES + 6 * TIMES.length + 10 * COUNTERS.length;
const COUNTER_MAX = 2n ** 64n;

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function commonOf(event: DataSessionEvent): Common {
  const common: Draft<Common> = {
    accountSid: event.accountSid,
    simSid: event.simSid,
    anomalies: event.anomalies,
  };
  if (event.fleetSid !== undefined) common.fleetSid = event.fleetSid;
  if (event.simIccid !== undefined) common.simIccid = event.simIccid;
  if (event.simUniqueName !== undefined) common.simUniqueName = event.simUniqueName;
  if (event.apn !== undefined) common.apn = event.apn;
  if (event.ratType !== undefined) common.ratType = event.ratType;
  if (event.dataModifier !== undefined) common.dataModifier = event.dataModifier;
  if (event.network !== undefined) common.network = event.network;
  if (event.error !== undefined) common.error = event.error;
  if (event.imsi !== undefined) common.imsi = event.imsi;
  if (event.imei !== undefined) common.imei = event.imei;
  if (event.ipAddress !== undefined) common.ipAddress = event.ipAddress;
  if (event.location !== undefined) common.location = event.location;
  if (event.imsiTag !== undefined) common.imsiTag = event.imsiTag;
  return common;
}

const isSame = (common: Common, event: DataSessionEvent): boolean =>
  common.simSid === event.simSid &&
  common.accountSid === event.accountSid &&
  common.anomalies === event.anomalies &&
  common.fleetSid === event.fleetSid &&
  common.simIccid === event.simIccid &&
  common.simUniqueName === event.simUniqueName &&
  common.apn === event.apn &&
  common.ratType === event.ratType &&
  common.dataModifier === event.dataModifier &&
  isSameValue(common.network, event.network) &&
  isSameValue(common.error, event.error) &&
  common.imsi === event.imsi &&
  common.imei === event.imei &&
  common.ipAddress === event.ipAddress &&
  isSameValue(common.location, event.location) &&
  common.imsiTag === event.imsiTag;

const isTime = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= TIME_MAX_MS;

function ownOf(event: DataSessionEvent): string | undefined {
  const isPlain = PLAIN_SID_PATTERN.test(event.eventSid);
  if (!isPlain && LONE_SURROGATE.test(event.eventSid)) return undefined;
  const writer = new PackedWriter(OWN_MAX_BYTES + (isPlain ? 0 : 3 * event.eventSid.length + 3));
  let fields = isPlain ? PLAIN_SID : 0;
  for (let at = 0; at < FIELDS.length; at += 1)
    if (event[FIELDS[at] as Field] !== undefined) fields |= 1 << at;
  writer.uint8(VERBS.indexOf(event.verb));
  writer.uint16(fields);
  if (isPlain) writer.hex(event.eventSid.slice(2));
  else writer.text(event.eventSid);
  for (const field of TIMES) {
    const value = event[field];
    if (value === undefined) continue;
    if (!isTime(value)) return undefined;
    writer.time48(value);
  }
  for (const field of COUNTERS) {
    const value = event[field];
    if (value === undefined) continue;
    if (value < 0n || value > COUNTER_MAX) return undefined;
    writer.varint(value);
  }
  return writer.finishText();
}

function unpack({ own, common }: PackedEvent<Common>, dataSessionSid: string): DataSessionEvent {
  const reader = new PackedReader(Buffer.from(own, 'latin1'));
  const verb = VERBS[reader.uint8()] as DataSessionEvent['verb'];
  const fields = reader.uint16();
  const eventSid = fields & PLAIN_SID ? `EZ${reader.hex(SID_BYTES)}` : (reader.text() as string);
  const event: Draft<DataSessionEvent> = { ...common, kind: 'data-session', verb, eventSid, dataSessionSid };
  for (let at = 0; at < TIMES.length; at += 1)
    if (fields & (1 << at)) event[TIMES[at] as (typeof TIMES)[number]] = reader.time48();
  for (let at = 0; at < COUNTERS.length; at += 1)
    if (fields & (1 << (TIMES.length + at)))
      event[COUNTERS[at] as (typeof COUNTERS)[number]] = reader.varint();
  return event;
}

export const sessionEvents: EventPacking<DataSessionEvent, Common> = {
  pack: (event, like) => {
    const own = ownOf(event);
    if (own === undefined) return undefined;
    return { own, common: like && isSame(like.common, event) ? like.common : commonOf(event) };
  },
  unpack,
};

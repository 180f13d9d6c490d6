/** The session item's attributes, each with how it is made of a session: the only place, beside `session-item.ts`
 *  which reads them, that knows their names. See README, "The session item". */

import { lineOf } from '../reduce/hourly-usage.ts';
import type { LastValues } from '../reduce/last-values.ts';
import { isSameValue } from '../reduce/last-values.ts';
import { type SessionAggregate, type SessionUsage, usageOf } from '../reduce/session.ts';
import { toIso } from '../time.ts';
import type { WriteStamp } from './item-kind.ts';
import { type Draft, errorItem, locationItem, networkItem } from './item-parts.ts';
import { type ItemMap, type ItemValue, itemSizeBytes, valueBytes } from './item-size.ts';
import type { ItemChange, ReadItem } from './item-writer.ts';
import { packPrivateState } from './private-state.ts';
import type { StoredSession } from './stored-session.ts';

export const SESSION_SCHEMA_VERSION = 1;

export const TEXT_ATTRIBUTES = {
  account_sid: 'accountSid',
  sim_sid: 'simSid',
  fleet_sid: 'fleetSid',
  sim_iccid: 'simIccid',
  sim_unique_name: 'simUniqueName',
  apn: 'apn',
  rat_type: 'ratType',
  data_modifier: 'dataModifier',
  imsi: 'imsi',
  imei: 'imei',
  ip_address: 'ipAddress',
} as const satisfies Record<string, keyof LastValues>;

type Get<T> = (session: SessionAggregate, usage: SessionUsage) => T | undefined | null;

/** One attribute whose value says all that a reader sees of something in the session. */
interface Attribute {
  readonly name: string;
  /** What it is made of: equal parts make equal attributes. */
  readonly partOf: Get<unknown>;
  /** Of a part that is there. */
  readonly make: (part: never) => ItemValue;
}

const asIs = <T extends ItemValue>(value: T): T => value;
const attribute = <T>(name: string, partOf: Get<T>, make: (part: T) => ItemValue): Attribute => ({
  name,
  partOf,
  make,
});

const ATTRIBUTES: readonly Attribute[] = [
  ...Object.entries(TEXT_ATTRIBUTES).map(([name, field]) =>
    attribute(name, ({ values }) => values[field], asIs<string>),
  ),
  attribute('network', ({ values }) => values.network, networkItem),
  attribute('error', ({ values }) => values.error, errorItem),
  attribute('location', ({ values }) => values.location, locationItem),
  attribute('status', ({ terminal }) => terminal?.status ?? 'open', asIs<string>),
  // Only of open sessions, for an index that holds only those: short, for it is in each write.
  attribute('is_open', ({ terminal }) => (terminal ? undefined : '1'), asIs<string>),
  attribute('started_at', ({ startedAtMs }) => startedAtMs, toIso),
  attribute('ended_at', ({ terminal }) => terminal?.endedAtMs, toIso),
  attribute('usage_through', ({ usageThroughMs }) => usageThroughMs, toIso),
  attribute('download_bytes', (_, { downloadBytes }) => downloadBytes, asIs<bigint>),
  attribute('upload_bytes', (_, { uploadBytes }) => uploadBytes, asIs<bigint>),
  attribute('total_bytes', (_, { totalBytes }) => totalBytes, asIs<bigint>),
  attribute('counted_download_bytes', ({ download }) => download.counted, asIs<bigint>),
  attribute('counted_upload_bytes', ({ upload }) => upload.counted, asIs<bigint>),
  attribute('missing_bytes', (_, { missingBytes }) => missingBytes, asIs<bigint>),
  attribute('event_count', ({ eventCount }) => eventCount, asIs<number>),
  attribute('update_count', ({ updateCount }) => updateCount, asIs<number>),
];

/** Those that every write has anew. */
const ALWAYS = ['version', 'updated_at', 'dedup'] as const;
/** DynamoDB's TTL attribute; absent when sessions are kept for ever. */
const EXPIRY = 'expires_at';

export const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'data_session_sid',
  'schema_version',
  ...ALWAYS,
  EXPIRY,
  ...ATTRIBUTES.map(({ name }) => name),
]);

const ISO_BYTES = 24;
/** Of what each item has: names, a time, and the schema's version. */
const ALWAYS_BYTES =
  [...ALWAYS, 'data_session_sid', 'schema_version'].join('').length +
  ISO_BYTES +
  valueBytes(SESSION_SCHEMA_VERSION);

function setAlways(item: Draft, { session, memory, version, usage }: StoredSession, stamp: WriteStamp): void {
  item['version'] = version;
  item['updated_at'] = toIso(stamp.updatedAtMs);
  if (stamp.expiresAtSeconds !== undefined) item[EXPIRY] = stamp.expiresAtSeconds;
  const { stamps, isSeenFromStart, download, upload, terminal, hasBeenBlocked } = session;
  item['dedup'] = packPrivateState(
    {
      memory,
      stamps,
      isSeenFromStart,
      download,
      upload,
      ...(terminal ? { terminalStamp: terminal.stamp } : {}),
      ...(stamp.writer === undefined ? {} : { writer: stamp.writer }),
      ...(hasBeenBlocked ? { hasBeenBlocked } : {}),
      ...(usage ? { usage } : {}),
    },
    lineOf(session.values),
  );
}

/** The whole item. */
export function sessionToItem(stored: StoredSession, stamp: WriteStamp): ItemMap {
  const { session, unknown } = stored;
  const usage = usageOf(session);
  const item: Draft = { ...unknown, data_session_sid: session.dataSessionSid };
  for (const { name, partOf, make } of ATTRIBUTES) {
    const part = partOf(session, usage);
    if (part !== undefined && part !== null) item[name] = make(part as never);
  }
  setAlways(item, stored, stamp);
  item['schema_version'] = SESSION_SCHEMA_VERSION;
  return item;
}

const NONE: readonly string[] = [];

/** From one state of a session, as this program wrote it, to a later one. */
export function sessionChange(before: StoredSession, after: StoredSession, stamp: WriteStamp): ItemChange {
  const [usageBefore, usageAfter] = [usageOf(before.session), usageOf(after.session)];
  const set: Draft = {};
  let remove = NONE;
  for (const { name, partOf, make } of ATTRIBUTES) {
    const [old, part] = [partOf(before.session, usageBefore), partOf(after.session, usageAfter)];
    if (isSameValue(old, part)) continue;
    if (part !== undefined && part !== null) set[name] = make(part as never);
    else if (old !== undefined && old !== null) remove = [...remove, name];
  }
  setAlways(set, after, stamp);
  return { set, remove };
}

/** From an item, whoever wrote it, to a session: all that we know is set, so whatever was there is as we write it. */
export function changeFromItem(item: ReadItem, after: StoredSession, stamp: WriteStamp): ItemChange {
  const { data_session_sid: _, ...set } = sessionToItem({ ...after, unknown: {} }, stamp);
  const isGone = (name: string): boolean => !(name in set) && name !== 'data_session_sid';
  return { set, remove: Object.keys(item).filter((name) => KNOWN_ATTRIBUTES.has(name) && isGone(name)) };
}

/** The size of the whole item, without making it. `dedup`: as packed. Unit: bytes. */
export function sessionItemBytes(
  { session, unknown, version }: StoredSession,
  dedup: Uint8Array,
  { expiresAtSeconds }: Pick<WriteStamp, 'expiresAtSeconds'> = {},
): number {
  const usage = usageOf(session);
  let bytes = itemSizeBytes(unknown) + ALWAYS_BYTES + dedup.length + valueBytes(version);
  bytes += valueBytes(session.dataSessionSid);
  if (expiresAtSeconds !== undefined) bytes += EXPIRY.length + valueBytes(expiresAtSeconds);
  for (const { name, partOf, make } of ATTRIBUTES) {
    const part = partOf(session, usage);
    if (part !== undefined && part !== null)
      bytes += name.length + (make === toIso ? ISO_BYTES : valueBytes(make(part as never)));
  }
  return bytes;
}

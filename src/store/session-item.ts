/** Session item ↔ domain: the only place that knows the item's attribute names. See README, "The session item". */
import type { EventError, Location, Network } from '../decode/event.ts';
import type { DedupMemory } from '../reduce/dedup-memory.ts';
import type { LastValues } from '../reduce/last-values.ts';
import { type Direction, type SessionAggregate, type Terminal, usageOf } from '../reduce/session.ts';
import { fromIso, toIso } from '../time.ts';
import { type Draft, errorItem, locationItem, networkItem, set } from './item-parts.ts';
import type { ItemMap } from './item-size.ts';
import {
  type DirectionCounters,
  type PrivateState,
  packPrivateState,
  unpackPrivateState,
} from './private-state.ts';

export const SESSION_SCHEMA_VERSION = 1;

/** A session as loaded: the aggregate, its dedup memory, the version to compare with when writing back, and
 *  attributes that we don't know, which are written back as they are. */
export interface StoredSession {
  readonly session: SessionAggregate;
  readonly memory: DedupMemory;
  readonly version: number;
  readonly unknown: ItemMap;
}

const TEXT_ATTRIBUTES = {
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

const KNOWN_ATTRIBUTES = new Set([
  ...Object.keys(TEXT_ATTRIBUTES),
  ...[
    'data_session_sid',
    'network',
    'error',
    'location',
    'status',
    'started_at',
    'ended_at',
    'usage_through',
  ],
  ...['download_bytes', 'upload_bytes', 'total_bytes', 'counted_download_bytes', 'counted_upload_bytes'],
  ...['missing_bytes', 'event_count', 'update_count', 'version', 'updated_at', 'dedup', 'schema_version'],
]);

const TEXT_NAMES = Object.entries(TEXT_ATTRIBUTES);

function setValues(item: Draft, values: LastValues): void {
  for (const [name, field] of TEXT_NAMES) set(item, name, values[field]);
  set(item, 'network', values.network && networkItem(values.network));
  set(item, 'error', values.error && errorItem(values.error));
  set(item, 'location', values.location && locationItem(values.location));
}

const optionalIso = (epochMs: number | undefined): string | undefined =>
  epochMs === undefined ? undefined : toIso(epochMs);

const counters = ({ cumulative, before }: Direction): DirectionCounters => ({
  ...(cumulative === undefined ? {} : { cumulative }),
  ...(before === undefined ? {} : { before }),
});

const privateStateOf = (session: SessionAggregate, memory: DedupMemory, writer?: number): PrivateState => ({
  memory,
  ...(writer === undefined ? {} : { writer }),
  stamps: session.stamps,
  ...(session.terminal === undefined ? {} : { terminalStamp: session.terminal.stamp }),
  isSeenFromStart: session.isSeenFromStart,
  download: counters(session.download),
  upload: counters(session.upload),
});

/** `writer`: a number of this process, by which it knows its own write again. */
export function sessionToItem(stored: StoredSession, updatedAtMs: number, writer?: number): ItemMap {
  const { session } = stored;
  const usage = usageOf(session);
  const item: Draft = { ...stored.unknown, data_session_sid: session.dataSessionSid };
  setValues(item, session.values);
  item['status'] = session.terminal?.status ?? 'open';
  set(item, 'started_at', optionalIso(session.startedAtMs));
  set(item, 'ended_at', optionalIso(session.terminal?.endedAtMs));
  set(item, 'usage_through', optionalIso(session.usageThroughMs));
  item['download_bytes'] = usage.downloadBytes;
  item['upload_bytes'] = usage.uploadBytes;
  item['total_bytes'] = usage.totalBytes;
  item['counted_download_bytes'] = session.download.counted;
  item['counted_upload_bytes'] = session.upload.counted;
  item['missing_bytes'] = usage.missingBytes;
  item['event_count'] = session.eventCount;
  item['update_count'] = session.updateCount;
  item['version'] = stored.version;
  item['updated_at'] = toIso(updatedAtMs);
  item['dedup'] = packPrivateState(privateStateOf(session, stored.memory, writer));
  item['schema_version'] = SESSION_SCHEMA_VERSION;
  return item;
}

type Attributes = Record<string, unknown>;

/** Numbers arrive as number, bigint or lib-dynamodb's wrapped text, by client setting: all are read exactly. */
function integer(attributes: Attributes, name: string): bigint {
  const value = attributes[name];
  const wrapped = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  if (typeof wrapped !== 'number' && typeof wrapped !== 'bigint' && typeof wrapped !== 'string')
    throw new RangeError(`attribute ${name} is not a number`);
  return BigInt(wrapped);
}

function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new RangeError(`attribute ${name} is not a string`);
}

function instant(attributes: Attributes, name: string): number | undefined {
  const iso = text(attributes, name);
  if (iso === undefined) return undefined;
  const epochMs = fromIso(iso);
  if (Number.isNaN(epochMs)) throw new RangeError(`attribute ${name} is not a time`);
  return epochMs;
}

const map = (attributes: Attributes, name: string): Attributes | undefined =>
  attributes[name] as Attributes | undefined;

const present = <T extends object>(value: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;

function readNetwork(item: Attributes): Network {
  return present<Network>({
    mcc: text(item, 'mcc') as string,
    mnc: text(item, 'mnc') as string,
    name: text(item, 'name') as string,
    isoCountry: text(item, 'iso_country') as string,
    sid: text(item, 'sid') as string,
  });
}

function readLocation(item: Attributes): Location {
  const degrees = (name: string): number | undefined => {
    const value = text(item, name);
    return value === undefined ? undefined : Number(value);
  };
  return present<Location>({
    cellId: text(item, 'cell_id') as string,
    lac: text(item, 'lac') as string,
    lat: degrees('lat') as number,
    lon: degrees('lon') as number,
  });
}

function readValues(attributes: Attributes, state: PrivateState): LastValues {
  const network = map(attributes, 'network');
  const error = map(attributes, 'error');
  const location = map(attributes, 'location');
  return present<LastValues>({
    ...Object.fromEntries(
      Object.entries(TEXT_ATTRIBUTES).map(([name, field]) => [field, text(attributes, name)]),
    ),
    // Known to be unblocked is stored as a stamp without an attribute.
    dataModifier: text(attributes, 'data_modifier') ?? (state.stamps.dataModifier ? null : undefined),
    network: network && readNetwork(network),
    error:
      error &&
      present<EventError>({
        code: (error['code'] === undefined ? undefined : Number(integer(error, 'code'))) as number,
        message: text(error, 'message') as string,
      }),
    location: location && readLocation(location),
  } as LastValues);
}

function readTerminal(attributes: Attributes, state: PrivateState): Terminal | undefined {
  const status = text(attributes, 'status');
  if (state.terminalStamp === undefined || (status !== 'ended' && status !== 'failed')) return undefined;
  const endedAtMs = instant(attributes, 'ended_at');
  return { status, stamp: state.terminalStamp, ...(endedAtMs === undefined ? {} : { endedAtMs }) };
}

/** @throws RangeError when the item was not written by this program or is damaged. */
export function sessionFromItem(attributes: Attributes): StoredSession {
  const dedup = attributes['dedup'];
  const dataSessionSid = text(attributes, 'data_session_sid');
  if (!(dedup instanceof Uint8Array) || dataSessionSid === undefined)
    throw new RangeError('not a session item of this program');
  const state = unpackPrivateState(dedup);
  const terminal = readTerminal(attributes, state);
  const startedAtMs = instant(attributes, 'started_at');
  const usageThroughMs = instant(attributes, 'usage_through');
  return {
    session: {
      dataSessionSid,
      values: readValues(attributes, state),
      stamps: state.stamps,
      ...(terminal === undefined ? {} : { terminal }),
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
      ...(usageThroughMs === undefined ? {} : { usageThroughMs }),
      download: { counted: integer(attributes, 'counted_download_bytes'), ...state.download },
      upload: { counted: integer(attributes, 'counted_upload_bytes'), ...state.upload },
      isSeenFromStart: state.isSeenFromStart,
      eventCount: Number(integer(attributes, 'event_count')),
      updateCount: Number(integer(attributes, 'update_count')),
    },
    memory: state.memory,
    version: Number(integer(attributes, 'version')),
    unknown: Object.fromEntries(
      Object.entries(attributes).filter(([name]) => !KNOWN_ATTRIBUTES.has(name)),
    ) as ItemMap,
  };
}

/** Session item → domain. The way back is `session-attributes.ts`. */
import type { EventError, Location, Network } from '../decode/event.ts';
import type { LastValues } from '../reduce/last-values.ts';
import type { Terminal } from '../reduce/session.ts';
import { fromIso } from '../time.ts';
import type { ItemMap } from './item-size.ts';
import { type PrivateState, unpackPrivateState } from './private-state.ts';
import { KNOWN_ATTRIBUTES, TEXT_ATTRIBUTES } from './session-attributes.ts';
import type { StoredSession } from './stored-session.ts';

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

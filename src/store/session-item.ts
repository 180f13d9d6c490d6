/** Session item → domain. The way back is `session-attributes.ts`. */
import type { EventError, Location, Network } from '../decode/event.ts';
import { lineOf, type UsageLine } from '../reduce/hourly-usage.ts';
import type { LastValues } from '../reduce/last-values.ts';
import type { Terminal } from '../reduce/session.ts';
import { type Attributes, instant, integer, map, text, unknownOf } from './item-attributes.ts';
import { type PrivateState, unpackPrivateState } from './private-state.ts';
import { KNOWN_ATTRIBUTES, TEXT_ATTRIBUTES } from './session-attributes.ts';
import type { StoredSession } from './stored-session.ts';

const present = <T extends object>(value: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;

export function readNetwork(item: Attributes): Network {
  return present<Network>({
    mcc: text(item, 'mcc') as string,
    mnc: text(item, 'mnc') as string,
    name: text(item, 'name') as string,
    isoCountry: text(item, 'iso_country') as string,
    sid: text(item, 'sid') as string,
  });
}

/** What `errorItem` made. */
export function readError(item: Attributes | undefined): EventError | undefined {
  return (
    item &&
    present<EventError>({
      code: (item['code'] === undefined ? undefined : Number(integer(item, 'code'))) as number,
      message: text(item, 'message') as string,
    })
  );
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
    error: readError(error),
    location: location && readLocation(location),
  } as LastValues);
}

function readTerminal(attributes: Attributes, state: PrivateState): Terminal | undefined {
  const status = text(attributes, 'status');
  if (state.terminalStamp === undefined || (status !== 'ended' && status !== 'failed')) return undefined;
  const endedAtMs = instant(attributes, 'ended_at');
  return { status, stamp: state.terminalStamp, ...(endedAtMs === undefined ? {} : { endedAtMs }) };
}

/** What the item says of the line in which the session was last. */
function itemLine(attributes: Attributes): UsageLine {
  const network = map(attributes, 'network');
  const [fleetSid, apn] = [text(attributes, 'fleet_sid'), text(attributes, 'apn')];
  return lineOf({
    ...(fleetSid === undefined ? {} : { fleetSid }),
    ...(apn === undefined ? {} : { apn }),
    ...(network === undefined ? {} : { network: readNetwork(network) }),
  });
}

/** @throws RangeError when the item was not written by this program or is damaged. */
export function sessionFromItem(attributes: Attributes): StoredSession {
  const dedup = attributes['dedup'];
  const dataSessionSid = text(attributes, 'data_session_sid');
  if (!(dedup instanceof Uint8Array) || dataSessionSid === undefined)
    throw new RangeError('not a session item of this program');
  const state = unpackPrivateState(dedup, itemLine(attributes));
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
      ...(state.hasBeenBlocked ? { hasBeenBlocked: true } : {}),
      eventCount: Number(integer(attributes, 'event_count')),
      updateCount: Number(integer(attributes, 'update_count')),
    },
    memory: state.memory,
    ...(state.usage ? { usage: state.usage } : {}),
    version: Number(integer(attributes, 'version')),
    unknown: unknownOf(attributes, KNOWN_ATTRIBUTES),
  };
}

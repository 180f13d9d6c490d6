/** From checked `data` to our event. Copies of one event in other envelopes give equal events, so everything
 *  comes from `data`; the envelope only fills in for a missing sid or type. */
import { findAnomalies } from './anomalies.ts';
import type { ConnectionData } from './connection-data.ts';
import { type Outcome, type Poison, poison } from './decoded-item.ts';
import type { Envelope } from './envelope.ts';
import type {
  AttachmentEvent,
  DataSessionEvent,
  EventError,
  FailedStartEvent,
  Location,
  Network,
  PersonalField,
  SimEvent,
} from './event.ts';
import { imsiTagOf } from './imsi-tag.ts';
import { RepeatedValues } from './repeated-values.ts';

/** The seven known types, by what follows `.supersim.connection.`.
 *  Source: Twilio, Super SIM Connection Events, event types. */
const CONNECTION_TYPES = new Map<
  string,
  Pick<AttachmentEvent, 'kind' | 'verb'> | Pick<DataSessionEvent, 'kind' | 'verb'>
>([
  ['attachment.accepted', { kind: 'attachment', verb: 'accepted' }],
  ['attachment.rejected', { kind: 'attachment', verb: 'rejected' }],
  ['attachment.failed', { kind: 'attachment', verb: 'failed' }],
  ['data-session.started', { kind: 'data-session', verb: 'started' }],
  ['data-session.updated', { kind: 'data-session', verb: 'updated' }],
  ['data-session.ended', { kind: 'data-session', verb: 'ended' }],
  ['data-session.failed', { kind: 'data-session', verb: 'failed' }],
]);

/** What `connectionSuffix` gave, when it is one of the seven. */
export const connectionType = (suffix: string) => CONNECTION_TYPES.get(suffix);
export type ConnectionType = NonNullable<ReturnType<typeof connectionType>>;

/** Super SIM did not exist before; earlier is a broken clock or an unset date. */
const EARLIEST_MS = Date.UTC(2015, 0, 1);
/** How far ahead of the record's arrival a time may be: clocks err, a day of it freezes "last value" fields. */
export const FUTURE_MAX_MS = 24 * 60 * 60 * 1_000;

const TIME_FIELDS = [
  'timestamp',
  'data_session_start_time',
  'data_session_end_time',
  'data_session_update_start_time',
  'data_session_update_end_time',
] as const satisfies readonly (keyof ConnectionData)[];

function checkTimes(data: ConnectionData, arrivedAtMs: number): Poison | undefined {
  const latestMs = arrivedAtMs + FUTURE_MAX_MS;
  for (const field of TIME_FIELDS) {
    const timeMs = data[field];
    if (timeMs !== undefined && (timeMs < EARLIEST_MS || timeMs > latestMs))
      return poison('timestamp-out-of-range', field);
  }
  return undefined;
}

/** A total without its parts cannot be metered by direction. The session's total matters only where the
 *  window's parts are absent too: otherwise the event still counts. */
function checkDirections(data: ConnectionData): Poison | undefined {
  if (data.data_download !== undefined || data.data_upload !== undefined) return undefined;
  if (data.data_total) return poison('bytes-without-direction', 'data_total');
  if (data.data_session_data_download !== undefined || data.data_session_data_upload !== undefined)
    return undefined;
  return data.data_session_data_total
    ? poison('bytes-without-direction', 'data_session_data_total')
    : undefined;
}

const repeated = new RepeatedValues();

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Absent is absent, in deep equality and in storage. Property by property: in a loop over names, or by spreads, it
 *  costs as much as the parsing. */
function describe(
  event: Draft<SimEvent | DataSessionEvent>,
  data: ConnectionData,
  personalFields: ReadonlySet<PersonalField>,
): void {
  if (data.timestamp !== undefined) event.timestampMs = data.timestamp;
  if (data.fleet_sid !== undefined) event.fleetSid = repeated.text('fleetSid', data.fleet_sid);
  if (data.sim_iccid !== undefined) event.simIccid = data.sim_iccid;
  if (data.sim_unique_name !== undefined) event.simUniqueName = data.sim_unique_name;
  if (data.apn !== undefined) event.apn = repeated.text('apn', data.apn);
  if (data.rat_type !== undefined) event.ratType = repeated.text('ratType', data.rat_type);
  if (data.data_modifier !== undefined) event.dataModifier = data.data_modifier;
  const network = data.network && networkOf(data.network);
  if (network) event.network = repeated.network(network);
  const error = data.error && errorOf(data.error);
  if (error) event.error = error;
  if (personalFields.size > 0) identify(event, data, personalFields);
}

function identify(
  event: Draft<SimEvent | DataSessionEvent>,
  data: ConnectionData,
  personalFields: ReadonlySet<PersonalField>,
): void {
  if (data.imsi !== undefined && personalFields.has('imsi')) event.imsi = data.imsi;
  if (data.imei !== undefined && personalFields.has('imei')) event.imei = data.imei;
  if (data.ip_address !== undefined && personalFields.has('ipAddress')) event.ipAddress = data.ip_address;
  const location = data.location && personalFields.has('location') && locationOf(data.location);
  if (location) event.location = location;
}

/** Undefined when it says nothing; so with the other two. */
function networkOf(data: NonNullable<ConnectionData['network']>): Network | undefined {
  const network: Draft<Network> = {};
  if (data.mcc !== undefined) network.mcc = data.mcc;
  if (data.mnc !== undefined) network.mnc = data.mnc;
  if (data.friendly_name !== undefined) network.name = data.friendly_name;
  if (data.iso_country !== undefined) network.isoCountry = data.iso_country;
  if (data.sid !== undefined) network.sid = data.sid;
  return saysSomething(network);
}

function locationOf(data: NonNullable<ConnectionData['location']>): Location | undefined {
  const location: Draft<Location> = {};
  if (data.cell_id !== undefined) location.cellId = data.cell_id;
  if (data.lac !== undefined) location.lac = data.lac;
  if (data.lat !== undefined) location.lat = data.lat;
  if (data.lon !== undefined) location.lon = data.lon;
  return saysSomething(location);
}

function errorOf(data: NonNullable<ConnectionData['error']>): EventError | undefined {
  const error: Draft<EventError> = {};
  if (data.code !== undefined) error.code = data.code;
  if (data.message !== undefined) error.message = data.message;
  return saysSomething(error);
}

function saysSomething<T extends object>(value: T): T | undefined {
  for (const _ in value) return value;
  return undefined;
}

function measure(event: Draft<DataSessionEvent>, data: ConnectionData): void {
  if (data.data_session_start_time !== undefined) event.sessionStartMs = data.data_session_start_time;
  if (data.data_session_end_time !== undefined) event.sessionEndMs = data.data_session_end_time;
  if (data.data_session_update_start_time !== undefined)
    event.windowStartMs = data.data_session_update_start_time;
  if (data.data_session_update_end_time !== undefined) event.windowEndMs = data.data_session_update_end_time;
  if (data.data_download !== undefined) event.downloadBytes = data.data_download;
  if (data.data_upload !== undefined) event.uploadBytes = data.data_upload;
  if (data.data_session_data_download !== undefined)
    event.sessionDownloadBytes = data.data_session_data_download;
  if (data.data_session_data_upload !== undefined) event.sessionUploadBytes = data.data_session_data_upload;
}

const hasBytes = (data: ConnectionData): boolean =>
  Boolean(
    data.data_download ||
      data.data_upload ||
      data.data_session_data_download ||
      data.data_session_data_upload,
  );

/** What decides about an event besides its data. */
interface EventContext {
  readonly arrivedAtMs: number;
  readonly personalFields: ReadonlySet<PersonalField>;
  readonly keepsSims: boolean;
}

/** Without a session: an event where SIMs are kept, else ignored. */
function simOutcome(event: Draft<SimEvent>, data: ConnectionData, context: EventContext): Outcome {
  describe(event, data, context.personalFields);
  if (context.keepsSims) tagImsi(event, data);
  if (context.keepsSims) return { kind: 'event', event };
  const reason = event.kind === 'attachment' ? 'attachment' : 'session-failed-without-sid';
  return { kind: 'ignored', reason, event };
}

function tagImsi(event: Draft<SimEvent | DataSessionEvent>, { imsi }: ConnectionData): void {
  if (imsi !== undefined) event.imsiTag = imsiTagOf(imsi);
}

/** Builds the event, or says why it cannot be: first times, then identity, then what the kind asks for. */
export function toConnectionEvent(
  type: ConnectionType,
  data: ConnectionData,
  envelope: Envelope,
  context: EventContext,
  isTypeMismatch: boolean,
): Outcome {
  const outOfRange = checkTimes(data, context.arrivedAtMs);
  if (outOfRange) return outOfRange;
  const eventSid = data.event_sid ?? envelope.eventSid;
  if (eventSid === undefined) return poison('missing-event-sid', 'event_sid');
  const { account_sid: accountSid, sim_sid: simSid, data_session_sid: dataSessionSid } = data;
  if (accountSid === undefined) return poison('missing-account-sid', 'account_sid');
  if (simSid === undefined) return poison('missing-sim-sid', 'sim_sid');
  const anomalies = findAnomalies(data, envelope, isTypeMismatch);
  if (type.kind === 'attachment') {
    const event: Draft<AttachmentEvent> = { ...type, eventSid, accountSid, simSid, anomalies };
    return simOutcome(event, data, context);
  }
  const unmeterable = checkDirections(data);
  if (unmeterable) return unmeterable;
  if (dataSessionSid === undefined) {
    if (type.verb !== 'failed' || hasBytes(data)) return poison('missing-session-sid', 'data_session_sid');
    const start: Draft<FailedStartEvent> = {
      kind: 'session-start',
      verb: 'failed',
      eventSid,
      accountSid,
      simSid,
      anomalies,
    };
    return simOutcome(start, data, context);
  }
  const { kind, verb } = type;
  const event: Draft<DataSessionEvent> = {
    kind,
    verb,
    eventSid,
    accountSid: repeated.text('accountSid', accountSid),
    simSid,
    dataSessionSid,
    anomalies,
  };
  describe(event, data, context.personalFields);
  measure(event, data);
  if (context.keepsSims && verb !== 'updated') tagImsi(event, data);
  return { kind: 'event', event };
}

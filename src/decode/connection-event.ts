/** From checked `data` to our event. Copies of one event in other envelopes give equal events, so everything
 *  comes from `data`; the envelope only fills in for a missing sid or type. */
import type { ConnectionData } from './connection-data.ts';
import { type Outcome, type Poison, poison } from './decoded-item.ts';
import type { Envelope } from './envelope.ts';
import type { Anomaly, AttachmentEvent, DataSessionEvent } from './event.ts';
import { presentFields } from './present-fields.ts';

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
  const isOutOfRange = (timeMs: number | undefined): boolean =>
    timeMs !== undefined && (timeMs < EARLIEST_MS || timeMs > arrivedAtMs + FUTURE_MAX_MS);
  const field = TIME_FIELDS.find((name) => isOutOfRange(data[name]));
  return field && poison('timestamp-out-of-range', field);
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

/** An absent part counts as 0; an absent total agrees with everything. */
const disagrees = (total: bigint | undefined, download: bigint | undefined, upload: bigint | undefined) =>
  total !== undefined && total !== (download ?? 0n) + (upload ?? 0n);

function findAnomalies(data: ConnectionData, envelope: Envelope, isTypeMismatch: boolean): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const start = data.data_session_update_start_time;
  const end = data.data_session_update_end_time;
  if (disagrees(data.data_total, data.data_download, data.data_upload)) anomalies.push('total-mismatch');
  if (disagrees(data.data_session_data_total, data.data_session_data_download, data.data_session_data_upload))
    anomalies.push('session-total-mismatch');
  if (start !== undefined && end !== undefined && end < start) anomalies.push('window-reversed');
  if (isTypeMismatch) anomalies.push('type-mismatch');
  if (data.event_sid && envelope.eventSid && data.event_sid !== envelope.eventSid)
    anomalies.push('sid-mismatch');
  return anomalies;
}

type Identity = Pick<DataSessionEvent, 'eventSid' | 'accountSid' | 'simSid' | 'anomalies'>;

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function describe(data: ConnectionData, identity: Identity) {
  const network = presentFields({
    mcc: data.network?.mcc,
    mnc: data.network?.mnc,
    name: data.network?.friendly_name,
    isoCountry: data.network?.iso_country,
    sid: data.network?.sid,
  });
  const location = presentFields({
    cellId: data.location?.cell_id,
    lac: data.location?.lac,
    lat: data.location?.lat,
    lon: data.location?.lon,
  });
  const error = presentFields({ code: data.error?.code, message: data.error?.message });
  return {
    eventSid: identity.eventSid,
    accountSid: identity.accountSid,
    simSid: identity.simSid,
    anomalies: identity.anomalies,
    timestampMs: data.timestamp,
    fleetSid: data.fleet_sid,
    simIccid: data.sim_iccid,
    simUniqueName: data.sim_unique_name,
    apn: data.apn,
    ratType: data.rat_type,
    network: isEmpty(network) ? undefined : network,
    dataModifier: data.data_modifier,
    error: isEmpty(error) ? undefined : error,
    imsi: data.imsi,
    imei: data.imei,
    ipAddress: data.ip_address,
    location: isEmpty(location) ? undefined : location,
  };
}

const measure = (data: ConnectionData, dataSessionSid: string) => ({
  dataSessionSid,
  sessionStartMs: data.data_session_start_time,
  sessionEndMs: data.data_session_end_time,
  windowStartMs: data.data_session_update_start_time,
  windowEndMs: data.data_session_update_end_time,
  downloadBytes: data.data_download,
  uploadBytes: data.data_upload,
  sessionDownloadBytes: data.data_session_data_download,
  sessionUploadBytes: data.data_session_data_upload,
});

const hasBytes = (data: ConnectionData): boolean =>
  Boolean(
    data.data_download ||
      data.data_upload ||
      data.data_session_data_download ||
      data.data_session_data_upload,
  );

/** Builds the event, or says why it cannot be: first times, then identity, then what the kind asks for. */
export function toConnectionEvent(
  type: ConnectionType,
  data: ConnectionData,
  envelope: Envelope,
  context: { readonly arrivedAtMs: number; readonly isTypeMismatch: boolean },
): Outcome {
  const outOfRange = checkTimes(data, context.arrivedAtMs);
  if (outOfRange) return outOfRange;
  const eventSid = data.event_sid ?? envelope.eventSid;
  if (eventSid === undefined) return poison('missing-event-sid', 'event_sid');
  const { account_sid: accountSid, sim_sid: simSid, data_session_sid: dataSessionSid } = data;
  if (accountSid === undefined) return poison('missing-account-sid', 'account_sid');
  if (simSid === undefined) return poison('missing-sim-sid', 'sim_sid');
  const anomalies = findAnomalies(data, envelope, context.isTypeMismatch);
  const described = describe(data, { eventSid, accountSid, simSid, anomalies });
  if (type.kind === 'attachment')
    return { kind: 'ignored', reason: 'attachment', event: presentFields(type, described) };
  const unmeterable = checkDirections(data);
  if (unmeterable) return unmeterable;
  if (dataSessionSid === undefined) {
    if (type.verb !== 'failed' || hasBytes(data)) return poison('missing-session-sid', 'data_session_sid');
    return { kind: 'ignored', reason: 'session-failed-without-sid' };
  }
  return { kind: 'event', event: presentFields(type, described, measure(data, dataSessionSid)) };
}

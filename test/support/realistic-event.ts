/** Events as the vendors send them, with invented identifiers, and a decoder to read them. */
import { createDecoder, type DecodedItem, type DecoderOptions } from '../../src/decode/decode-record.ts';
import type { ConnectionEvent } from '../../src/decode/event.ts';
import { gunzip, md5 } from '../../src/source/record-codec.ts';

const HEX = '0123456789abcdef0123456789abcdef';
export const EVENT_SID = `EZ${HEX}`;
export const ACCOUNT_SID = `AC${HEX}`;
export const SIM_SID = `HS${HEX}`;
export const SESSION_SID = `PI${HEX}`;
export const ARRIVED_AT_MS = Date.parse('2022-12-14T13:41:00Z');

export type Json = Record<string, unknown>;

const TYPE_PREFIX = 'com.twilio.iot.supersim.connection.';

/** What every connection event carries. */
export const baseData = (suffix: string, changes: Json = {}): Json => ({
  event_sid: EVENT_SID,
  event_type: TYPE_PREFIX + suffix,
  timestamp: '2022-12-14T13:40:52Z',
  account_sid: ACCOUNT_SID,
  sim_sid: SIM_SID,
  sim_iccid: '89883070000005381783',
  sim_unique_name: 'Tracker 6',
  fleet_sid: `HF${HEX}`,
  imsi: '732123000000001',
  imei: '358600000000001',
  apn: 'super',
  rat_type: '4G LTE',
  ip_address: '100.68.56.159',
  network: { iso_country: 'US', mnc: '012', mcc: '310', sid: `HW${HEX}`, friendly_name: 'T-Mobile' },
  location: { lon: -118.57, lat: 34.16, cell_id: '047322374', lac: '15170' },
  ...changes,
});

/** Schema v1: window deltas only. */
export const v1Data = (suffix: string, changes: Json = {}): Json =>
  baseData(suffix, {
    data_session_sid: SESSION_SID,
    data_session_start_time: '2022-12-11T06:15:01Z',
    data_session_update_start_time: '2022-12-14T13:34:52Z',
    data_session_update_end_time: '2022-12-14T13:40:52Z',
    data_download: 139,
    data_upload: 412,
    data_total: 551,
    ...changes,
  });

/** Schema v2: also the counters since the session's start. */
export const v2Data = (suffix = 'data-session.updated', changes: Json = {}): Json =>
  v1Data(suffix, {
    data_session_data_download: 3_839_640,
    data_session_data_upload: 3_845_903,
    data_session_data_total: 7_685_543,
    ...changes,
  });

export const twilioEvent = (data: unknown, changes: Json = {}): Json => ({
  specversion: '1.0',
  type: (data as Json | undefined)?.['event_type'] ?? `${TYPE_PREFIX}data-session.updated`,
  source: `/v1/SuperSim/ConnectionEvents/${EVENT_SID}`,
  id: EVENT_SID,
  dataschema: 'https://events-schemas.twilio.com/SuperSim.ConnectionEvent/2',
  datacontenttype: 'application/json',
  time: '2022-12-14T13:40:52.000Z',
  data,
  ...changes,
});

export const koreEvent = (data: unknown, changes: Json = {}): Json => ({
  data,
  id: 'fff521c2-c7db-4b53-a5a0-c5d5d01f66ce',
  time: '2022-12-14T13:40:52.5842087+00:00',
  type: String((data as Json)['event_type']).replace('twilio', 'kore'),
  source: 'kore-events',
  dataschema: '/schemas/SuperSim.ConnectionEvent/2',
  specversion: '2.0',
  ...changes,
});

export const toBytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value;

export const DECODER_OPTIONS: DecoderOptions = {
  recordMaxBytes: 16 * 1_024,
  unzippedMaxBytes: 64 * 1_024,
  md5,
  gunzip,
};

export const recordOf = (data: string | Uint8Array) => ({
  data: toBytes(data),
  arrivedAtMs: ARRIVED_AT_MS,
  partitionKey: 'outer',
});

export const decodeBytes = (
  data: string | Uint8Array,
  options: Partial<DecoderOptions> = {},
): readonly DecodedItem[] => createDecoder({ ...DECODER_OPTIONS, ...options })(recordOf(data)).items;

export const decodeJson = (value: unknown, options: Partial<DecoderOptions> = {}): readonly DecodedItem[] =>
  decodeBytes(JSON.stringify(value), options);

/** The only item of a record. */
export function decodeOne(value: unknown, options: Partial<DecoderOptions> = {}): DecodedItem {
  const [item, ...more] = decodeJson(value, options);
  if (item === undefined || more.length > 0) throw new Error('expected one item');
  return item;
}

/** `event`, or the reason against one, of each item. */
export const kinds = (items: readonly DecodedItem[]): readonly string[] =>
  items.map((item) => (item.kind === 'event' ? 'event' : item.reason));

export const jsonOf = (data: unknown): string => JSON.stringify(twilioEvent(data));

/** The event of an item that must have one, metered or not. */
export function eventOf(item: DecodedItem | undefined): ConnectionEvent {
  if (item?.kind === 'event') return item.event;
  if (item?.kind === 'ignored' && item.event) return item.event;
  throw new Error(`no event: ${item?.reason}`);
}

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];

/** A length-delimited protobuf field. */
export const delimited = (number: number, bytes: Uint8Array): number[] => [
  number * 8 + 2,
  ...varint(bytes.length),
  ...bytes,
];

/** Magic, body and MD5. */
export const sealAggregate = (body: readonly number[]): Uint8Array => {
  const protobuf = Uint8Array.from(body);
  return Uint8Array.from([0xf3, 0x89, 0x9a, 0xc2, ...protobuf, ...md5(protobuf)]);
};

/** One user record of an aggregate whose table holds one partition key. */
export const userRecordField = (data: string | Uint8Array, keyIndex = 0): number[] =>
  delimited(3, Uint8Array.from([8, ...varint(keyIndex), ...delimited(3, toBytes(data))]));

export const aggregateOf = (...userRecords: readonly (string | Uint8Array)[]): Uint8Array =>
  sealAggregate([...delimited(1, toBytes('a')), ...userRecords.flatMap((data) => userRecordField(data))]);

/** Records that can never be decoded, each with the reason it must get. */
import { gzipSync } from 'node:zlib';
import type { PoisonReason } from '../../src/decode/decoded-item.ts';
import {
  aggregateOf,
  baseData,
  DECODER_OPTIONS,
  type Json,
  sealAggregate,
  twilioEvent,
  v2Data,
} from './realistic-event.ts';

export type Row = readonly [what: string, bytes: string | Uint8Array, reason: PoisonReason, field?: string];

const envelope = (changes: Json): string => JSON.stringify(twilioEvent(v2Data(), changes));
const data = (changes: Json, suffix?: string): string =>
  JSON.stringify(twilioEvent(v2Data(suffix, changes), { id: 'fff521c2-c7db-4b53-a5a0-c5d5d01f66ce' }));
/** JSON.stringify cannot write every number. */
const upload = (literal: string): string =>
  JSON.stringify(twilioEvent(v2Data())).replace('"data_upload":412', `"data_upload":${literal}`);
const zipped = (text: string): Uint8Array => new Uint8Array(gzipSync(text));

const RECORDS: readonly Row[] = [
  ['no bytes', '', 'empty-record'],
  ['white space only', ' \r\n\t', 'empty-record'],
  ['a byte order mark only', '\ufeff', 'empty-record'],
  ['more bytes than the cap', 'x'.repeat(DECODER_OPTIONS.recordMaxBytes + 1), 'too-large'],
  ['a cut multi-byte character', Uint8Array.of(0x22, 0xe2, 0x82, 0x22), 'not-utf8'],
  ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x7b, 0x00), 'not-utf8'],
  ['plain text', 'hello', 'not-json'],
  ['truncated JSON', envelope({}).slice(0, -1), 'not-json'],
  ['two JSON texts', '{}{}', 'not-json'],
  ['base64 of JSON', btoa('{"type":1}'), 'not-json'],
  ['null', 'null', 'not-an-object'],
  ['a number', '17', 'not-an-object'],
  ['a string of JSON', JSON.stringify(envelope({})), 'not-an-object'],
  ['an array in an array', '[[]]', 'not-an-object'],
  ['an empty array', '[]', 'empty-array'],
  ['an array of more elements than the cap', `[${'1,'.repeat(1_000)}1]`, 'too-many-elements'],
  ['something that only starts like gzip', Uint8Array.of(0x1f, 0x8b, 1, 2, 3), 'gzip-corrupt'],
  ['truncated gzip', zipped(envelope({})).slice(0, -9), 'gzip-corrupt'],
  ['gzip of more than the cap', zipped(' '.repeat(DECODER_OPTIONS.unzippedMaxBytes + 1)), 'gzip-too-large'],
  ['gzip of nothing', zipped(''), 'empty-record'],
  ['gzip in gzip', new Uint8Array(gzipSync(zipped('{}'))), 'not-utf8'],
  ['the KPL magic alone', Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2), 'kpl-checksum'],
  ['a truncated aggregate', aggregateOf(envelope({})).slice(0, -1), 'kpl-checksum'],
  ['an aggregate that is no protobuf', sealAggregate([0xff, 0xff, 0xff]), 'kpl-malformed'],
  ['an aggregate of nothing', sealAggregate([0x0a, 0x01, 0x61]), 'kpl-empty'],
  ['an aggregate of an empty user record', aggregateOf(''), 'empty-record'],
];

const ENVELOPES: readonly Row[] = [
  ['an empty object', '{}', 'missing-type'],
  ['a type that is no string', '{"type":7,"data":{}}', 'missing-type'],
  ['data without an envelope', JSON.stringify(v2Data()), 'missing-type'],
  ['no data', envelope({ data: undefined }), 'missing-data'],
  ['null data', envelope({ data: null }), 'missing-data'],
  ['data of text', envelope({ data: 'text' }), 'data-not-json'],
  ['data of cut JSON', envelope({ data: '{"event_sid":' }), 'data-not-json'],
  ['data of empty text', envelope({ data: '' }), 'data-not-json'],
  ['data of a number', envelope({ data: 5 }), 'data-not-an-object'],
  ['data of an array', envelope({ data: [v2Data()] }), 'data-not-an-object'],
  ['data of JSON text of null', envelope({ data: 'null' }), 'data-not-an-object'],
  ['data encoded twice', envelope({ data: JSON.stringify(JSON.stringify(v2Data())) }), 'data-not-an-object'],
  ['an unknown verb', data({}, 'data-session.paused'), 'unknown-verb'],
  ['an unknown kind', data({}, 'sms.sent'), 'unknown-verb'],
  ['the family and nothing else', data({}, ''), 'unknown-verb'],
  ['a known verb and more', data({}, 'data-session.updated.v3'), 'unknown-verb'],
];

const IDENTITIES: readonly Row[] = [
  ['no event_sid and a UUID as id', data({ event_sid: null }), 'missing-event-sid', 'event_sid'],
  ['an empty event_sid', data({ event_sid: '' }), 'missing-event-sid', 'event_sid'],
  ['no account_sid', data({ account_sid: undefined }), 'missing-account-sid', 'account_sid'],
  ['an empty sim_sid', data({ sim_sid: '' }), 'missing-sim-sid', 'sim_sid'],
  [
    'started without sid',
    data({ data_session_sid: null }, 'data-session.started'),
    'missing-session-sid',
    'data_session_sid',
  ],
  ['updated without sid', data({ data_session_sid: '' }), 'missing-session-sid', 'data_session_sid'],
  [
    'ended without sid',
    data({ data_session_sid: undefined }, 'data-session.ended'),
    'missing-session-sid',
    'data_session_sid',
  ],
  [
    'failed with bytes and without sid',
    data({ data_session_sid: null }, 'data-session.failed'),
    'missing-session-sid',
    'data_session_sid',
  ],
  ['an event_sid of 257 characters', data({ event_sid: 'x'.repeat(257) }), 'invalid-field', 'event_sid'],
  ['an event_sid with half a surrogate pair', data({ event_sid: 'EZ\ud800' }), 'invalid-field', 'event_sid'],
  ['an account_sid that is a number', data({ account_sid: 1 }), 'invalid-field', 'account_sid'],
  [
    'an attachment without sim_sid',
    data({ sim_sid: null }, 'attachment.accepted'),
    'missing-sim-sid',
    'sim_sid',
  ],
];

const FIELDS: readonly Row[] = [
  [
    'an event_type that is a number',
    envelope({ type: 'x.supersim.connection.data-session.ended', data: { event_type: 7 } }),
    'invalid-field',
    'event_type',
  ],
  ['an imsi that is a number', data({ imsi: 732123000000001 }), 'invalid-field', 'imsi'],
  ['an apn of 257 characters', data({ apn: 'x'.repeat(257) }), 'invalid-field', 'apn'],
  [
    'a sim_unique_name of 1,025 characters',
    data({ sim_unique_name: 'x'.repeat(1_025) }),
    'invalid-field',
    'sim_unique_name',
  ],
  ['a network that is text', data({ network: 'T-Mobile' }), 'invalid-field', 'network'],
  ['a network that is an array', data({ network: [] }), 'invalid-field', 'network'],
  ['an mnc that is a number', data({ network: { mnc: 12 } }), 'invalid-field', 'network.mnc'],
  ['a cell_id that is a number', data({ location: { cell_id: 47 } }), 'invalid-field', 'location.cell_id'],
  ['a lat that is text', data({ location: { lat: 'north' } }), 'invalid-field', 'location.lat'],
  ['a lat above 90', data({ location: { lat: 90.1 } }), 'invalid-field', 'location.lat'],
  ['a lon below -180', data({ location: { lon: '-180.1' } }), 'invalid-field', 'location.lon'],
  ['an error that is text', data({ error: 'failed' }), 'invalid-field', 'error'],
  ['an error code that is a fraction', data({ error: { code: 837.01 } }), 'invalid-field', 'error.code'],
  ['an error code that is text', data({ error: { code: 'E1' } }), 'invalid-field', 'error.code'],
  [
    'an error message of 1,025 characters',
    data({ error: { message: 'x'.repeat(1_025) } }),
    'invalid-field',
    'error.message',
  ],
  ['a timestamp without zone', data({ timestamp: '2022-12-14T13:40:52' }), 'invalid-timestamp', 'timestamp'],
  ['a timestamp that is a number', data({ timestamp: 1671025252000 }), 'invalid-timestamp', 'timestamp'],
  [
    'a 30 February',
    data({ data_session_start_time: '2022-02-30T00:00:00Z' }),
    'invalid-timestamp',
    'data_session_start_time',
  ],
  [
    'a timestamp before 2015',
    data({ timestamp: '2014-12-31T23:59:59Z' }),
    'timestamp-out-of-range',
    'timestamp',
  ],
  [
    'an unset date',
    data({ data_session_end_time: '0001-01-01T00:00:00Z' }),
    'timestamp-out-of-range',
    'data_session_end_time',
  ],
  [
    'a timestamp more than a day ahead',
    data({ timestamp: '2022-12-15T13:41:01Z' }),
    'timestamp-out-of-range',
    'timestamp',
  ],
  [
    'a window end more than a day ahead',
    data({ data_session_update_end_time: '2023-12-15T00:00:00Z' }),
    'timestamp-out-of-range',
    'data_session_update_end_time',
  ],
  [
    'an attachment with a bad timestamp',
    data({ timestamp: 'now' }, 'attachment.failed'),
    'invalid-timestamp',
    'timestamp',
  ],
];

const COUNTERS: readonly Row[] = [
  ['negative bytes', upload('-1'), 'invalid-bytes', 'data_upload'],
  ['a fraction of bytes', upload('1.5'), 'invalid-bytes', 'data_upload'],
  ['bytes of words', upload('"many"'), 'invalid-bytes', 'data_upload'],
  ['bytes of empty text', upload('""'), 'invalid-bytes', 'data_upload'],
  ['bytes of signed text', upload('"-1"'), 'invalid-bytes', 'data_upload'],
  ['bytes as true', upload('true'), 'invalid-bytes', 'data_upload'],
  ['bytes as an array', upload('[1]'), 'invalid-bytes', 'data_upload'],
  ['digits above 64 bits', upload('"9223372036854775808"'), 'invalid-bytes', 'data_upload'],
  ['ten thousand digits', upload(`"${'9'.repeat(10_000)}"`), 'invalid-bytes', 'data_upload'],
  ['a number above 2^53 - 1', upload('9007199254740993'), 'unsafe-integer', 'data_upload'],
  ['an infinite number', upload('1e400'), 'unsafe-integer', 'data_upload'],
  [
    'a bad cumulative counter',
    data({ data_session_data_total: -1 }),
    'invalid-bytes',
    'data_session_data_total',
  ],
  [
    'a window total without directions',
    data({ data_download: null, data_upload: null }),
    'bytes-without-direction',
    'data_total',
  ],
  [
    'only a session total',
    JSON.stringify(
      twilioEvent(baseData('data-session.ended', { data_session_sid: 'PI1', data_session_data_total: 500 })),
    ),
    'bytes-without-direction',
    'data_session_data_total',
  ],
];

export const POISON_RECORDS: readonly Row[] = [
  ...RECORDS,
  ...ENVELOPES,
  ...IDENTITIES,
  ...FIELDS,
  ...COUNTERS,
];

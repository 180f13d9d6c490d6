/** What may stand where something else is expected. All as JSON text. */

import type { Chance } from '../../src/local/seeded-random.ts';
import { toIso } from '../../src/time.ts';

const NUMBERS = [
  ...['-1', '-0', '0', '0.5', '1.5', '1e3', '12.0', '1e400', '-1e400', '1e-400', '1E+2', '0.1e1'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551616', '4294967296'],
  ...['"NaN"', '"Infinity"', '"-1"', '"+1"', '" 1"', '"1 "', '"0x10"', '"1e3"', '"1.0"', '"007"', '"١٢"'],
  ...['"9223372036854775807"', '"9223372036854775808"', '"99999999999999999999"'],
  // No JSON: the whole record must become poison, and nothing else may.
  ...['NaN', 'Infinity', '-', '01', '1.', '.5', '0x10', '1_000', '+1', '1n'],
];

const DATES = [
  ...['2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z', '2026-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ...['2026-03-01T24:00:00Z', '2026-03-01T23:59:60Z', '2016-12-31T23:59:60Z', '2026-03-01T00:60:00Z'],
  ...['2026-03-01T00:00:00', '2026-03-01', '2026-03-01T00:00Z', '20260301T000000Z', '2026-W09-1T00:00:00Z'],
  ...['2026-03-01T00:00:00.0Z', '2026-03-01T00:00:00.123Z', '2026-03-01T00:00:00.1234567+00:00'],
  ...['2026-03-01T00:00:00.123456789Z', '2026-03-01T00:00:00.1234567890Z', '2026-03-01T00:00:00.Z'],
  ...['2026-03-01T00:00:00+23:59', '2026-03-01T00:00:00-23:59', '2026-03-01T00:00:00+24:00'],
  ...['2026-03-01T00:00:00+0000', '2026-03-01T00:00:00z', '2026-03-01t00:00:00Z', '2026-03-01 00:00:00Z'],
  ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '0099-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59'],
  ...['+012026-03-01T00:00:00Z', '-000001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2014-12-31T23:59:59Z'],
  ...['Sun, 01 Mar 2026 00:00:00 GMT', '1772323200', '', ' ', 'now', '２０２６-03-01T00:00:00Z'],
];

const TEXTS = [
  ...['', ' ', '\u0000', '\ufeff', '\u202e', '\ud83d\ude00', 'é', 'e\u0301', '\u2028', '"', '\\', '\r\n'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', 'then', 'toJSON'],
  ...['null', 'undefined', 'true', '[object Object]', '{}', '[]', '{"a":1}', '$ref', '../../etc/passwd'],
  ...['EZ', `EZ${'0'.repeat(32)}`, `EZ${'G'.repeat(32)}`, `ez${'a'.repeat(32)}`, `EZ${'A'.repeat(32)}`],
  ...['com.twilio.iot.supersim.connection.data-session.ended', '.supersim.connection.', 'supersim'],
  ...['com.kore.iot.supersim.connection.attachment.failed', 'com.twilio.eventstreams.test-event'],
  ...['com.kore.eventstreams.test.event', 'x.supersim.connection.x.supersim.connection.data-session.started'],
];

/** Text that `JSON.stringify` would not write so. */
const RAW_TEXTS = [
  ...['"\\ud800"', '"\\udc00x"', '"EZ\\ud83d"', '"\\u0000"', '"\\u002f"', '"\\x"', '"\\u12"', "'x'", '"\t"'],
  ...['null', 'true', 'false', '{}', '[]', '[null]', 'undefined', '{"value":"1"}', '{"S":"x"}', '//', ''],
  '{"__proto__":{"isPolluted":true}}',
  '{"constructor":{"prototype":{"isPolluted":true}}}',
];

/** Keys with a meaning to the language, to DynamoDB or to us. */
export const ODD_KEYS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'then'],
  ...['', ' ', '0', '-1', 'length', '__defineGetter__', 'Symbol.iterator', 'event_sid', 'data', 'type', 'id'],
  ...['data_session_sid', 'data_upload', 'timestamp', 'network', 'location', 'error', 'EVENT_SID', 'test_id'],
];

const longText = (chance: Chance): string =>
  JSON.stringify(
    chance
      .pick(['x', 'é', '\ud83d\ude00', '9', '\\', '"'])
      .repeat(chance.pick([255, 256, 257, 1_024, 1_025])),
  );

/** A time near the record's arrival, in one of many writings. */
function someTime(chance: Chance, nearMs: number): string {
  const awayMs = chance.pick([0, 1, 1_000, 86_400_000, 86_400_001, 400 * 86_400_000]);
  const iso = toIso(nearMs + awayMs * (chance.is(0.5) ? 1 : -1));
  const fraction = chance.digits(chance.pick([1, 3, 7, 9, 10]));
  const zone = chance.pick(['Z', '+00:00', '-00:00', '+05:30', '-12:00', '']);
  return JSON.stringify(`${iso.slice(0, 19)}${chance.is(0.5) ? `.${fraction}` : ''}${zone}`);
}

/** JSON text, mostly valid. */
export function oddValue(chance: Chance, nearMs: number): string {
  switch (chance.whole(0, 7)) {
    case 0:
    case 1:
      return chance.pick(NUMBERS);
    case 2:
      return JSON.stringify(chance.pick(DATES));
    case 3:
      return someTime(chance, nearMs);
    case 4:
      return JSON.stringify(chance.pick(TEXTS));
    case 5:
      return chance.pick(RAW_TEXTS);
    case 6:
      return chance.is(0.2) ? longText(chance) : chance.digits(chance.whole(1, 45));
    default:
      return `"${chance.digits(chance.whole(1, 25))}"`;
  }
}

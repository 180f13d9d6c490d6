import { describe, expect, it } from '@jest/globals';
import { parseByteCounter } from '../../../src/decode/byte-counter.ts';
import { parseIsoTime } from '../../../src/decode/iso-time.ts';
import { decodeOne, eventOf, type Json, twilioEvent, v1Data, v2Data } from '../../support/realistic-event.ts';

const decodeWith = (changes: Json) => eventOf(decodeOne(twilioEvent(v2Data(undefined, changes))));

describe('times', () => {
  it.each([
    ['2022-12-14T13:40:52Z', '2022-12-14T13:40:52.000Z'],
    ['2022-12-14T13:40:52.1Z', '2022-12-14T13:40:52.100Z'],
    ['2022-12-14T13:40:52.123Z', '2022-12-14T13:40:52.123Z'],
    ['2022-12-14T13:40:52.1239999Z', '2022-12-14T13:40:52.123Z'],
    ['2022-12-14T13:40:52.000999999Z', '2022-12-14T13:40:52.000Z'],
    ['2022-12-14T13:40:52.5842087+00:00', '2022-12-14T13:40:52.584Z'],
    ['2022-12-14T08:10:52-05:30', '2022-12-14T13:40:52.000Z'],
    ['2022-12-15T00:40:52.5+11:00', '2022-12-14T13:40:52.500Z'],
    ['2023-01-01T00:30:00+01:00', '2022-12-31T23:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2022-12-31T23:59:59.999Z', '2022-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, utc) => {
    expect(parseIsoTime(text)).toBe(Date.parse(utc));
  });

  it.each([
    '2022-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2022-04-31T00:00:00Z',
    '2022-13-01T00:00:00Z',
    '2022-00-01T00:00:00Z',
    '2022-01-00T00:00:00Z',
    '2022-12-14T24:00:00Z',
    '2022-12-14T13:60:00Z',
    '2022-12-14T13:40:60Z',
    '2022-12-14T13:40:52',
    '2022-12-14T13:40Z',
    '2022-12-14',
    '2022-12-14 13:40:52Z',
    '2022-12-14T13:40:52.Z',
    '2022-12-14T13:40:52.1234567890Z',
    '2022-12-14T13:40:52+0000',
    '2022-12-14T13:40:52+24:00',
    '2022-12-14T13:40:52+00:60',
    '+002022-12-14T13:40:52Z',
    '2022-12-14T13:40:52Z\n',
    'Wed, 14 Dec 2022 13:40:52 GMT',
    'null',
    '',
    null,
    1671025252000,
    {},
  ])('%p is no time', (value) => {
    expect(parseIsoTime(value)).toBe('invalid-timestamp');
  });

  it('an event without timestamp has none, never the envelope’s', () => {
    expect(decodeWith({ timestamp: null })).not.toHaveProperty('timestampMs');
    expect(decodeWith({ timestamp: '' })).not.toHaveProperty('timestampMs');
  });

  it('a time may be a day ahead of the arrival, and as early as 2015', () => {
    expect(decodeWith({ timestamp: '2022-12-15T13:41:00Z' })).toHaveProperty('timestampMs');
    expect(decodeWith({ timestamp: '2015-01-01T00:00:00Z' })).toHaveProperty('timestampMs');
  });
});

describe('byte counters', () => {
  it.each([
    [0, 0n],
    [-0, 0n],
    [1e3, 1_000n],
    [12.0, 12n],
    [Number.MAX_SAFE_INTEGER, 9_007_199_254_740_991n],
    ['0', 0n],
    ['007', 7n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9223372036854775807', 2n ** 63n - 1n],
  ])('%p is %p bytes', (value, bytes) => {
    expect(parseByteCounter(value)).toBe(bytes);
  });

  it.each([
    -1,
    1.5,
    Number.NaN,
    -Infinity,
    '',
    ' 1',
    '1 ',
    '+1',
    '1e3',
    '0x10',
    '١',
    '9'.repeat(20),
    true,
    {},
    [],
  ])('%p is no byte counter', (value) => {
    expect(parseByteCounter(value)).toBe('invalid-bytes');
  });

  it('zero is a value, null is none', () => {
    expect(decodeWith({ data_upload: 0, data_download: null, data_total: 0 })).toMatchObject({
      uploadBytes: 0n,
    });
    expect(decodeWith({ data_download: null })).not.toHaveProperty('downloadBytes');
  });
});

describe('descriptive fields', () => {
  const optionalTexts = {
    sim_iccid: 'simIccid',
    sim_unique_name: 'simUniqueName',
    fleet_sid: 'fleetSid',
    apn: 'apn',
    rat_type: 'ratType',
    imsi: 'imsi',
    imei: 'imei',
    ip_address: 'ipAddress',
    data_modifier: 'dataModifier',
  };

  it.each(Object.entries(optionalTexts))(
    '%s may be absent, null or empty: then it is absent',
    (name, property) => {
      for (const value of [undefined, null, ''])
        expect(decodeWith({ [name]: value })).not.toHaveProperty(property);
    },
  );

  it.each(Object.entries(optionalTexts))('%s is taken as it is', (name, property) => {
    expect(decodeWith({ [name]: ' 0042 é😀' })).toHaveProperty(property, ' 0042 é😀');
  });

  it('texts may be as long as their caps', () => {
    const data = { sim_unique_name: 'x'.repeat(1_024), apn: 'x'.repeat(256), event_sid: 'x'.repeat(256) };

    expect(decodeWith(data)).toMatchObject({ simUniqueName: data.sim_unique_name, apn: data.apn });
  });

  it('an object without values is absent', () => {
    const event = decodeWith({ network: { mcc: null }, location: { lat: null, lon: '' }, error: {} });

    expect(event).not.toHaveProperty('network');
    expect(event).not.toHaveProperty('location');
    expect(event).not.toHaveProperty('error');
  });

  it('coordinates may be numeric text, and 0 is a place', () => {
    expect(decodeWith({ location: { lat: '-34.16', lon: -0 } }).location).toEqual({ lat: -34.16, lon: 0 });
    expect(decodeWith({ location: { lat: 90, lon: '-180' } }).location).toEqual({ lat: 90, lon: -180 });
  });

  it('coordinates too small for DynamoDB are 0', () => {
    expect(decodeWith({ location: { lat: 1e-300 } }).location).toEqual({ lat: 0 });
  });
});

describe('anomalies are flagged and nothing is corrected', () => {
  it.each([
    ['total-mismatch', { data_total: 552 }],
    ['total-mismatch', { data_download: null }],
    ['session-total-mismatch', { data_session_data_total: 1 }],
    ['session-total-mismatch', { data_session_data_download: null, data_session_data_upload: null }],
    ['window-reversed', { data_session_update_end_time: '2022-12-14T13:34:51Z' }],
  ])('%s', (anomaly, changes) => {
    expect(decodeWith(changes).anomalies).toEqual([anomaly]);
  });

  it('absent totals agree with everything', () => {
    expect(decodeWith({ data_total: null, data_session_data_total: null }).anomalies).toEqual([]);
  });

  it('an empty window is not reversed', () => {
    expect(decodeWith({ data_session_update_end_time: '2022-12-14T13:34:52Z' }).anomalies).toEqual([]);
  });

  it('several come in one order', () => {
    const data = v1Data('data-session.ended', {
      data_total: 1,
      data_session_update_end_time: '2022-12-14T13:34:51Z',
    });

    expect(eventOf(decodeOne(twilioEvent(data))).anomalies).toEqual(['total-mismatch', 'window-reversed']);
  });
});

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  ACCOUNT_SID,
  baseData,
  decodeBytes,
  decodeJson,
  decodeOne,
  jsonOf,
  kinds,
  twilioEvent,
  v1Data,
  v2Data,
} from '../../support/realistic-event.ts';

describe('bytes around the JSON', () => {
  it('a byte order mark and trailing white space are tolerated', () => {
    expect(kinds(decodeBytes(`\ufeff${jsonOf(v2Data())}\r\n \n`))).toEqual(['event']);
  });

  it('a gzipped record is unzipped', () => {
    expect(decodeBytes(gzipSync(jsonOf(v2Data())))).toEqual(decodeBytes(jsonOf(v2Data())));
  });

  it('the dead letter of a gzipped record holds the zipped bytes', () => {
    const data = new Uint8Array(gzipSync('not json'));

    expect(decodeBytes(data)).toEqual([{ index: 0, kind: 'poison', reason: 'not-json', raw: data }]);
  });

  it('a record of exactly the cap is decoded', () => {
    const text = jsonOf(v2Data());

    expect(kinds(decodeBytes(text, { recordMaxBytes: text.length }))).toEqual(['event']);
    expect(kinds(decodeBytes(text, { recordMaxBytes: text.length - 1 }))).toEqual(['too-large']);
  });
});

describe('arrays', () => {
  it('one bad element does not reject the others, and each keeps its index', () => {
    const items = decodeJson([twilioEvent(v2Data()), 7, [], twilioEvent(v1Data('data-session.ended'))]);

    expect(kinds(items)).toEqual(['event', 'not-an-object', 'not-an-object', 'event']);
    expect(items.map((item) => item.index)).toEqual([0, 1, 2, 3]);
  });

  it('an array of 1,000 elements is decoded, one of 1,001 is one poison', () => {
    expect(decodeJson(new Array(1_000).fill(1))).toHaveLength(1_000);
    expect(kinds(decodeJson(new Array(1_001).fill(1)))).toEqual(['too-many-elements']);
  });
});

const TEST_ID = '4f8a1b2c-0d3e-4f5a-8b6c-7d8e9f0a1b2c';

describe('what is passed over', () => {
  it.each([
    ['com.twilio.eventstreams.test-event', { test_id: TEST_ID }, { testId: TEST_ID }],
    ['com.twilio.eventstreams.test-event', `{"test_id":"${TEST_ID}"}`, { testId: TEST_ID }],
    [
      'com.kore.eventstreams.test.event',
      { test_id: TEST_ID.toUpperCase() },
      { testId: TEST_ID.toUpperCase() },
    ],
    ['com.kore.eventstreams.test.event', undefined, {}],
    ['com.kore.eventstreams.test.event', 'free text', {}],
    ['com.kore.eventstreams.test.event', [1], {}],
    ['com.kore.eventstreams.test.event', { test_id: 7 }, {}],
    ['com.kore.eventstreams.test.event', { test_id: '' }, {}],
    ['com.kore.eventstreams.test.event', { test_id: '{"level":60}' }, {}],
    ['com.kore.eventstreams.test.event', { test_id: `${TEST_ID}\n` }, {}],
    // What the log must never hold, whatever it is called: an IMSI, a SIM's name.
    ['com.kore.eventstreams.test.event', { test_id: '732123000000001' }, {}],
    ['com.kore.eventstreams.test.event', { test_id: 'Tracker-6' }, {}],
  ])('%s with data %j is a test event', (type, data, testId) => {
    expect(decodeOne({ type, id: ACCOUNT_SID, data })).toEqual({
      index: 0,
      kind: 'ignored',
      reason: 'test-event',
      ...testId,
    });
  });

  it.each([{ call_sid: 'CA1' }, 'free text', null, 5])(
    'an event of another type with data %j is ignored',
    (data) => {
      expect(decodeOne({ type: 'com.twilio.voice.insights.call-summary.complete', data })).toEqual({
        index: 0,
        kind: 'ignored',
        reason: 'other-type',
      });
    },
  );

  it('a failed session without sid and without bytes is ignored', () => {
    const data = baseData('data-session.failed', { data_upload: 0, error: { code: 83701 } });

    expect(kinds(decodeJson(twilioEvent(data)))).toEqual(['session-failed-without-sid']);
  });

  it('events of accounts outside the allow-list are ignored, even broken and unknown ones', () => {
    const accountSids = new Set(['AC1']);
    const broken = v2Data(undefined, { data_upload: -1 });

    expect(
      kinds(
        decodeJson(
          [v2Data(), broken, v2Data('sms.sent')].map((data) => twilioEvent(data)),
          { accountSids },
        ),
      ),
    ).toEqual(['account-not-allowed', 'account-not-allowed', 'account-not-allowed']);
  });

  it('events of accounts in the allow-list are decoded', () => {
    const accountSids = new Set([ACCOUNT_SID]);

    expect(kinds(decodeJson(twilioEvent(v2Data()), { accountSids }))).toEqual(['event']);
    expect(kinds(decodeJson(twilioEvent(v2Data(undefined, { account_sid: '' })), { accountSids }))).toEqual([
      'missing-account-sid',
    ]);
  });
});

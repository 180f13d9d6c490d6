import { describe, expect, it } from '@jest/globals';
import {
  ACCOUNT_SID,
  baseData,
  decodeOne,
  EVENT_SID,
  eventOf,
  SESSION_SID,
  SIM_SID,
  twilioEvent,
  v1Data,
  v2Data,
} from '../../support/realistic-event.ts';

const HEX = EVENT_SID.slice(2);

const DESCRIBED = {
  eventSid: EVENT_SID,
  timestampMs: Date.parse('2022-12-14T13:40:52Z'),
  accountSid: ACCOUNT_SID,
  simSid: SIM_SID,
  fleetSid: `HF${HEX}`,
  simIccid: '89883070000005381783',
  simUniqueName: 'Tracker 6',
  apn: 'super',
  ratType: '4G LTE',
  network: { mcc: '310', mnc: '012', name: 'T-Mobile', isoCountry: 'US', sid: `HW${HEX}` },
  imsi: '732123000000001',
  imei: '358600000000001',
  ipAddress: '100.68.56.159',
  location: { cellId: '047322374', lac: '15170', lat: 34.16, lon: -118.57 },
  anomalies: [],
};

const MEASURED_V1 = {
  dataSessionSid: SESSION_SID,
  sessionStartMs: Date.parse('2022-12-11T06:15:01Z'),
  windowStartMs: Date.parse('2022-12-14T13:34:52Z'),
  windowEndMs: Date.parse('2022-12-14T13:40:52Z'),
  downloadBytes: 139n,
  uploadBytes: 412n,
};

describe('the seven event types', () => {
  it.each(['started', 'updated', 'ended', 'failed'])(
    'data-session.%s is an event with all properties',
    (verb) => {
      const data = v2Data(`data-session.${verb}`, {
        data_session_end_time: '2022-12-14T13:40:52Z',
        data_modifier: 'blocked',
        error: { code: 83701, message: 'DIAMETER_ERROR' },
      });

      expect(decodeOne(twilioEvent(data))).toEqual({
        index: 0,
        kind: 'event',
        event: {
          ...DESCRIBED,
          ...MEASURED_V1,
          kind: 'data-session',
          verb,
          sessionEndMs: Date.parse('2022-12-14T13:40:52Z'),
          sessionDownloadBytes: 3_839_640n,
          sessionUploadBytes: 3_845_903n,
          dataModifier: 'blocked',
          error: { code: 83701, message: 'DIAMETER_ERROR' },
        },
      });
    },
  );

  it.each(['accepted', 'rejected', 'failed'])('attachment.%s is ignored, with its event', (verb) => {
    const data = baseData(`attachment.${verb}`, { error: { code: '83702', message: 'not allowed' } });

    expect(decodeOne(twilioEvent(data))).toEqual({
      index: 0,
      kind: 'ignored',
      reason: 'attachment',
      event: { ...DESCRIBED, kind: 'attachment', verb, error: { code: 83702, message: 'not allowed' } },
    });
  });

  it('a v1 event has no cumulative counters', () => {
    const item = decodeOne(twilioEvent(v1Data('data-session.ended')));

    expect(item).toEqual({
      index: 0,
      kind: 'event',
      event: { ...DESCRIBED, ...MEASURED_V1, kind: 'data-session', verb: 'ended' },
    });
  });

  it('an absent property is no property, not an undefined one', () => {
    const data = v1Data('data-session.updated', {
      imei: null,
      network: null,
      location: undefined,
      error: null,
    });

    const event = eventOf(decodeOne(twilioEvent(data)));

    expect(Object.values(event)).not.toContain(undefined);
    expect(event).not.toHaveProperty('imei');
    expect(event).not.toHaveProperty('network');
  });
});

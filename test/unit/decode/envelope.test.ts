import { describe, expect, it } from '@jest/globals';
import {
  decodeJson,
  decodeOne,
  EVENT_SID,
  eventOf,
  kinds,
  koreEvent,
  twilioEvent,
  v2Data,
} from '../../support/realistic-event.ts';

describe('envelopes', () => {
  it('the same data gives the same event from Twilio and from KORE', () => {
    expect(decodeJson(koreEvent(v2Data()))).toEqual(decodeJson(twilioEvent(v2Data())));
  });

  it('data as JSON text gives the same event as data as an object', () => {
    const asText = twilioEvent(v2Data(), { data: JSON.stringify(v2Data()) });

    expect(decodeJson(asText)).toEqual(decodeJson(twilioEvent(v2Data())));
  });

  it('nothing but type, id and data is read from the envelope', () => {
    const strange = { specversion: 7, source: null, dataschema: [], time: 'never', datacontenttype: {} };

    expect(decodeJson(twilioEvent(v2Data(), strange))).toEqual(decodeJson(twilioEvent(v2Data())));
  });

  it.each(['com.twilio.iot', 'com.kore.iot', 'com.kore', '*', 'x.supersim.connection.y'])(
    'the type may have the prefix %s',
    (prefix) => {
      const type = `${prefix}.supersim.connection.data-session.ended`;

      const item = decodeOne(koreEvent(v2Data(undefined, { event_type: type }), { type }));

      expect(eventOf(item).verb).toBe('ended');
    },
  );

  it('the type may have no prefix', () => {
    const data = v2Data('', { event_type: 'supersim.connection.data-session.ended' });

    expect(eventOf(decodeOne(twilioEvent(data))).verb).toBe('ended');
  });

  it('without event_type the type of the envelope counts', () => {
    const data = v2Data(undefined, { event_type: null });
    const item = decodeOne(twilioEvent(data, { type: 'com.kore.supersim.connection.data-session.started' }));

    expect(eventOf(item)).toMatchObject({ verb: 'started', anomalies: [] });
  });

  it('an event_type of the family wins over the envelope, and the difference is flagged', () => {
    const item = decodeOne(
      twilioEvent(v2Data('data-session.ended'), { type: 'a.supersim.connection.data-session.updated' }),
    );

    expect(eventOf(item)).toMatchObject({ verb: 'ended', anomalies: ['type-mismatch'] });
  });

  it('an event_type of the family makes an event of an envelope of another type, or of none', () => {
    expect(kinds(decodeJson([twilioEvent(v2Data(), { type: 'x.y' }), { data: v2Data() }]))).toEqual([
      'event',
      'event',
    ]);
  });

  it('the identity is event_sid, whatever the envelope says', () => {
    const item = decodeOne(twilioEvent(v2Data(undefined, { event_sid: 'my-event' }), { id: 42 }));

    expect(eventOf(item)).toMatchObject({ eventSid: 'my-event', anomalies: [] });
  });

  it.each([undefined, null, ''])(
    'without event_sid (%p) an envelope id of that form is the identity',
    (sid) => {
      const item = decodeOne(twilioEvent(v2Data(undefined, { event_sid: sid })));

      expect(eventOf(item)).toMatchObject({ eventSid: EVENT_SID, anomalies: [] });
    },
  );

  it('an envelope id of that form that differs from event_sid is flagged', () => {
    const item = decodeOne(twilioEvent(v2Data(), { id: `EZ${'f'.repeat(32)}` }));

    expect(eventOf(item)).toMatchObject({ eventSid: EVENT_SID, anomalies: ['sid-mismatch'] });
  });
});

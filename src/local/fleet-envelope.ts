/** What a vendor makes of an event: the line that goes into the stream. */
import { toIso } from '../time.ts';
import type { FleetOptions } from './fleet-options.ts';
import type { Happening } from './fleet-session.ts';
import type { Chance } from './seeded-random.ts';

export type Vendor = 'twilio' | 'kore';

const typeOf = (vendor: Vendor, { suffix }: Happening): string =>
  `com.${vendor}.iot.supersim.connection.${suffix}`;

/** KORE's samples are seen with either prefix. */
const KORE_PREFIXES = ['kore', 'kore', 'twilio'] as const satisfies readonly Vendor[];

/** 7 fraction digits and an offset. */
const koreTime = (chance: Chance, atMs: number): string =>
  toIso(atMs).replace('Z', `${chance.digits(4)}+00:00`);

/** Source: Twilio's and KORE's event streams documentation; one real Twilio record. */
function envelope(vendor: Vendor, happening: Happening, data: unknown, chance: Chance): object {
  const sid = happening.data['event_sid'];
  if (vendor === 'twilio')
    return {
      specversion: '1.0',
      type: typeOf(vendor, happening),
      source: `/v1/SuperSim/ConnectionEvents/${sid}`,
      id: sid,
      dataschema: `https://events-schemas.twilio.com/SuperSim.ConnectionEvent/${happening.schema}`,
      datacontenttype: 'application/json',
      time: toIso(happening.atMs),
      data,
    };
  return {
    data,
    id: chance.uuid(),
    time: koreTime(chance, happening.atMs),
    type: typeOf(chance.pick(KORE_PREFIXES), happening),
    source: 'kore-events',
    dataschema: `/schemas/SuperSim.ConnectionEvent/${happening.schema}`,
    specversion: '1.0',
    datacontenttype: 'application/json',
  };
}

/** An event as one vendor writes it, as JSON. */
export function wrap(vendor: Vendor, happening: Happening, chance: Chance, options: FleetOptions): string {
  // Both vendors carry the same `data`: its event_type keeps the first vendor's words.
  const data = { event_type: typeOf('twilio', happening), ...happening.data };
  return JSON.stringify(
    envelope(vendor, happening, chance.is(options.stringDataRate) ? JSON.stringify(data) : data, chance),
  );
}

/** What a sink's test sends. Twilio's has the account's sid for its id, the same each time. */
export const testEvent = (chance: Chance, atMs: number, accountSid: string): string =>
  JSON.stringify(
    chance.is(0.5)
      ? {
          specversion: '1.0',
          type: 'com.twilio.eventstreams.test-event',
          source: 'Sink',
          id: accountSid,
          dataschema: 'https://events-schemas.twilio.com/EventStreams.TestSink/1.json',
          datacontenttype: 'application/json',
          time: toIso(atMs),
          data: { test_id: chance.uuid() },
        }
      : {
          data: {},
          id: chance.uuid(),
          time: koreTime(chance, atMs),
          type: 'com.kore.eventstreams.test.event',
          source: 'kore-events',
          dataschema: '/schemas/test/1',
          specversion: '1.0',
          datacontenttype: 'application/json',
        },
  );

/** Another product's event in the same stream. */
export const otherEvent = (chance: Chance, atMs: number): string =>
  JSON.stringify({
    specversion: '1.0',
    type: chance.pick([
      'com.twilio.voice.insights.call-summary.complete',
      'com.twilio.errorlogs.error.logged',
    ]),
    id: chance.sid('NO'),
    time: toIso(atMs),
    data: { payload: '{}' },
  });

/** Records that nothing can decode. */
export const poisonLine = (chance: Chance): string =>
  chance.pick([
    'not json at all',
    '{"specversion":"1.0","type":"com.twilio.iot.supersim.connection.data-session.updated"',
    '[]',
    '"text"',
    '{"data":{}}',
    '{"type":"com.twilio.iot.supersim.connection.data-session.updated","data":{"data_download":-1}}',
    '{"type":"com.kore.iot.supersim.connection.data-session.paused","data":{}}',
  ]);

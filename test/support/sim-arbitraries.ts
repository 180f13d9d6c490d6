/** What may happen to one SIM, for property tests: times close together, so that they tie, and few values, so that
 *  they meet. As the decoder makes them: what is absent is absent, and all events of a session say when it started. */
import fc from 'fast-check';
import type { ConnectionEvent, DataSessionEvent, EventError, Network } from '../../src/decode/event.ts';
import { type SimNews, transitionOf } from '../../src/reduce/sim.ts';
import { SESSION_START_MS, sid } from './events.ts';

const MINUTE_MS = 60_000;
export const SIM = sid('HS', 'sim');

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 });

/** Without what is undefined. */
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
const some = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  arbitrary.map(present).map((value) => (Object.keys(value).length > 0 ? value : undefined));

export const anyNetwork = some<Network>(
  fc.record({
    mcc: maybe(fc.constantFrom('310', '234', '4-4', '|', '\\')) as fc.Arbitrary<string>,
    mnc: maybe(fc.constantFrom('260', '15', '-', '\\|')) as fc.Arbitrary<string>,
    isoCountry: maybe(fc.constantFrom('US', 'GB')) as fc.Arbitrary<string>,
  }),
);
const anyError = some<EventError>(
  fc.record({
    code: maybe(fc.integer({ min: 83_700, max: 83_705 })) as fc.Arbitrary<number>,
    message: maybe(fc.constantFrom('refused', 'broken')) as fc.Arbitrary<string>,
  }),
);

const anyTime = fc.integer({ min: 0, max: 40 }).map((n) => SESSION_START_MS + n * (MINUTE_MS / 2));

const anyBase = {
  timestampMs: maybe(anyTime),
  fleetSid: maybe(fc.constantFrom(sid('HF', 'one'), sid('HF', 'two'))),
  simUniqueName: maybe(fc.constantFrom('first', 'second')),
  ratType: maybe(fc.constantFrom('3G', '4G LTE')),
  network: anyNetwork,
  error: anyError,
  dataModifier: fc.constantFrom(undefined, undefined, 'blocked'),
  imsiTag: maybe(fc.integer({ min: 0, max: 3 })),
};

const anyAttachment = fc.record({
  kind: fc.constant('attachment' as const),
  verb: fc.constantFrom('accepted', 'rejected', 'failed'),
  ...anyBase,
});
const anyFailedStart = fc.record({
  kind: fc.constant('session-start' as const),
  verb: fc.constant('failed' as const),
  ...anyBase,
});

const anySession = fc
  .record({
    kind: fc.constant('data-session' as const),
    verb: fc.constantFrom('started', 'updated', 'ended', 'failed'),
    number: fc.integer({ min: 0, max: 14 }),
    sessionEndMs: maybe(anyTime),
    windowEndMs: maybe(anyTime),
    downloadBytes: maybe(fc.bigInt({ min: 0n, max: 9n })),
    uploadBytes: maybe(fc.bigInt({ min: 0n, max: 1n << 60n })),
    sessionDownloadBytes: maybe(fc.bigInt({ min: 0n, max: 99n })),
    ...anyBase,
  })
  .map(({ number, ...event }) => ({
    ...event,
    dataSessionSid: sid('PI', String(number)),
    apn: number % 3 === 0 ? 'ota.super' : number % 3 === 1 ? 'super' : 'iot',
    // Some start together.
    sessionStartMs: SESSION_START_MS + Math.floor(number / 2) * MINUTE_MS,
  }));

/** Distinct events of one SIM, in some order of arrival. */
export const anyEvents = (maxLength: number): fc.Arbitrary<ConnectionEvent[]> =>
  fc
    .array(fc.oneof(anyAttachment, anyFailedStart, { arbitrary: anySession, weight: 4 }), { maxLength })
    .map((events) =>
      events.map(
        (event, at) =>
          present({
            ...event,
            eventSid: sid('EZ', String(at)),
            accountSid: sid('AC', 'account'),
            simSid: SIM,
            anomalies: [],
          }) as unknown as ConnectionEvent,
      ),
    );

export const sessionEventsOf = (events: readonly ConnectionEvent[]): DataSessionEvent[] =>
  events.filter((event): event is DataSessionEvent => event.kind === 'data-session');

/** What of the events is folded into the SIM. */
export const newsOf = (events: readonly ConnectionEvent[]): SimNews[] =>
  events
    .filter((event) => transitionOf(event) !== undefined)
    .map((event) => ({
      eventSid: event.eventSid,
      simSid: event.simSid,
      event,
      ...(event.timestampMs === undefined ? {} : { timestampMs: event.timestampMs }),
    }));

/** The same things in another order. */
export const shuffled = <T>(things: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...things], { minLength: things.length, maxLength: things.length });

/** Events and another order of them. */
export const anyEventsTwice = (maxLength: number) =>
  anyEvents(maxLength).chain((events) => fc.tuple(fc.constant(events), shuffled(events)));

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent, PersonalField } from '../../../src/decode/event.ts';
import { emptySession, foldEvent, usageOf } from '../../../src/reduce/session.ts';
import { SESSION_START_MS, sessionEvent, WINDOW_MS, without } from '../../support/events.ts';

const NONE: ReadonlySet<PersonalField> = new Set();
const fold = (events: readonly DataSessionEvent[], personal = NONE) =>
  events.reduce((session, event) => foldEvent(session, event, personal), emptySession('PI1'));

const started = (): DataSessionEvent =>
  without(
    sessionEvent(0, { verb: 'started', timestampMs: SESSION_START_MS }),
    'windowStartMs',
    'windowEndMs',
    'downloadBytes',
    'uploadBytes',
    'sessionDownloadBytes',
    'sessionUploadBytes',
  );
const ended = (n: number): DataSessionEvent =>
  sessionEvent(n, { verb: 'ended', sessionEndMs: SESSION_START_MS + n * WINDOW_MS });

describe('the usage of a session', () => {
  it('is the largest counter where events are missing, and says how much no event told', () => {
    const session = fold([started(), sessionEvent(1), sessionEvent(4)]);

    expect(usageOf(session)).toEqual({
      downloadBytes: 4000n,
      uploadBytes: 400n,
      totalBytes: 4400n,
      missingBytes: 2200n,
    });
  });

  it('is the sum of windows in schema v1, which has no counters', () => {
    const v1 = (n: number) => without(sessionEvent(n), 'sessionDownloadBytes', 'sessionUploadBytes');

    expect(usageOf(fold([v1(1), v1(2), v1(3)]))).toMatchObject({ totalBytes: 3300n, missingBytes: 0n });
  });

  it('counts what was used before the first event seen, but does not call it missing', () => {
    const session = fold([sessionEvent(40), sessionEvent(41)]);

    expect(usageOf(session)).toMatchObject({ totalBytes: 45_100n, missingBytes: 0n });
  });

  it('is complete from the ended event alone', () => {
    const session = fold([ended(10)]);

    expect(usageOf(session)).toMatchObject({ totalBytes: 11_000n, missingBytes: 0n });
    expect(session).toMatchObject({
      startedAtMs: SESSION_START_MS,
      terminal: { status: 'ended', endedAtMs: SESSION_START_MS + 10 * WINDOW_MS },
    });
  });

  it('survives a change from schema v1 to v2 in mid-session without inventing a gap', () => {
    const v1 = without(sessionEvent(1), 'sessionDownloadBytes', 'sessionUploadBytes');

    expect(usageOf(fold([started(), v1, sessionEvent(2)]))).toMatchObject({
      totalBytes: 2200n,
      missingBytes: 0n,
    });
  });

  it('is exact above 2^53', () => {
    const big = sessionEvent(1, { sessionDownloadBytes: 9_007_199_254_740_993n, downloadBytes: 1n });

    expect(usageOf(fold([big])).downloadBytes).toBe(9_007_199_254_740_993n);
  });
});

describe('the last value of an attribute', () => {
  it('is by event time, not by arrival, and absence does not erase it', () => {
    const late = sessionEvent(5, { ratType: '3G' });
    const early = without(sessionEvent(2, { ratType: '2G', fleetSid: 'HF2' }), 'network');

    expect(fold([late, early]).values).toMatchObject({ ratType: '3G', network: { mcc: '310' } });
    expect(fold([sessionEvent(1), without(sessionEvent(2), 'ratType')]).values.ratType).toBe('4G LTE');
  });

  it('of data_modifier is cleared by a later event without it: the SIM is no longer blocked', () => {
    const blocked = sessionEvent(1, { dataModifier: 'blocked' });

    expect(fold([blocked]).values.dataModifier).toBe('blocked');
    expect(fold([sessionEvent(2), blocked]).values.dataModifier).toBeNull();
  });

  it('of personal fields is kept only for the fields that the operator asks for', () => {
    const event = sessionEvent(1, { imsi: '999700000000001', imei: '359990000000001' });

    expect(fold([event]).values).not.toHaveProperty('imsi');
    expect(fold([event], new Set(['imsi'])).values).toMatchObject({ imsi: '999700000000001' });
    expect(fold([event], new Set(['imsi'])).values).not.toHaveProperty('imei');
  });
});

describe('the state of a session', () => {
  it('is decided by the terminal event with the latest time, and nothing reopens it', () => {
    const failed = without(sessionEvent(3, { verb: 'failed' }), 'sessionEndMs');

    expect(fold([ended(5), failed]).terminal?.status).toBe('ended');
    expect(fold([failed, ended(2)]).terminal?.status).toBe('failed');
    expect(fold([ended(5), sessionEvent(9)]).terminal?.status).toBe('ended');
  });

  it('has an end only from an event', () => {
    expect(fold([without(sessionEvent(3, { verb: 'failed' }), 'sessionEndMs')]).terminal).not.toHaveProperty(
      'endedAtMs',
    );
  });
});

const anyEvent = fc
  .record({
    n: fc.integer({ min: 0, max: 6 }),
    verb: fc.constantFrom('started' as const, 'updated' as const, 'ended' as const, 'failed' as const),
    ratType: fc.option(fc.constantFrom('2G', '3G', '4G LTE'), { nil: undefined }),
    mnc: fc.option(fc.constantFrom('260', '04'), { nil: undefined }),
    modifier: fc.option(fc.constant('blocked'), { nil: undefined }),
    download: fc.option(fc.bigInt({ min: 0n, max: 1n << 60n }), { nil: undefined }),
    cumulative: fc.option(fc.bigInt({ min: 0n, max: 1n << 60n }), { nil: undefined }),
    timestamped: fc.boolean(),
  })
  .map(({ n, verb, ratType, mnc, modifier, download, cumulative, timestamped }) => {
    const event: Record<string, unknown> = {
      ...sessionEvent(n, { verb }),
      ratType,
      network: mnc && { mcc: '310', mnc },
      dataModifier: modifier,
      downloadBytes: download,
      sessionDownloadBytes: cumulative,
    };
    if (!timestamped) event['timestampMs'] = undefined;
    if (verb === 'ended') event['sessionEndMs'] = SESSION_START_MS + n * WINDOW_MS;
    return without(
      event as never,
      ...(Object.keys(event).filter((key) => event[key] === undefined) as never[]),
    );
  });

it('any order of the same events folds to the same aggregate', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (events, keys) => {
      const shuffled = events
        .map((event) => ({ event, key: keys.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ event }) => event);

      expect(fold(shuffled)).toEqual(fold(events));
    }),
    { numRuns: 2000 },
  );
});

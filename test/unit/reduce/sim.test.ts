import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AttachmentEvent, DataSessionEvent } from '../../../src/decode/event.ts';
import { emptySim, foldNews, RECENT_MAX, type SimNews } from '../../../src/reduce/sim.ts';
import { viewOf } from '../../../src/reduce/sim-view.ts';
import { SESSION_START_MS, sessionEvent, sid } from '../../support/events.ts';
import { anyEventsTwice, newsOf, SIM } from '../../support/sim-arbitraries.ts';

const MINUTE_MS = 60_000;
const fold = (news: readonly SimNews[]) => news.reduce(foldNews, emptySim(SIM));

const newsWith = (event: AttachmentEvent | DataSessionEvent): SimNews => ({
  eventSid: event.eventSid,
  simSid: SIM,
  event,
});
let count = 0;
const attachment = (
  verb: AttachmentEvent['verb'],
  atMs: number,
  changes: Partial<AttachmentEvent> = {},
): SimNews =>
  newsWith({
    kind: 'attachment',
    verb,
    eventSid: sid('EZ', `attachment ${count++}`),
    timestampMs: SESSION_START_MS + atMs,
    accountSid: 'AC1',
    simSid: SIM,
    anomalies: [],
    ...changes,
  });
const session = (
  name: string,
  verb: 'started' | 'ended',
  atMs: number,
  changes: Partial<DataSessionEvent> = {},
): SimNews =>
  newsWith(
    sessionEvent(1, {
      verb,
      eventSid: sid('EZ', `session ${count++}`),
      dataSessionSid: sid('PI', name),
      timestampMs: SESSION_START_MS + atMs,
      sessionStartMs: SESSION_START_MS + (verb === 'started' ? atMs : 0),
      ...changes,
    }),
  );

describe('a SIM’s state', () => {
  it('is the same whatever the order of its events', () => {
    fc.assert(
      fc.property(anyEventsTwice(40), ([events, again]) => {
        expect(fold(newsOf(again))).toEqual(fold(newsOf(events)));
      }),
    );
  });

  it('counts every event once, whatever it says', () => {
    fc.assert(
      fc.property(anyEventsTwice(40), ([events]) => {
        const news = newsOf(events);
        const sim = fold(news);

        expect(Object.values(sim.counts).reduce((sum, n) => sum + n, 0)).toBe(news.length);
        expect(Object.values(sim.rejections).reduce((sum, n) => sum + n, 0)).toBe(
          sim.counts['attachment-rejected'],
        );
        expect(sim.recent.length).toBeLessThanOrEqual(RECENT_MAX);
      }),
    );
  });

  it('keeps the rejections by 64 causes and counts the rest, whatever the order', () => {
    const storm = Array.from({ length: 200 }, (_, n) =>
      attachment('rejected', n, {
        network: { mcc: String(100 + ((n * 37) % 100)), mnc: '01' },
        error: { code: 83_702 },
      }),
    );
    const forwards = fold(storm);

    expect(fold([...storm].reverse())).toEqual(forwards);
    expect(Object.keys(forwards.rejections)).toHaveLength(65);
    expect(forwards.rejections['100-01|83702']).toBe(2);
    expect(forwards.rejections['other']).toBe(200 - 2 * 64);
  });

  it('counts IMSIs up to 64, whatever the order', () => {
    const changes = Array.from({ length: 100 }, (_, n) =>
      attachment('accepted', n, { imsiTag: (n * 31) % 90 }),
    );

    expect(fold([...changes].reverse()).imsiTags).toEqual(fold(changes).imsiTags);
    expect(fold(changes).imsiTags).toHaveLength(64);
  });
});

describe('what readers see of a SIM', () => {
  const view = (...news: SimNews[]) => viewOf(fold(news));

  it.each([
    ['nothing but a rejection: offline', [attachment('rejected', 0)], 'offline'],
    ['attached, and no session yet', [attachment('accepted', 0)], 'attached'],
    ['a session is open', [attachment('accepted', 0), session('a', 'started', 1_000)], 'online'],
    ['its session has ended', [session('a', 'started', 0), session('a', 'ended', 9_000)], 'offline'],
    [
      'attached again after its session ended',
      [session('a', 'started', 0), session('a', 'ended', 9_000), attachment('accepted', 10_000)],
      'attached',
    ],
    [
      'blocked, although a session is open',
      [session('a', 'started', 0, { dataModifier: 'blocked' })],
      'blocked',
    ],
    [
      'blocked no more: a later event does not say so',
      [session('a', 'started', 0, { dataModifier: 'blocked' }), attachment('accepted', 1_000)],
      'online',
    ],
  ] as const)('%s', (_, news, state) => {
    expect(view(...news).connectionState).toBe(state);
    expect(view(...[...news].reverse()).connectionState).toBe(state);
  });

  it('re-attaching: three times within minutes without a session; one session ends it', () => {
    const quick = [0, 1, 2].map((n) => attachment('accepted', n * MINUTE_MS));
    const slow = [0, 1, 2].map((n) => attachment('accepted', n * 60 * MINUTE_MS));

    expect(view(...quick)).toMatchObject({ flags: ['reattaching'], attachmentsWithoutSession: 3 });
    expect(view(...slow).flags).toEqual([]);
    expect(view(...quick, session('a', 'started', 3 * MINUTE_MS))).toMatchObject({
      flags: [],
      attachmentsWithoutSession: 0,
    });
  });

  it('a rejection storm: eight within ten minutes, counted by network and error code', () => {
    const rejections = Array.from({ length: 8 }, (_, n) =>
      attachment('rejected', n * MINUTE_MS, {
        network: { mcc: '310', mnc: '260' },
        error: { code: 83_702, message: 'not allowed' },
      }),
    );
    const sim = fold(rejections);

    expect(viewOf(sim)).toMatchObject({ flags: ['rejection-storm'], rejectionsInARow: 8 });
    expect(sim.rejections).toEqual({ '310-260|83702': 8 });
    expect(view(...rejections.slice(1)).flags).toEqual([]);
    expect(view(...rejections, attachment('accepted', 9 * MINUTE_MS))).toMatchObject({
      flags: [],
      rejectionsInARow: 0,
    });
  });

  it('several sessions at once, and OTA blocks opened one after the other', () => {
    const ota = { apn: 'ota.super' };
    const block = (n: number) => [
      session(`block ${n}`, 'started', n * MINUTE_MS, ota),
      session(`block ${n}`, 'ended', n * MINUTE_MS + 30_000, {
        ...ota,
        sessionStartMs: SESSION_START_MS + n * MINUTE_MS,
        sessionEndMs: SESSION_START_MS + n * MINUTE_MS + 30_000,
      }),
    ];

    expect(view(session('a', 'started', 0), session('b', 'started', 1))).toMatchObject({
      flags: ['several-sessions'],
      openSessionCount: 2,
      superSessionSid: sid('PI', 'b'),
    });
    expect(view(...block(0), ...block(1), ...block(2))).toMatchObject({
      flags: ['ota-in-blocks'],
      otaBlocksInARow: 3,
      connectionState: 'offline',
    });
    expect(view(...block(0), ...block(5)).flags).toEqual([]);
  });
});

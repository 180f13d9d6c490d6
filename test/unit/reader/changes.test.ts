import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  changesOf,
  type SessionChange,
  type StreamRecord,
  usageChangesOf,
} from '../../../src/reader/index.ts';
import { emptySession, foldEvent, type SessionAggregate } from '../../../src/reduce/session.ts';
import { sessionToItem } from '../../../src/store/session-attributes.ts';
import { sessionEvent } from '../../support/events.ts';
import {
  FLEET,
  HUGE,
  openSessionItem,
  type PlainItem,
  SIM,
  sessionItem,
  sessionSid,
  usageItem,
} from '../../support/reader-items.ts';

/** As Lambda hands it over: binary is base64 there. */
function record(
  before: PlainItem | undefined,
  after: PlainItem | undefined,
  eventID = 'event-1',
): StreamRecord {
  const image = (item: PlainItem | undefined) =>
    item && { ...marshall(item), ...(item['dedup'] ? { dedup: { B: 'AQID' } } : {}) };
  const eventName = before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT';
  const [OldImage, NewImage] = [image(before), image(after)];
  return {
    eventID,
    eventName,
    dynamodb: { ...(OldImage ? { OldImage } : {}), ...(NewImage ? { NewImage } : {}) },
  };
}
const kinds = (changes: readonly { kind: string }[]): string[] => changes.map(({ kind }) => kind);
const NO_BYTES = { download_bytes: 0n, upload_bytes: 0n, total_bytes: 0n };

describe('a record of the sessions table', () => {
  it('of a new session says that it opened, and what it has used already', () => {
    expect(changesOf(record(undefined, openSessionItem(1, { version: 1n })))).toEqual([
      {
        kind: 'opened',
        dataSessionSid: sessionSid(1),
        simSid: SIM,
        eventId: 'event-1',
        version: 1,
        session: expect.objectContaining({ status: 'open', total_bytes: 110n }),
      },
      expect.objectContaining({ kind: 'grew', downloadBytes: 100n, uploadBytes: 10n, totalBytes: 110n }),
    ]);
    expect(kinds(changesOf(record(undefined, openSessionItem(1, NO_BYTES))))).toEqual(['opened']);
  });

  it('says by exactly how much it grew', () => {
    const grown = { download_bytes: 100n + HUGE, total_bytes: 110n + HUGE };
    expect(changesOf(record(openSessionItem(1), openSessionItem(1, grown)))).toEqual([
      expect.objectContaining({ kind: 'grew', downloadBytes: HUGE, uploadBytes: 0n, totalBytes: HUGE }),
    ]);
  });

  it.each([
    ['ended', 'open', 'ended', ['ended']],
    ['failed', 'open', 'failed', ['failed']],
    ['a later terminal event decided otherwise', 'failed', 'ended', ['ended']],
    ['only other attributes changed', 'ended', 'ended', []],
  ])('says when it %s', (_, before, after, expected) => {
    expect(
      kinds(changesOf(record(sessionItem(1, { status: before }), sessionItem(1, { status: after })))),
    ).toEqual(expected);
  });

  it('says that a session was removed, with what it was', () => {
    expect(changesOf(record(sessionItem(1), undefined))).toEqual([
      expect.objectContaining({ kind: 'removed', session: expect.objectContaining({ total_bytes: 110n }) }),
    ]);
  });

  it('without both images is refused, and so is one by a newer writer', () => {
    const { dynamodb: { OldImage: _, ...rest } = {}, ...broken } = record(sessionItem(1), sessionItem(1));
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(() => changesOf({ ...broken, dynamodb: rest })).toThrow(refusal('image-missing'));
    expect(() => changesOf({ eventName: 'MODIFY', dynamodb: {} })).toThrow(refusal('image-missing'));
    expect(() => changesOf({ eventName: 'MODIFY' })).toThrow(refusal('image-missing'));
    expect(() => changesOf(record(undefined, sessionItem(1, { schema_version: 2n })))).toThrow(
      refusal('item-newer'),
    );
  });

  it('sums up to the item, however the events are cut into writes and in whatever order they came', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 1 }),
        fc.array(fc.boolean()),
        (numbers, cuts) => {
          const records: StreamRecord[] = [];
          const write = (session: SessionAggregate, version: number): PlainItem =>
            sessionToItem({ session, memory: { ring: [], hasPages: false }, version, unknown: {} } as never, {
              updatedAtMs: 0,
            });
          let session = emptySession(sessionEvent(1).dataSessionSid);
          let stored: PlainItem | undefined;
          for (const [at, number] of numbers.entries()) {
            session = foldEvent(session, sessionEvent(number), new Set());
            if (cuts[at] && at < numbers.length - 1) continue;
            const item = write(session, records.length + 1);
            records.push(record(stored, item));
            stored = item;
          }
          const changes: SessionChange[] = records.flatMap(changesOf);
          const grown = changes.reduce(
            (sum, change) => (change.kind === 'grew' ? sum + change.totalBytes : sum),
            0n,
          );
          expect(grown).toBe(stored?.['total_bytes']);
          expect(kinds(changes).filter((kind) => kind === 'opened')).toEqual(['opened']);
        },
      ),
    );
  });
});

describe('a record of the usage table', () => {
  const before = usageItem('2026-11-24', {
    '05': { 'super|310-260|US': { down: 5n, up: 1n }, 'ota.super|-|': { down: 1n, up: 1n } },
  });
  const after = usageItem('2026-11-24', {
    '05': { 'super|310-260|US': { down: 5n + HUGE, up: 1n }, 'ota.super|-|': { down: 1n, up: 1n } },
    '06': { 'super|310-410|US': { down: 2n, up: 3n } },
  });

  it('says what grew, hour by hour and line by line', () => {
    expect(usageChangesOf(record(before, after))).toEqual([
      {
        kind: 'usage-grew',
        simSid: SIM,
        fleetSid: FLEET,
        hour: '2026-11-24T05:00:00.000Z',
        apn: 'super',
        mcc: '310',
        mnc: '260',
        isoCountry: 'US',
        downloadBytes: HUGE,
        uploadBytes: 0n,
        eventId: 'event-1',
        version: 1,
      },
      expect.objectContaining({
        hour: '2026-11-24T06:00:00.000Z',
        mnc: '410',
        downloadBytes: 2n,
        uploadBytes: 3n,
      }),
    ]);
    expect(usageChangesOf(record(undefined, before))).toHaveLength(2);
    expect(usageChangesOf(record(before, undefined))).toEqual([]);
  });
});

it('records of other tables say nothing', () => {
  expect(changesOf(record(undefined, usageItem('2026-11-24', {})))).toEqual([]);
  expect(usageChangesOf(record(undefined, sessionItem(1)))).toEqual([]);
});

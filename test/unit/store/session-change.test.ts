import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { PERSONAL_FIELDS } from '../../../src/decode/event.ts';
import { EMPTY_MEMORY, type EventId, remember } from '../../../src/reduce/dedup-memory.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { itemSizeBytes } from '../../../src/store/item-size.ts';
import type { ItemChange } from '../../../src/store/item-writer.ts';
import { packSession, unpackSession } from '../../../src/store/packed-session.ts';
import {
  changeFromItem,
  sessionChange,
  sessionItemBytes,
  sessionToItem,
} from '../../../src/store/session-attributes.ts';
import { sessionFromItem } from '../../../src/store/session-item.ts';
import type { StoredSession } from '../../../src/store/stored-session.ts';
import { hex32, SESSION_START_MS, sessionEvent, sid, WINDOW_MS } from '../../support/events.ts';

const PERSONAL = new Set(PERSONAL_FIELDS);
const text = fc.string({ unit: 'binary', maxLength: 12 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const bytes = fc.bigInt({ min: 0n, max: 1n << 70n });

/** Whatever can be in an event, more often absent than in life. */
const changes = fc.record({
  verb: fc.constantFrom('started', 'updated', 'ended', 'failed'),
  timestampMs: maybe(fc.integer({ min: SESSION_START_MS, max: SESSION_START_MS + 10 * WINDOW_MS })),
  sessionStartMs: maybe(fc.constantFrom(SESSION_START_MS, SESSION_START_MS - 1)),
  sessionEndMs: maybe(fc.integer({ min: SESSION_START_MS, max: SESSION_START_MS + WINDOW_MS })),
  simUniqueName: maybe(text),
  apn: maybe(text),
  dataModifier: maybe(text),
  network: maybe(fc.record({ mcc: text, mnc: text }, { requiredKeys: [] })),
  error: maybe(fc.record({ code: fc.nat(), message: text }, { requiredKeys: [] })),
  imsi: maybe(text),
  location: maybe(
    fc.record(
      { cellId: text, lat: fc.double({ noNaN: true, noDefaultInfinity: true }) },
      { requiredKeys: [] },
    ),
  ),
  downloadBytes: maybe(bytes),
  sessionDownloadBytes: maybe(bytes),
});

const events: fc.Arbitrary<readonly DataSessionEvent[]> = fc
  .array(changes, { minLength: 2, maxLength: 20 })
  .map((all) =>
    all.map((each, n) => {
      const there = Object.entries(each).filter(([, value]) => value !== undefined);
      const { dataModifier: _, ...event } = sessionEvent(n);
      return { ...event, ...Object.fromEntries(there) } as DataSessionEvent;
    }),
  );

function count(base: StoredSession, all: readonly DataSessionEvent[]): StoredSession {
  return {
    session: all.reduce((session, event) => foldEvent(session, event, PERSONAL), base.session),
    memory: remember(
      base.memory,
      all.map((event) => ({ id: hex32(event.eventSid) as EventId, event })),
    ),
    version: base.version + 1,
    unknown: base.unknown,
  };
}

const NEW: StoredSession = {
  session: emptySession(sid('PI', 'session')),
  memory: EMPTY_MEMORY,
  version: 0,
  unknown: {},
};
const FIRST = { updatedAtMs: SESSION_START_MS };
const SECOND = { updatedAtMs: SESSION_START_MS + 1, writer: 7 };

const changed = (item: object, { set, remove }: ItemChange): object =>
  Object.fromEntries(Object.entries({ ...item, ...set }).filter(([name]) => !remove.includes(name)));

/** Of the first event. */
const SAME_BYTES = {
  downloadBytes: 0n,
  uploadBytes: 0n,
  sessionDownloadBytes: 1_000n,
  sessionUploadBytes: 100n,
};

const split = (all: readonly DataSessionEvent[], at: number): readonly [StoredSession, StoredSession] => {
  const before = count(NEW, all.slice(0, 1 + (at % (all.length - 1))));
  return [before, count(before, all.slice(1 + (at % (all.length - 1))))];
};

describe('a change of a session item', () => {
  it('from what was written before makes what is to be written', () => {
    fc.assert(
      fc.property(events, fc.nat(), (all, at) => {
        const [before, after] = split(all, at);

        expect(changed(sessionToItem(before, FIRST), sessionChange(before, after, SECOND))).toEqual(
          sessionToItem(after, SECOND),
        );
      }),
    );
  });

  it('names nothing that stays as it is', () => {
    const before = count(NEW, [sessionEvent(1)]);
    const after = count(before, [sessionEvent(2, SAME_BYTES)]);

    const { set, remove } = sessionChange(before, after, SECOND);

    expect(Object.keys(set).sort()).toEqual([
      'dedup',
      'event_count',
      'update_count',
      'updated_at',
      'usage_through',
      'version',
    ]);
    expect(remove).toEqual([]);
  });

  it('from what was read, whatever of ours it held, makes what is to be written and leaves what is not ours', () => {
    fc.assert(
      fc.property(events, fc.nat(), (all, at) => {
        const [, after] = split(all, at);
        const foreign = { data_session_sid: sid('PI', 'session'), added_later: 'x' };
        const read = { ...foreign, apn: 5, error: 'x', ended_at: null, schema_version: 0 };

        expect(changed(read, changeFromItem(read, after, SECOND))).toEqual({
          ...sessionToItem(after, SECOND),
          ...foreign,
        });
      }),
    );
  });

  it('knows the whole item’s size', () => {
    fc.assert(
      fc.property(events, (all) => {
        const stored = { ...count(NEW, all), unknown: { added_later: 'äx' } };
        const item = sessionToItem(stored, SECOND);

        expect(sessionItemBytes(stored, item['dedup'] as Uint8Array)).toBe(itemSizeBytes(item));
      }),
    );
  });

  it('sets anew when it expires, and counts that in its size', () => {
    const before = count(NEW, [sessionEvent(1)]);
    const after = count(before, [sessionEvent(2)]);
    const later = { ...SECOND, expiresAtSeconds: 1_780_099_200 };

    expect(sessionChange(before, after, later).set).toMatchObject({ expires_at: 1_780_099_200 });
    const item = sessionToItem(after, later);
    expect(item).toMatchObject({ expires_at: 1_780_099_200 });
    expect(sessionItemBytes(after, item['dedup'] as Uint8Array, later)).toBe(itemSizeBytes(item));
  });

  it('takes back that it expires, when sessions are kept for ever again', () => {
    const before = count(NEW, [sessionEvent(1)]);
    const read = sessionToItem(before, { ...FIRST, expiresAtSeconds: 1 });

    const { set, remove } = changeFromItem(read, count(before, [sessionEvent(2)]), SECOND);

    expect(remove).toEqual(['expires_at']);
    expect(set).not.toHaveProperty('expires_at');
    expect(sessionFromItem(read).unknown).toEqual({});
  });
});

describe('a packed session', () => {
  it('is made again as it was', () => {
    fc.assert(
      fc.property(events, (all) => {
        const stored = count(NEW, all);
        const entry = packSession(stored, sessionToItem(stored, SECOND)['dedup'] as Uint8Array);

        // -0 is 0 to JSON, and to whom reads the item.
        expect(entry && unpackSession(sid('PI', 'session'), entry)).toEqual(
          JSON.stringify(stored.session.values).includes('"lat":0') ? expect.anything() : stored,
        );
      }),
    );
  });

  it('is not to be had of one with attributes that are not known', () => {
    expect(packSession({ ...NEW, unknown: { added_later: 1 } }, new Uint8Array())).toBeUndefined();
  });
});

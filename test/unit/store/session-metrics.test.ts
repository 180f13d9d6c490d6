/** What the store counts of its writes: units of indexes, and bytes that are missing. */
import { describe, expect, it } from '@jest/globals';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { sessionKind } from '../../../src/store/session-kind.ts';
import type { StoredSession } from '../../../src/store/stored-session.ts';
import { sessionEvent, without } from '../../support/events.ts';

const kind = sessionKind({ tableName: 't', keepDays: 0, personalFields: new Set() });

/** The session after a write of these events. */
function written(before: StoredSession, ...events: DataSessionEvent[]): StoredSession {
  const folded = kind.fold(
    before,
    events.map((event) => ({ id: event.eventSid as never, event })),
    before.version + 1,
  );
  return { ...folded, version: before.version + 1 };
}

const NEW = kind.empty('PI');
const units = (before: StoredSession, after: StoredSession): number | undefined =>
  kind.indexUnits?.(before, after);

describe('index entries of a session', () => {
  it('are two when it is new and open, and one goes when it ends', () => {
    const open = written(NEW, sessionEvent(1));
    const updated = written(open, sessionEvent(2));
    const ended = written(updated, sessionEvent(3, { verb: 'ended' }));

    expect([units(NEW, open), units(open, updated), units(updated, ended)]).toEqual([2, 0, 1]);
  });

  it('are one of a session that is over when it is first seen', () => {
    expect(units(NEW, written(NEW, sessionEvent(1, { verb: 'ended' })))).toBe(1);
  });

  it('come with the start, and move with it', () => {
    const unstarted = written(NEW, without(sessionEvent(2), 'sessionStartMs'));
    const started = written(unstarted, sessionEvent(3));
    const earlier = written(started, sessionEvent(4, { sessionStartMs: 1_772_323_100_000 }));

    expect([units(NEW, unstarted), units(unstarted, started), units(started, earlier)]).toEqual([1, 1, 2]);
  });
});

describe('bytes that are missing', () => {
  it('are found by the event after the one that is missing, and made up by a late one', () => {
    const one = written(NEW, sessionEvent(1));
    const short = written(one, sessionEvent(3));
    const whole = written(short, sessionEvent(2));

    expect([one, short, whole].map((stored) => kind.missingBytes?.(stored))).toEqual([0n, 1_100n, 0n]);
  });
});

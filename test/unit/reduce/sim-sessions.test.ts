import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { emptySessionLists, foldSimSession, type SimSession } from '../../../src/reduce/sim-sessions.ts';
import { anyEventsTwice, sessionEventsOf } from '../../support/sim-arbitraries.ts';

const transitions = (events: readonly DataSessionEvent[]) => events.filter(({ verb }) => verb !== 'updated');
const fold = (events: readonly DataSessionEvent[]) => events.reduce(foldSimSession, emptySessionLists);

/** All sessions, from all events at once; then the last to start. */
function expected(events: readonly DataSessionEvent[], isOta: boolean, kept: number): SimSession[] {
  const all = events.filter(({ apn }) => (apn === 'ota.super') === isOta);
  const sids = [...new Set(all.map(({ dataSessionSid }) => dataSessionSid))];
  const sessions = sids.map((sid) => {
    const own = all.filter(({ dataSessionSid }) => dataSessionSid === sid);
    const ends = own
      .filter(({ verb }) => verb !== 'started')
      .map(({ sessionEndMs, timestampMs }) => sessionEndMs ?? timestampMs ?? 0);
    return {
      sid,
      startedMs: own[0]?.sessionStartMs ?? 0,
      ...(ends.length > 0 ? { endedMs: Math.max(...ends) } : {}),
    };
  });
  return sessions.sort((a, b) => a.startedMs - b.startedMs || (a.sid < b.sid ? -1 : 1)).slice(-kept);
}

it('the latest sessions of each kind of APN are the same in any order, and those of an independent look', () => {
  fc.assert(
    fc.property(anyEventsTwice(60), ([events, again]) => {
      const [one, other] = [events, again].map((list) => transitions(sessionEventsOf(list)));
      const lists = fold(one as DataSessionEvent[]);

      expect(fold(other as DataSessionEvent[])).toEqual(lists);
      expect(lists.user).toEqual(expected(one as DataSessionEvent[], false, 4));
      expect(lists.ota).toEqual(expected(one as DataSessionEvent[], true, 6));
    }),
  );
});

it('an event that comes twice changes nothing', () => {
  fc.assert(
    fc.property(anyEventsTwice(30), ([events]) => {
      const once = transitions(sessionEventsOf(events));

      expect(fold([...once, ...once])).toEqual(fold(once));
    }),
  );
});

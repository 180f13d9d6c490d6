import { expect, it } from '@jest/globals';
import type { ConnectionEvent } from '../../src/decode/event.ts';
import { EVENT_TYPES, Tally } from '../../src/tally.ts';
import { sessionEvent } from '../support/events.ts';

it('applied events are counted by type, and add up; duplicates are of no type', () => {
  const [one, other] = [new Tally(), new Tally()];
  one.settle(sessionEvent(1), 'applied');
  one.settle(sessionEvent(2), 'applied');
  one.settle(sessionEvent(2), 'duplicate');
  other.settle(sessionEvent(3, { verb: 'ended' }), 'applied');
  other.settle({ ...sessionEvent(1), kind: 'attachment', verb: 'rejected' } as ConnectionEvent, 'applied');
  one.add(other);

  expect(Object.fromEntries(one.appliedByType)).toEqual({
    'data-session.updated': 2,
    'data-session.ended': 1,
    'attachment.rejected': 1,
  });
  expect([one.applied, one.duplicate]).toEqual([4, 1]);
});

it('there are eight types, whatever comes', () => {
  expect(EVENT_TYPES).toHaveLength(8);
  expect(new Set(EVENT_TYPES).size).toBe(8);
});

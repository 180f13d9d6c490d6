import { describe, expect, it } from '@jest/globals';
import { HeldBack } from '../../../src/store/held-back.ts';
import { ApplyRequest, type ItemQueue, newQueue } from '../../../src/store/pending-events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SHARD = new AbortController().signal;
const OTHER_SHARD = new AbortController().signal;
/** As many as are under way at once. */
const UNDERWAY = 200;

function given({ holdBackMs = 10_000, heldBackMax = 100_000 } = {}) {
  const clock = new VirtualClock();
  const started: string[] = [];
  const queues = new Map<string, ItemQueue<string>>();
  const closing = new AbortController();
  const held = new HeldBack<string>(
    {
      clock,
      closing: closing.signal,
      start: (queue) => {
        held.remove(queue);
        started.push(queue.id);
      },
    },
    { holdBackMs, heldBackMax },
  );
  const add = (id: string, signal = SHARD): void => {
    const queue = queues.get(id) ?? newQueue<string>(id);
    queues.set(id, queue);
    queue.events.push({ own: '', common: {}, request: new ApplyRequest(1, signal, undefined), index: 0 });
    held.add(queue);
  };
  const queue = (id: string) => queues.get(id) as ItemQueue<string>;
  return { clock, held, add, queue, started, closing };
}

const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `item ${at}`);

describe('items held back', () => {
  it('start when each has waited its time, several at once', async () => {
    const { clock, add, started } = given();
    add('a');
    await clock.advance(500);
    add('b');
    await clock.advance(5_000);
    add('c');
    add('a');
    await clock.advance(4_499);
    expect(started).toEqual([]);

    await clock.advance(1);
    expect(started).toEqual(['a', 'b']);
    await clock.advance(5_500);
    expect(started).toEqual(['a', 'b', 'c']);

    add('d');
    await clock.advance(10_000);
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('start at once for a shard that asks: its own, and no other’s', async () => {
    const { clock, held, add, started } = given();
    add('ours');
    add('theirs', OTHER_SHARD);
    add('both', OTHER_SHARD);
    add('both');
    held.flush(SHARD);
    await clock.advance(0);
    expect(started).toEqual(['ours', 'both']);

    held.flush();
    await clock.advance(0);
    expect(started).toEqual(['ours', 'both', 'theirs']);
  });

  it('make room as they are done, the longest waiting first, and never all at once', async () => {
    const { clock, held, add, queue, started } = given();
    const items = many(3 * UNDERWAY);
    for (const id of items) add(id);
    let isWanted = true;
    held.makeRoom(() => isWanted);
    held.makeRoom(() => isWanted);
    await clock.advance(0);
    expect(started).toEqual(items.slice(0, UNDERWAY));

    // One goes for each that is done, as long as room is wanted.
    for (const id of started.slice(0, 10)) held.done(queue(id));
    await clock.advance(0);
    expect(started).toEqual(items.slice(0, UNDERWAY + 10));
    isWanted = false;
    for (const id of started.slice(10, 20)) held.done(queue(id));
    await clock.advance(0);
    expect(started).toHaveLength(UNDERWAY + 10);
  });

  it('start as others are done when all are due', async () => {
    const { clock, held, add, queue, started } = given();
    const items = many(UNDERWAY + 5);
    for (const id of items) add(id);
    held.flush();
    await clock.advance(0);
    expect(started).toHaveLength(UNDERWAY);

    for (const id of items.slice(0, 5)) held.done(queue(id));
    await clock.advance(0);
    expect(started).toEqual(items);
  });

  it('make room by themselves when there are too many', async () => {
    const { clock, add, started } = given({ heldBackMax: 3 });
    add('a');
    add('b');
    await clock.advance(0);
    expect(started).toEqual([]);

    add('b');
    await clock.advance(0);
    expect(started).toEqual(['a', 'b']);
  });

  it('are left alone once written for an event that must not wait, and wait anew after it', async () => {
    const { clock, held, add, queue, started } = given();
    add('a');
    held.remove(queue('a'));
    await clock.advance(6_000);
    add('a');
    await clock.advance(9_999);
    expect(started).toEqual([]);

    await clock.advance(1);
    expect(started).toEqual(['a']);
  });

  it('never start after the end', async () => {
    const { clock, held, add, started, closing } = given();
    add('a');
    closing.abort();
    held.flush();
    await clock.advance(20_000);
    expect(started).toEqual([]);
  });
});

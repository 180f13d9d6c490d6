import { describe, expect, it } from '@jest/globals';
import { Batcher } from '../../../src/store/batcher.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Batches of at most 3, at most 2 under way, whose calls end when told to. */
function given() {
  const clock = new VirtualClock();
  const sent: { readonly items: readonly number[]; readonly atMs: number }[] = [];
  const ends: ((outcome: 'done' | 'throttled') => void)[] = [];
  const batcher = new Batcher<number>({
    clock,
    closing: new AbortController().signal,
    sizeMax: 3,
    underWayMax: 2,
    lingerMs: 5,
    send: (items) => {
      sent.push({ items, atMs: clock.monotonicMs() });
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  const add = async (...items: number[]): Promise<void> => {
    for (const item of items) batcher.add(item);
    await clock.advance(0);
  };
  const end = async (outcome: 'done' | 'throttled' = 'done'): Promise<void> => {
    ends.shift()?.(outcome);
    await clock.advance(0);
  };
  return { clock, batcher, sent, add, end, batches: () => sent.map(({ items }) => items) };
}

describe('a batcher', () => {
  it('sends what came in one turn together, and a lone item at once', async () => {
    const { add, batches } = given();
    await add(1, 2);

    expect(batches()).toEqual([[1, 2]]);
  });

  it('holds a part of a batch back while another is under way, until it ends', async () => {
    const { add, end, batches } = given();
    await add(1);
    await add(2);
    expect(batches()).toEqual([[1]]);

    await end();
    expect(batches()).toEqual([[1], [2]]);
  });

  it('holds it back no longer than the linger time', async () => {
    const { clock, add, sent } = given();
    await add(1);
    await add(2);
    await clock.advance(20);

    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 5]);
  });

  it('sends full batches at once, as many as may be under way', async () => {
    const { add, end, batches } = given();
    await add(1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(batches()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);

    await end();
    expect(batches().at(-1)).toEqual([7, 8, 9]);
  });

  it('halves the calls under way when one is throttled, and adds one for each full batch that succeeds', async () => {
    const { batcher, add, end } = given();
    await add(1, 2, 3);
    await end('throttled');
    expect(batcher.limit).toBe(1);

    await add(4);
    await end();
    expect(batcher.limit).toBe(1);
    await add(5, 6, 7);
    await end();
    expect(batcher.limit).toBe(2);
  });
});

import { setMaxListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { type Answer, Batcher } from '../../../src/store/batcher.ts';
import type { Random } from '../../../src/time.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Outcome = 'done' | 'throttled' | 'fatal' | 'rejects';

const ERROR_NAMES = { throttled: 'ThrottlingException', fatal: 'AccessDeniedException' } as const;
const named = (name: string): Error => Object.assign(new Error(name), { name });
/** A back-off is half of its longest. */
const random: Random = { next: () => 0.5, bytes: (count) => new Uint8Array(count) };

/** Batches of at most 3, at most 2 under way, whose calls end when told to. The answer to an item is its tenfold. */
function given() {
  const clock = new VirtualClock();
  const closing = new AbortController();
  // As the worker's own: each item that waits listens.
  setMaxListeners(0, closing.signal);
  const sent: { readonly items: readonly number[]; readonly atMs: number }[] = [];
  const ends: ((outcome: Outcome) => void)[] = [];
  const retries: string[] = [];
  const batcher = new Batcher<number, number>({
    clock,
    random,
    onRetry: ({ errorName, attempt, delayMs }) => retries.push(`${errorName} ${attempt} ${delayMs}`),
    closing: closing.signal,
    sizeMax: 3,
    underWayMax: 2,
    lingerMs: 5,
    send: (items) => {
      sent.push({ items, atMs: clock.monotonicMs() });
      return new Promise((resolve, reject) =>
        ends.push((outcome) => {
          const answer = (item: number): Answer<number> =>
            outcome === 'done'
              ? { value: item * 10 }
              : { error: named(ERROR_NAMES[outcome as keyof typeof ERROR_NAMES]) };
          if (outcome === 'rejects') reject(named('InternalServerError'));
          else resolve(items.map(answer));
        }),
      );
    },
  });
  const answers: (number | string)[] = [];
  const add = async (...items: number[]): Promise<void> => {
    for (const item of items)
      batcher.ask(item).then(
        (answer) => answers.push(answer),
        (error: Error) => answers.push(`${item} ${error.name}`),
      );
    await clock.advance(0);
  };
  const end = async (outcome: Outcome = 'done'): Promise<void> => {
    ends.shift()?.(outcome);
    await clock.advance(0);
  };
  return {
    clock,
    closing,
    batcher,
    sent,
    answers,
    retries,
    add,
    end,
    batches: () => sent.map(({ items }) => items),
  };
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

  it('does not slow the others for one hot item, which is throttled again and again', async () => {
    const clock = new VirtualClock();
    const batcher = new Batcher<number, number>({
      clock,
      random,
      closing: new AbortController().signal,
      sizeMax: 25,
      underWayMax: 16,
      send: async (items) =>
        items.map((item) => (item === 0 ? { error: named('ThrottlingException') } : { value: item })),
    });
    void batcher.ask(0).catch(() => undefined);
    for (let round = 0; round < 20; round += 1) {
      for (let item = 1; item <= 49; item += 1) void batcher.ask(item);
      if (round % 2 === 0) void batcher.ask(0).catch(() => undefined);
      await clock.advance(10);
    }

    expect(batcher.limit).toBe(16);
  });

  it('gives each item its own answer', async () => {
    const { add, end, answers } = given();
    await add(1, 2);
    await end();
    await add(3);
    await end('fatal');

    expect(answers).toEqual([10, 20, '3 AccessDeniedException']);
  });

  it('asks again for what was throttled or failed in passing, after a pause that grows', async () => {
    const { clock, add, end, answers, retries, sent } = given();
    await add(1);
    await end('throttled');
    await clock.advance(100);
    await end('rejects');
    await clock.advance(100);
    await end();

    expect(answers).toEqual([10]);
    expect(retries).toEqual(['ThrottlingException 0 25', 'InternalServerError 1 50']);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 25, 150]);
  });

  it('ends what waits to be asked again, and what is asked after the end, when it is closed', async () => {
    const { clock, closing, add, end, answers } = given();
    await add(1);
    await end('throttled');
    closing.abort();
    await clock.advance(0);
    await add(2);

    expect(answers).toEqual(['1 AbortError', '2 AbortError']);
  });
});

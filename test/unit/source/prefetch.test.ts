import { describe, expect, it } from '@jest/globals';
import { type PageReader, Prefetch, PrefetchBudget } from '../../../src/source/prefetch.ts';
import type { RecordPage } from '../../../src/source/record.ts';
import { NEVER } from './given-poller.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pageOf = (bytes: number, extra: Partial<RecordPage> = {}): RecordPage => ({
  records: [],
  millisBehindLatest: 0,
  isAtTip: false,
  bytes,
  ...extra,
});

/** Hands out the pages, then what `last` says; counts what was asked for. */
function givenReader(pages: RecordPage[], last: 'hang' | Error = 'hang') {
  const reader = {
    reads: 0,
    next: async (signal: AbortSignal): Promise<RecordPage | 'aborted'> => {
      reader.reads += 1;
      const page = pages.shift();
      if (page) return page;
      if (last instanceof Error) throw last;
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve('aborted'), { once: true }),
      );
    },
  } satisfies PageReader & { reads: number };
  return reader;
}

describe('reading ahead', () => {
  it('keeps the order', async () => {
    const pages = [1, 2, 3, 4].map((bytes) => pageOf(bytes));
    const prefetch = new Prefetch(givenReader([...pages]));

    const seen = [];
    for (let n = 0; n < 4; n += 1) seen.push(await prefetch.next(NEVER));

    expect(seen).toEqual(pages);
    await prefetch.close();
  });

  it('pauses while the buffer is full, the page in hand included, and goes on when the next is taken', async () => {
    const reader = givenReader(Array.from({ length: 10 }, () => pageOf(50_000)));
    const prefetch = new Prefetch(reader, new PrefetchBudget(100_000));

    await prefetch.next(NEVER);
    await settle();
    const readsWhileFull = reader.reads;
    await prefetch.next(NEVER);
    await settle();

    expect(readsWhileFull).toBe(2);
    expect(reader.reads).toBe(3);
    await prefetch.close();
  });

  it('does not pile up empty pages without end', async () => {
    const reader = givenReader(Array.from({ length: 1_000 }, () => pageOf(0)));
    const prefetch = new Prefetch(reader, new PrefetchBudget(10_240));

    await prefetch.next(NEVER);
    await settle();

    expect(reader.reads).toBeLessThanOrEqual(12);
    await prefetch.close();
  });

  it('stops at the shard’s end', async () => {
    const end = pageOf(1, { shardEnd: { childShards: [] } });
    const reader = givenReader([pageOf(1), end, pageOf(1)]);
    const prefetch = new Prefetch(reader);

    await prefetch.next(NEVER);
    expect(await prefetch.next(NEVER)).toBe(end);
    await settle();

    expect(reader.reads).toBe(2);
    await prefetch.close();
  });

  it('hands out what came before an error, then the error, again and again', async () => {
    const error = new Error('fatal');
    const prefetch = new Prefetch(givenReader([pageOf(1)], error));

    expect(await prefetch.next(NEVER)).toMatchObject({ bytes: 1 });
    await expect(prefetch.next(NEVER)).rejects.toBe(error);
    await expect(prefetch.next(NEVER)).rejects.toBe(error);
    await prefetch.close();
  });

  it('an aborted wait takes no page: the next call gets it', async () => {
    let arrive: (page: RecordPage) => void = () => {};
    const prefetch = new Prefetch({
      next: (signal) =>
        new Promise((resolve) => {
          arrive = resolve;
          signal.addEventListener('abort', () => resolve('aborted'));
        }),
    });
    const stopping = new AbortController();
    const waiting = prefetch.next(stopping.signal);
    await settle();
    stopping.abort();

    expect(await waiting).toBe('aborted');
    expect(await prefetch.next(stopping.signal)).toBe('aborted');

    arrive(pageOf(7));
    expect(await prefetch.next(NEVER)).toMatchObject({ bytes: 7 });
    await prefetch.close();
  });

  it('close ends a waiting consumer and the call in flight', async () => {
    const prefetch = new Prefetch(givenReader([]));
    const waiting = prefetch.next(NEVER);
    await settle();

    await prefetch.close();

    expect(await waiting).toBe('aborted');
    expect(await prefetch.next(NEVER)).toBe('aborted');
  });

  it('close before the first read does nothing', async () => {
    const reader = givenReader([pageOf(1)]);

    await new Prefetch(reader).close();

    expect(reader.reads).toBe(0);
  });
});

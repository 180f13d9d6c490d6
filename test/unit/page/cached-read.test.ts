import { describe, expect, it } from '@jest/globals';
import { CachedRead } from '../../../src/page/cached-read.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function given(everyMs = 10_000) {
  const clock = new VirtualClock();
  const calls: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const cached = new CachedRead<number>({
    clock,
    everyMs,
    read: () => new Promise((resolve, reject) => calls.push({ resolve, reject })),
  });
  return { clock, calls, cached };
}

describe('a read that many ask for', () => {
  it('is made once in its time, however many ask', async () => {
    const { clock, calls, cached } = given();
    const asked = [cached.get(), cached.get(), cached.get()];
    calls[0]?.resolve(7);

    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([7, 7, 7]);
    expect((await cached.get()).value).toBe(7);
    expect(calls).toHaveLength(1);
    await clock.advance(10_000);
    void cached.get();
    expect(calls).toHaveLength(2);
  });

  it('keeps nobody waiting when it hangs: the last answer is told', async () => {
    const { clock, calls, cached } = given();
    const first = cached.get();
    calls[0]?.resolve(7);
    await first;
    await clock.advance(10_000);

    const asked = cached.get();
    await clock.advance(600);

    expect(await asked).toEqual({ value: 7, failing: undefined });
  });

  it('keeps the last answer when it fails, and says since when', async () => {
    const { clock, calls, cached } = given();
    const first = cached.get();
    calls[0]?.resolve(7);
    await first;
    const failed = async (): Promise<void> => {
      await clock.advance(10_000);
      const asked = cached.get();
      calls.at(-1)?.reject(new Error('away'));
      await asked;
    };
    await failed();
    const sinceMs = clock.wallMs();
    await failed();

    expect(await cached.get()).toMatchObject({ value: 7, failing: { sinceMs } });
  });

  it('is made earlier when there is news, but not at once again', async () => {
    const { clock, calls, cached } = given();
    const first = cached.get();
    calls[0]?.resolve(7);
    await first;

    expect(cached.outdate(3_000)).toBe(false);
    await clock.advance(3_000);
    expect(cached.outdate(3_000)).toBe(true);
    void cached.get();
    expect(calls).toHaveLength(2);
  });
});

import { describe, expect, it } from '@jest/globals';
import { classify } from '../../src/errors.ts';
import { throwIfAborted, untilDone } from '../../src/retry.ts';
import { systemClock, systemRandom } from '../../src/time.ts';

const deps = { clock: systemClock, random: systemRandom };
const throttled = (): Promise<never> =>
  Promise.reject(Object.assign(new Error(), { name: 'ThrottlingException' }));
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('work whose signal aborts', () => {
  it.each([['lost'], [undefined], [new Error('x')], [7]])(
    'is aborted, never fatal, for the reason %p',
    async (reason) => {
      const aborting = new AbortController();
      aborting.abort(reason);

      const error = await errorOf(untilDone(() => Promise.resolve(), aborting.signal, deps));

      expect(classify(error)).toBe('aborted');
      expect(error).toMatchObject({ cause: aborting.signal.reason });
    },
  );

  it('ends while it waits to try again', async () => {
    const aborting = new AbortController();
    const working = errorOf(untilDone(throttled, aborting.signal, deps));

    aborting.abort('lost');

    expect(classify(await working)).toBe('aborted');
  });

  it('goes on when it did not', () => {
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
  });
});

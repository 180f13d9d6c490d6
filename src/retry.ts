import { classify, errorName, isThrottle } from './errors.ts';
import { backoffMs, type Clock, type Random } from './time.ts';

/** One failed attempt that is repeated. `attempt` counts from 0. */
export interface FailedAttempt {
  readonly errorName: string;
  readonly isThrottle: boolean;
  readonly attempt: number;
  readonly delayMs: number;
}

/** An `AbortError` for an aborted signal. Not the signal's own reason: one that is no `AbortError` would count as
 *  fatal. */
export const stopped = (signal: AbortSignal): Error =>
  Object.assign(new Error('stopped', { cause: signal.reason }), { name: 'AbortError' });

/** Ends work whose signal has aborted.
 *  @throws `AbortError` */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw stopped(signal);
}

export interface RetryDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every failed attempt, to count and to log. */
  readonly onRetry?: (failure: FailedAttempt) => void;
}

/** Repeats `operation` while its errors are retryable, for as long as it takes: a dependency that is away
 *  costs time, never data. Ends with the operation's value, with its first other error, or with an
 *  `AbortError` when `signal` aborts. */
export async function untilDone<T>(
  operation: () => Promise<T>,
  signal: AbortSignal,
  { clock, random, onRetry }: RetryDeps,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    throwIfAborted(signal);
    try {
      return await operation();
    } catch (error) {
      if (classify(error) !== 'retryable') throw error;
      const delayMs = backoffMs(attempt, random);
      onRetry?.({ errorName: errorName(error), isThrottle: isThrottle(error), attempt, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}

/** Runs `task` over all items, at most `limit` at a time; results in the items' order. The first error wins. */
export async function mapLimit<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

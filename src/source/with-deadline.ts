import type { Clock } from '../time.ts';

const namedError = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** Runs one call under the caller's signal and a deadline of its own.
 *  The wait ends at once with either, even if the operation does not heed its signal: a call that hangs would
 *  hold a shard for ever. Unit of `deadlineMs`: ms.
 *  @throws `AbortError` when `signal` aborts; `TimeoutError`, which is retryable, at the deadline. */
export async function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  signal: AbortSignal,
  operation: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw namedError('AbortError', 'stopped before the call');
  const controller = new AbortController();
  const deadline = clock.timeout(deadlineMs);
  let onAbort = (): void => {};
  let onDeadline = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    const end = (name: string, message: string) => (): void => {
      reject(namedError(name, message));
      controller.abort();
    };
    onAbort = end('AbortError', 'stopped during the call');
    onDeadline = end('TimeoutError', `no answer within ${deadlineMs} ms`);
  });
  signal.addEventListener('abort', onAbort, { once: true });
  deadline.signal.addEventListener('abort', onDeadline, { once: true });
  try {
    return await Promise.race([operation(controller.signal), ended]);
  } finally {
    deadline.cancel();
    signal.removeEventListener('abort', onAbort);
    deadline.signal.removeEventListener('abort', onDeadline);
  }
}

/**
 * The only file that touches clocks, timers and randomness. Everything else gets them as values of these
 * interfaces, so that a simulation can replace all three. `test/unit/architecture.test.ts` holds the rule.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

/** A timer's signal, and the way to end the timer early. */
export interface Timeout {
  readonly signal: AbortSignal;
  cancel(): void;
}

export interface Clock {
  /** Wall time in ms since 1970, for what people read. Never for expiry: it may step. */
  wallMs(): number;
  /** Monotonic ms since an arbitrary start, for ages and deadlines. Never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. Check the signal afterwards. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves in the event loop's next turn, after what is ready now: for gathering, and for letting others go on. */
  turn(): Promise<void>;
  /** A signal that aborts after `ms` unless cancelled. The timer does not keep the process alive. */
  timeout(ms: number): Timeout;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      signal?.addEventListener('abort', done, { once: true });
    }),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  timeout: (ms) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ms);
    timer.unref();
    return { signal: controller.signal, cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};

/** Waits for `work`, but no longer than `ms`; then it goes on by itself. Rejects if it does so in time. */
export async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  await Promise.race([work, clock.sleep(ms, ended.signal)]).finally(() => ended.abort());
}

/** Seconds written last, with their texts: events of a page speak of few seconds, and a `Date` costs ten times this. */
const SECONDS_KEPT = 256;
const keptSeconds = new Array<number>(SECONDS_KEPT);
const keptTexts = new Array<string>(SECONDS_KEPT);

/** ISO 8601 in UTC with milliseconds and `Z`: the only form of time we store. @throws RangeError when it is no time. */
export function toIso(epochMs: number): string {
  const ms = Math.trunc(epochMs);
  const second = Math.floor(ms / 1_000);
  const at = Math.abs(second % SECONDS_KEPT);
  if (keptSeconds[at] !== second) {
    keptTexts[at] = new Date(second * 1_000).toISOString().slice(0, -4);
    keptSeconds[at] = second;
  }
  return `${keptTexts[at]}${String(ms - second * 1_000).padStart(3, '0')}Z`;
}

/** For interfaces that take a `Date`, such as the SDK's. */
export const toDate = (epochMs: number): Date => new Date(epochMs);

/** Ms since 1970 of what `toIso` wrote; NaN when the text is no time. */
export const fromIso = (iso: string): number => Date.parse(iso);

/** Back-off with full jitter. `attempt` counts from 0. Unit: ms.
 *  Source: AWS Builders' Library, "Timeouts, retries, and backoff with jitter". */
export const backoffMs = (attempt: number, random: Random, baseMs = 50, capMs = 20_000): number =>
  random.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));

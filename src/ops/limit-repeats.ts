/** What an outage would say again and again is said a few times a minute, with how often it was not. */
import type { Clock } from '../time.ts';
import type { Log, LogFields } from './log.ts';

/** Of one kind of line: enough to see which shards it is about. */
const LINES_PER_WINDOW = 5;
/** Unit: ms. */
const WINDOW_MS = 60_000;
/** Kinds that are told apart; more count as one. Kinds come from our code and from errors' names. */
const KINDS_MAX = 256;

/** Lines that tell of an attempt. All others tell of a change of state, and are never left out. */
export const REPEATING: ReadonlySet<string> = new Set([
  'lease.retry',
  'shard.read-failed',
  'store.retry',
  'node.warning',
  'sdk.warning',
]);

interface Window {
  startedAtMs: number;
  lines: number;
  suppressed: number;
}

/** The same log, in which lines of one kind, by event, reason and error, come at most five times a minute. The first
 *  of the next minute carries `suppressed`: how many were left out. */
export function limitRepeats(log: Log, clock: Clock): Log {
  const windows = new Map<string, Window>();
  const windowOf = (event: string, { reason, errorName }: LogFields): Window => {
    const key = `${event} ${reason ?? ''} ${errorName ?? ''}`;
    const kind = windows.has(key) || windows.size < KINDS_MAX ? key : event;
    let window = windows.get(kind);
    if (!window) {
      window = { startedAtMs: clock.monotonicMs(), lines: 0, suppressed: 0 };
      windows.set(kind, window);
    }
    return window;
  };
  const limited =
    (level: 'debug' | 'warn' | 'error') =>
    (event: string, message: string, fields: LogFields = {}): void => {
      if (!REPEATING.has(event)) {
        log[level](event, message, fields);
        return;
      }
      const window = windowOf(event, fields);
      const nowMs = clock.monotonicMs();
      if (nowMs - window.startedAtMs >= WINDOW_MS) Object.assign(window, { startedAtMs: nowMs, lines: 0 });
      window.lines += 1;
      if (window.lines > LINES_PER_WINDOW) {
        window.suppressed += 1;
        return;
      }
      const { suppressed } = window;
      window.suppressed = 0;
      log[level](event, message, suppressed > 0 ? { ...fields, suppressed } : fields);
    };
  return {
    debug: limited('debug'),
    info: (event, message, fields) => log.info(event, message, fields),
    warn: limited('warn'),
    error: limited('error'),
  };
}

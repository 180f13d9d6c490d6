/** What an outage would say again and again is said a few times, with how often it was not. */
import type { Clock } from '../time.ts';
import type { Log, LogFields } from './log.ts';

const MINUTE_MS = 60_000;

interface Limit {
  /** What tells one kind of line from another. */
  readonly kindOf: (fields: LogFields) => string;
  readonly linesMax: number;
  readonly windowMs: number;
}

/** Lines that tell of an attempt: enough of each kind to see which shards it is about. */
const ATTEMPTS: Limit = {
  kindOf: ({ reason, errorName }) => `${reason ?? ''} ${errorName ?? ''}`,
  linesMax: 5,
  windowMs: MINUTE_MS,
};
/** Changes of a shard's state: one that goes to and fro, as all do while Kinesis is away for hours, says so ten times an
 *  hour. */
const TO_AND_FRO: Limit = {
  kindOf: ({ shardId }) => String(shardId ?? ''),
  linesMax: 10,
  windowMs: 60 * MINUTE_MS,
};

/** All other lines are never left out. */
export const LIMITS: Readonly<Record<string, Limit>> = {
  'lease.retry': ATTEMPTS,
  'shard.read-failed': ATTEMPTS,
  'store.retry': ATTEMPTS,
  'node.warning': ATTEMPTS,
  'sdk.warning': ATTEMPTS,
  'lease.taken': TO_AND_FRO,
  'lease.lost': TO_AND_FRO,
  'lease.released': TO_AND_FRO,
  'lease.release-failed': TO_AND_FRO,
  'lease.asked': TO_AND_FRO,
  'lease.handed-over': TO_AND_FRO,
  'shard.stalled': TO_AND_FRO,
};
/** Kinds that are told apart, of each event; more count as one. As many as a large stream has shards. */
const KINDS_MAX = 1_024;

interface Window {
  startedAtMs: number;
  lines: number;
  suppressed: number;
}

/** The lines of one event. */
class LimitedEvent {
  private readonly limit: Limit;
  private readonly clock: Clock;
  private readonly windows = new Map<string, Window>();

  constructor(limit: Limit, clock: Clock) {
    this.limit = limit;
    this.clock = clock;
  }

  /** The line's fields, with how many were left out before it; undefined when it is left out itself. */
  pass(fields: LogFields): LogFields | undefined {
    const window = this.windowOf(fields);
    const nowMs = this.clock.monotonicMs();
    if (nowMs - window.startedAtMs >= this.limit.windowMs)
      Object.assign(window, { startedAtMs: nowMs, lines: 0 });
    window.lines += 1;
    if (window.lines > this.limit.linesMax) {
      window.suppressed += 1;
      return undefined;
    }
    const { suppressed } = window;
    window.suppressed = 0;
    return suppressed > 0 ? { ...fields, suppressed } : fields;
  }

  private windowOf(fields: LogFields): Window {
    const kind = this.limit.kindOf(fields);
    const known = this.windows.has(kind) || this.windows.size < KINDS_MAX ? kind : 'others';
    let window = this.windows.get(known);
    if (!window) {
      window = { startedAtMs: this.clock.monotonicMs(), lines: 0, suppressed: 0 };
      this.windows.set(known, window);
    }
    return window;
  }
}

/** The same log, in which lines of some events come only so often. The first that comes again carries `suppressed`:
 *  how many were left out. */
export function limitRepeats(log: Log, clock: Clock): Log {
  const limited = new Map(
    Object.entries(LIMITS).map(([event, limit]) => [event, new LimitedEvent(limit, clock)]),
  );
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, message: string, fields: LogFields = {}): void => {
      const limit = limited.get(event);
      const passed = limit ? limit.pass(fields) : fields;
      if (passed) log[level](event, message, passed);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

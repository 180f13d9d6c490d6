/** `Log` as JSON lines: level, timestamp, service, version, event, the allow-listed fields, message. */
import { type DestinationStream, destination, pino } from 'pino';
import { type Clock, toIso } from '../time.ts';
import { LOG_FIELDS, type Log, type LogFields } from './log.ts';
import { prettyStream } from './pretty-stream.ts';

const SERVICE = 'supersim-meter';
/** Longer texts are cut: a line stays far below what log collectors take. Unit: characters. */
const TEXT_MAX = 1_000;
/** Lines waiting for a blocked reader; more are dropped, because a full pipe must not stop the metering.
 *  Unit: bytes. */
const BUFFER_MAX_BYTES = 4 * 1024 * 1024;
/** Processes that share a pipe do not tear each other's lines apart: writes up to PIPE_BUF are whole. Unit: bytes.
 *  Source: POSIX, write(2); Linux's PIPE_BUF. */
const WRITE_MAX_BYTES = 4_096;

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly version: string;
  readonly clock: Clock;
  /** Where lines go: `stdout` for a service, `stderr` for commands whose result is on stdout. */
  readonly destination: 'stdout' | 'stderr' | DestinationStream;
  /** One readable line instead of JSON. For terminals. Default false. */
  readonly isPretty?: boolean;
  /** Fields of every line, such as workerId and stream. */
  readonly context?: LogFields;
}

export interface FlushableLog extends Log {
  /** Writes a line of another kind among the log's own, whole. */
  line(text: string): void;
  /** Writes out what is buffered, as far as it can at once: before an exit that cannot wait. */
  flush(): void;
  /** Resolves when every line is written; what is logged after it is dropped. */
  close(): Promise<void>;
}

type Value = string | number | boolean | readonly string[];

function asLoggable(value: unknown): Value | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.slice(0, TEXT_MAX);
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  return undefined;
}

/** Only names of the list and plain values pass, whatever the compiler was told. */
function allowed(fields: LogFields): Record<string, Value> {
  const passed: Record<string, Value> = {};
  for (const name of LOG_FIELDS) {
    const value = asLoggable(fields[name]);
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}

const openSink = ({ destination: target }: LogOptions): DestinationStream =>
  typeof target === 'string'
    ? destination({
        dest: target === 'stdout' ? 1 : 2,
        sync: false,
        maxLength: BUFFER_MAX_BYTES,
        maxWrite: WRITE_MAX_BYTES,
      })
    : target;

function closeSink(sink: DestinationStream): Promise<void> {
  if (!('end' in sink && 'once' in sink)) return Promise.resolve();
  const closing = sink as unknown as { end(): void; once(event: string, listener: () => void): void };
  return new Promise((resolve) => {
    for (const event of ['close', 'error']) closing.once(event, resolve);
    closing.end();
  });
}

/** Opens the log. Times come from `clock`; what is buffered is written at exit. */
export function createLog(options: LogOptions): FlushableLog {
  const { level, version, clock, context = {} } = options;
  const sink = openSink(options);
  let isClosed = false;
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"timestamp":"${toIso(clock.wallMs())}"`,
    },
    options.isPretty ? prettyStream(sink) : sink,
  );
  const fixed = { service: SERVICE, version };
  const write =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, message: string, fields: LogFields = {}): void => {
      if (isClosed) return;
      // `fixed` last: a field may not take the place of the line's own keys.
      logger[name]({ event, ...allowed(context), ...allowed(fields), ...fixed }, message.slice(0, TEXT_MAX));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    line: (text) => {
      if (!isClosed) sink.write(`${text}\n`);
    },
    flush: () => {
      if (!isClosed) (sink as { flushSync?: () => void }).flushSync?.();
    },
    close: () => {
      isClosed = true;
      return closeSink(sink);
    },
  };
}

import { styleText } from 'node:util';
import type { DestinationStream } from 'pino';

const COLORS = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const;
const HIDDEN = new Set(['level', 'timestamp', 'message', 'service', 'version', 'event']);
// A field may carry what a stream's producer wrote: nothing of it may move the terminal's cursor.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

const clean = (value: unknown): string => String(value).replace(CONTROL, ' ');

/** Turns JSON lines into `time LEVEL message  event name=value …` for a terminal. */
export function prettyStream(stream: DestinationStream): DestinationStream & { flushSync(): void } {
  return {
    write: (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      const level = String(entry['level']) as keyof typeof COLORS;
      const fields = Object.entries(entry)
        .filter(([name]) => !HIDDEN.has(name))
        .map(([name, value]) => ` ${name}=${clean(value)}`);
      const time = clean(entry['timestamp']).slice(11, 23);
      const label = styleText(COLORS[level] ?? 'reset', level.toUpperCase().padEnd(5));
      stream.write(
        `${time} ${label} ${clean(entry['message'])}  ${clean(entry['event'])}${fields.join('')}\n`,
      );
    },
    flushSync: () => (stream as { flushSync?: () => void }).flushSync?.(),
  };
}

import type { Log } from './log.ts';

/** Unit: characters. */
const TEXT_MAX = 300;

/** A process that emits warnings; injected for tests. */
export type WarningSource = Pick<NodeJS.Process, 'on' | 'off' | 'listeners'>;

/** From now on Node's warnings are log lines. Without this, Node prints them as raw text of several lines (the
 *  AWS SDK's about Node 20, for one), which no reader of JSON logs can take.
 *  Call it before the first SDK client is made. Returns what undoes it. */
export function captureWarnings(log: Log, source: WarningSource = process): () => void {
  const listener = (warning: Error): void =>
    log.warn('node.warning', warning.message.replace(/\s+/g, ' ').slice(0, TEXT_MAX), {
      errorName: warning.name,
    });
  const printers = source.listeners('warning') as ((warning: Error) => void)[];
  for (const printer of printers) source.off('warning', printer);
  source.on('warning', listener);
  return () => {
    source.off('warning', listener);
    for (const printer of printers) source.on('warning', printer);
  };
}

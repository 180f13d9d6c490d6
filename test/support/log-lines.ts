import type { Log, LogFields } from '../../src/ops/log.ts';

export interface LogLine {
  readonly level: keyof Log;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines. */
export function logLines(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const keep =
    (level: keyof Log) =>
    (event: string, message: string, fields: LogFields = {}): void => {
      lines.push({ level, event, message, fields });
    };
  return {
    lines,
    log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
  };
}

import { parseIsoTime } from '../decode/iso-time.ts';
import { MeterError } from '../errors.ts';

/** A time given by hand, with its zone. @throws MeterError `usage`. Unit: ms since 1970. */
export function timeFlag(text: string, flag: string): number {
  const epochMs = parseIsoTime(text);
  if (typeof epochMs === 'number') return epochMs;
  throw new MeterError('usage', `--${flag} must be a time like 2026-01-31T00:00:00Z, not "${text}".`);
}

/** As `timeFlag`; undefined when it is not given. */
export const optionalTime = (text: string | undefined, flag: string): number | undefined =>
  text === undefined ? undefined : timeFlag(text, flag);

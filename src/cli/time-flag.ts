import { MeterError } from '../errors.ts';
import { dayFlag } from './day-flag.ts';

const UNITS_MS: Readonly<Record<string, number>> = { min: 60_000, h: 3_600_000 };

/** A time as people say it: `90min` or `2h` (so long ago), or what `dayFlag` takes. Unit: ms since 1970.
 *  @throws MeterError `usage`. */
export function timeFlag(text: string, flag: string, wallMs: number): number {
  const [, count, unit = ''] = /^(\d{1,5})(min|h)$/.exec(text) ?? [];
  if (count !== undefined) return wallMs - Number(count) * (UNITS_MS[unit] ?? 0);
  try {
    return dayFlag(text, flag, wallMs);
  } catch {
    throw new MeterError(
      'usage',
      `--${flag} must be a time like 2026-01-31T06:00:00Z, 90min or 2h (so long ago), today, yesterday, 7d (days ago) or a day like 2026-01-31, not "${text}".`,
    );
  }
}

/** As `timeFlag`; undefined when it is not given. */
export const optionalTime = (text: string | undefined, flag: string, wallMs: number): number | undefined =>
  text === undefined ? undefined : timeFlag(text, flag, wallMs);

import { MeterError } from '../errors.ts';

/** Unit: ms. */
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time span like `90s`, `60min`, `4h` or `2d`. Unit: ms.
 *  @throws MeterError `usage` when the flag's text is none. */
export function duration(text: string, flag: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const unitMs = UNITS[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  throw new MeterError('usage', `--${flag} must be a time span like 90s, 60min, 4h or 2d, not "${text}".`);
}

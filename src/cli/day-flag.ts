import { parseIsoTime } from '../decode/iso-time.ts';
import { MeterError } from '../errors.ts';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

const DAYS_BACK: Readonly<Record<string, number>> = { tomorrow: -1, today: 0, yesterday: 1 };

/** A time as people say it: `today`, `yesterday`, `7d` (so many days ago), a day, or a time with its zone. Days begin
 *  at midnight UTC. Unit: ms since 1970. @throws MeterError `usage`. */
export function dayFlag(text: string, flag: string, wallMs: number): number {
  const today = Math.floor(wallMs / DAY_MS) * DAY_MS;
  const [, count] = /^(\d{1,4})d$/.exec(text) ?? [];
  const back = count === undefined ? DAYS_BACK[text] : Number(count);
  if (back !== undefined) return today - back * DAY_MS;
  const epochMs = parseIsoTime(DAY.test(text) ? `${text}T00:00:00Z` : text);
  if (typeof epochMs === 'number') return epochMs;
  throw new MeterError(
    'usage',
    `--${flag} must be a day like 2026-01-31, today, yesterday, 7d (days ago) or a time like 2026-01-31T06:00:00Z, not "${text}".`,
  );
}

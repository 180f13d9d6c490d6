/** Date, time, 0 to 9 fraction digits, zone: Twilio sends no fraction or 3 digits and `Z`, KORE 7 and `+00:00`. */
const ISO_TIME = new RegExp(
  [
    /^(?<year>\d{4})-(?<month>0[1-9]|1[0-2])-(?<day>0[1-9]|[12]\d|3[01])/,
    /T(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d)(?:\.(?<fraction>\d{1,9}))?/,
    /(?:Z|(?<sign>[+-])(?<zoneHour>[01]\d|2[0-3]):(?<zoneMinute>[0-5]\d))$/,
  ]
    .map((part) => part.source)
    .join(''),
);

const MINUTE_MS = 60_000;

/** `2026-01-31T12:34:56Z`, and with `.789` before the `Z`. */
const PLAIN_LENGTH = 20;
const PLAIN_MS_LENGTH = 24;

const DASH = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const LETTER_T = 84;
const LETTER_Z = 90;

/** A number of two digits; NaN when there are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Reads the two forms that nearly all times have, six times as fast as the pattern; undefined for all others. */
function parsePlain(text: string): number | undefined {
  const hasMs = text.length === PLAIN_MS_LENGTH;
  if (!hasMs && text.length !== PLAIN_LENGTH) return undefined;
  const isShaped =
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    text.charCodeAt(10) === LETTER_T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    text.charCodeAt(text.length - 1) === LETTER_Z &&
    (!hasMs || text.charCodeAt(19) === POINT);
  if (!isShaped) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const ms = hasMs ? twoDigits(text, 20) * 10 + (twoDigits(text, 21) % 10) : 0;
  // The 28 days that every month has; NaN is in no range.
  const isInRange =
    month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 59;
  return isInRange && year >= 1_970 && ms >= 0
    ? Date.UTC(year, month - 1, day, hour, minute, second, ms)
    : undefined;
}

/** Reads an ISO 8601 time with a zone as ms since 1970, cut off below the millisecond. Not by `Date.parse`,
 *  which turns 30 February into 1 March and takes a missing zone for the machine's own. */
export function parseIsoTime(value: unknown): number | 'invalid-timestamp' {
  const plain = typeof value === 'string' ? parsePlain(value) : undefined;
  if (plain !== undefined) return plain;
  const parts = typeof value === 'string' ? ISO_TIME.exec(value)?.groups : undefined;
  if (parts === undefined) return 'invalid-timestamp';
  const number = (name: string): number => Number(parts[name] ?? 0);
  const [year, month] = [number('year'), number('month')];
  const ms = Number((parts['fraction'] ?? '').slice(0, 3).padEnd(3, '0'));
  const localMs = Date.UTC(
    year,
    month - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
    ms,
  );
  const nextMonthMs = Date.UTC(year, month, 1);
  if (localMs >= nextMonthMs) return 'invalid-timestamp'; // 30 February
  const offsetMs = (number('zoneHour') * 60 + number('zoneMinute')) * MINUTE_MS;
  return parts['sign'] === '-' ? localMs + offsetMs : localMs - offsetMs;
}

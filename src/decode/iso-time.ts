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

/** Reads an ISO 8601 time with a zone as ms since 1970, cut off below the millisecond. Not by `Date.parse`,
 *  which turns 30 February into 1 March and takes a missing zone for the machine's own. */
export function parseIsoTime(value: unknown): number | 'invalid-timestamp' {
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

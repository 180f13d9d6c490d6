/** 0 to 9 fraction digits and a zone: Twilio sends none or 3 and `Z`, KORE 7 and `+00:00`. */
const ISO_TIME =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])((?:[01]\d|2[0-3])):([0-5]\d))$/;

const MINUTE_MS = 60_000;

/** Reads an ISO 8601 time with a zone as ms since 1970, cut off below the millisecond.
 *  `Date.parse` alone turns 30 February into 1 March and takes a missing zone for ours, so the form is
 *  checked first and the day by round trip. */
export function parseIsoTime(value: unknown): number | 'invalid-timestamp' {
  const match = typeof value === 'string' ? ISO_TIME.exec(value) : null;
  if (match === null) return 'invalid-timestamp';
  const [, seconds, fraction = '', sign, hours, minutes] = match;
  const utcText = `${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  const localMs = Date.parse(utcText);
  if (Number.isNaN(localMs) || new Date(localMs).toISOString() !== utcText) return 'invalid-timestamp';
  if (sign === undefined) return localMs;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  return sign === '+' ? localMs - offsetMs : localMs + offsetMs;
}

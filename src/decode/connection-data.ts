/** The schema of `data`, the part of a connection event that is the same from every vendor. Strict on the
 *  types of documented properties; others are left behind. Null is absent.
 *  Source: Twilio, Super SIM Connection Events, resource properties (schema v1 and v2). */
import * as z from 'zod';
import { parseByteCounter } from './byte-counter.ts';
import { type Poison, type PoisonReason, poison } from './decoded-item.ts';
import { parseIsoTime } from './iso-time.ts';
import { LONG_TEXT_MAX_CHARS, TEXT_MAX_CHARS } from './text-limits.ts';

/** Without half surrogate pairs: they do not survive UTF-8, so two sids could be stored as one. */
const WELL_FORMED = /^[^\ud800-\udfff]*$/u;
const DECIMAL = /^[+-]?\d{1,20}(?:\.\d{1,40})?$/;
const INTEGER = /^[+-]?\d{1,15}$/;

/** 0.1 mm; smaller is 0. DynamoDB refuses numbers below 1e-130. Unit: degrees. */
const DEGREES_RESOLUTION = 1e-9;

/** Text; empty is absent. A number is refused: the leading zeros of mnc "012" would be lost. */
const text = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .regex(WELL_FORMED)
    .nullish()
    .transform((value) => value || undefined);

type Parser<T> = (value: unknown) => T | PoisonReason;

/** A property read by `parse`, which answers with the value or, as text, with the reason against it. */
const parsed = <T extends number | bigint | undefined>(parse: Parser<T>) =>
  z
    .unknown()
    .optional()
    .transform((value, context): T | undefined => {
      if (value === undefined || value === null) return undefined;
      const result = parse(value);
      if (typeof result !== 'string') return result;
      context.addIssue({ code: 'custom', params: { reason: result } });
      return z.NEVER;
    });

/** Empty text is absent. Not so in a byte counter: there it could hide bytes. */
const unlessEmpty =
  <T>(parse: Parser<T>): Parser<T | undefined> =>
  (value) =>
    value === '' ? undefined : parse(value);

/** Where latitude and longitude end. Unit: degrees. */
export const LATITUDE_MAX = 90;
export const LONGITUDE_MAX = 180;

export const parseDegrees = (degreesMax: number) => (value: unknown) => {
  const degrees = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof degrees !== 'number' || Math.abs(degrees) > degreesMax) return 'invalid-field';
  return Math.abs(degrees) < DEGREES_RESOLUTION ? 0 : degrees;
};

/** `+ 0` turns -0 into 0. */
const parseErrorCode = (value: unknown) => {
  const code = typeof value === 'string' && INTEGER.test(value) ? Number(value) : value;
  return Number.isSafeInteger(code) ? (code as number) + 0 : 'invalid-field';
};

const sid = text(TEXT_MAX_CHARS);
const longText = text(LONG_TEXT_MAX_CHARS);
const bytes = parsed(parseByteCounter);
const time = parsed(unlessEmpty(parseIsoTime));

const CONNECTION_DATA = z.object({
  event_sid: sid,
  event_type: sid,
  timestamp: time,
  account_sid: sid,
  sim_sid: sid,
  sim_iccid: sid,
  sim_unique_name: longText,
  fleet_sid: sid,
  apn: sid,
  rat_type: sid,
  imsi: sid,
  imei: sid,
  ip_address: sid,
  data_modifier: sid,
  data_session_sid: sid,
  data_session_start_time: time,
  data_session_end_time: time,
  data_session_update_start_time: time,
  data_session_update_end_time: time,
  data_download: bytes,
  data_upload: bytes,
  data_total: bytes,
  data_session_data_download: bytes,
  data_session_data_upload: bytes,
  data_session_data_total: bytes,
  network: z.object({ mcc: sid, mnc: sid, friendly_name: sid, iso_country: sid, sid }).nullish(),
  location: z
    .object({
      cell_id: sid,
      lac: sid,
      lat: parsed(unlessEmpty(parseDegrees(LATITUDE_MAX))),
      lon: parsed(unlessEmpty(parseDegrees(LONGITUDE_MAX))),
    })
    .nullish(),
  error: z.object({ code: parsed(unlessEmpty(parseErrorCode)), message: longText }).nullish(),
});

/** `data`, checked, still in Twilio's spelling. */
export type ConnectionData = z.infer<typeof CONNECTION_DATA>;

/** Checks `data`. The answer names the first bad property in the schema's order, never what it holds: the
 *  path is made of the schema's own names. */
export function parseBySchema(
  data: object,
): { readonly kind: 'parsed'; readonly data: ConnectionData } | Poison {
  const result = CONNECTION_DATA.safeParse(data);
  if (result.success) return { kind: 'parsed', data: result.data };
  const issue = result.error.issues[0];
  const reason = issue?.code === 'custom' ? issue.params?.['reason'] : undefined;
  return poison((reason as PoisonReason | undefined) ?? 'invalid-field', issue?.path.join('.'));
}

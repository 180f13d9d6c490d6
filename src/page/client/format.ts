/** Numbers, sizes and times as people read them. Times are UTC throughout, as in the log. Pure. */

const grouped = new Intl.NumberFormat('en-US');

/** `12,345`. */
export const count = (value: number | bigint): string => grouped.format(value);

/** `31`, `3.1`: a rate needs no more. */
export const rate = (perSecond: number): string =>
  perSecond >= 10 || perSecond === 0 ? count(Math.round(perSecond)) : perSecond.toFixed(1);

const SIZES = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const;

/** `1.24 MB`: powers of 1000, as networks count. */
export function bytes(value: number): string {
  const [unit, size] = SIZES.find(([, least]) => value >= least) ?? ['B', 1];
  if (unit === 'B') return `${count(Math.round(value))} B`;
  const scaled = value / size;
  return `${scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2)} ${unit}`;
}

/** `1,240,000 bytes`, exactly. */
export const exactBytes = (text: string): string => `${count(BigInt(text))} bytes`;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `0.3 s`, `12 s`, `3 min 20 s`, `5 h 10 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 10_000) return ms < 50 ? '0 s' : `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string => {
    const [whole, rest] = [Math.floor(ms / big), Math.floor((ms % big) / small)];
    return rest === 0 ? `${whole} ${bigUnit}` : `${whole} ${bigUnit} ${rest} ${smallUnit}`;
  };
  if (ms < HOUR_MS) return two(MINUTE_MS, 'min', 1000, 's');
  return ms < DAY_MS ? two(HOUR_MS, 'h', MINUTE_MS, 'min') : two(DAY_MS, 'd', HOUR_MS, 'h');
}

/** Short, for an axis. Unit: ms. */
export function axisDuration(ms: number): string {
  if (ms < MINUTE_MS) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < HOUR_MS) return `${Number((ms / MINUTE_MS).toFixed(1))} min`;
  return `${Number((ms / HOUR_MS).toFixed(1))} h`;
}

/** `just now`, `12 s ago`. */
export function ago(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return 'just now';
  return `${seconds < 10 ? `${seconds} s` : duration(seconds * 1000)} ago`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** `10:02:11`. Unit: ms since 1970. */
export function clockTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000) % 86_400;
  return `${pad(Math.floor(second / 3600))}:${pad(Math.floor(second / 60) % 60)}:${pad(second % 60)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)(:\d\d)?/;

/** `1 Mar 10:02` of `2026-03-01T10:02:11.000Z`; the text itself when it is no time. */
export function shortTime(iso: string): string {
  const match = ISO.exec(iso);
  if (!match) return iso;
  const [, , month = '', day = '', time = ''] = match;
  return `${Number(day)} ${MONTHS[Number(month) - 1] ?? month} ${time}`;
}

/** `1 Mar 2026`. */
export function dayOf(iso: string): string {
  const match = ISO.exec(iso);
  return match ? `${Number(match[3])} ${MONTHS[Number(match[2]) - 1] ?? ''} ${match[1]}` : iso;
}

/** `shardId-000000000012` → `12`; in a table of several streams with the stream's name. */
export function shardName(leaseKey: string): string {
  const parts = leaseKey.split(':');
  const short = (parts.at(-1) ?? leaseKey).replace(/^shardId-0*(?=\d)/, '');
  return parts.length >= 3 ? `${parts.at(-3)} ${short}` : short;
}

/** `4968…3538`: enough to recognise a sequence number. */
export const shortSequence = (text: string): string =>
  text.length > 14 ? `${text.slice(0, 4)}…${text.slice(-6)}` : text;

/** `HS1b9c…2f`: enough to recognise a SID. */
export const shortSid = (sid: string): string =>
  sid.length > 16 ? `${sid.slice(0, 8)}…${sid.slice(-4)}` : sid;

export const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

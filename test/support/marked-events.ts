/** Events that leave their own mark in the stored numbers: the n-th event of a session counts 2^(n-1) bytes down.
 *  A session's counted bytes then say which of its events were counted, and they have as many one-bits as it has
 *  events exactly when none was counted twice: a repeated power of two carries. So the store itself answers which
 *  events our workers applied, without asking them. */
import { iso, kore, sessionData, sessionSid, stringly, twilio } from './stream-records.ts';

/** A session's bytes stay far below 2^31. */
export const EVENTS_A_SESSION = 16;
/** Up is three times down: a field read for another shows. */
const UP = 3;

/** `n` counts from 1. */
export interface MarkedEvent {
  readonly session: string;
  readonly n: number;
}

/** One of three vendors' shapes. */
export type Wrapping = 0 | 1 | 2;
const WRAP = [twilio, kore, stringly] as const;

export const nameOf = ({ session, n }: MarkedEvent): string => `${sessionSid(session)} ${n}`;

/** Every other session has schema v2, with counters since its start. */
const isCounting = (session: string): boolean => session.charCodeAt(session.length - 1) % 2 === 0;
const down = (n: number): number => 2 ** (n - 1);
const downSinceStart = (n: number): number => 2 ** n - 1;

export function textOf({ session, n }: MarkedEvent, wrapping: Wrapping): string {
  const bytes = { data_download: down(n), data_upload: UP * down(n), data_total: (1 + UP) * down(n) };
  const counters = {
    data_session_data_download: downSinceStart(n),
    data_session_data_upload: UP * downSinceStart(n),
    data_session_data_total: (1 + UP) * downSinceStart(n),
  };
  const data = isCounting(session)
    ? sessionData(session, n, 'updated', { ...bytes, ...counters })
    : sessionData(session, n, 'updated', { schema: 1, ...bytes });
  return WRAP[wrapping](data);
}

/** The name of the event in a record's text. */
export function nameOfText(text: string): string {
  const { data } = JSON.parse(text) as { data: unknown };
  const { data_session_sid, data_download } = (typeof data === 'string' ? JSON.parse(data) : data) as Record<
    string,
    unknown
  >;
  return `${data_session_sid} ${1 + Math.log2(Number(data_download))}`;
}

/** The attributes of a session item that the events decide, counted from the events alone. */
export interface MarkedSession {
  readonly data_session_sid: string;
  readonly event_count: number;
  readonly counted_download_bytes: number;
  readonly counted_upload_bytes: number;
  readonly download_bytes: number;
  readonly upload_bytes: number;
  readonly usage_through: string;
}

/** What the store must hold when exactly these events were applied, each once; by session id. */
export function recount(events: readonly MarkedEvent[]): MarkedSession[] {
  const sessions = new Map<string, Set<number>>();
  for (const { session, n } of events) sessions.set(session, (sessions.get(session) ?? new Set()).add(n));
  const items = [...sessions].map(([session, distinct]): MarkedSession => {
    const counted = [...distinct].reduce((sum, n) => sum + down(n), 0);
    const last = Math.max(...distinct);
    const used = isCounting(session) ? downSinceStart(last) : counted;
    return {
      data_session_sid: sessionSid(session),
      event_count: distinct.size,
      counted_download_bytes: counted,
      counted_upload_bytes: UP * counted,
      download_bytes: used,
      upload_bytes: UP * used,
      usage_through: iso(last),
    };
  });
  return items.sort(bySid);
}

/** The same attributes of the items stored. */
export function countedIn(items: readonly Readonly<Record<string, unknown>>[]): MarkedSession[] {
  return items
    .map((item) => ({
      data_session_sid: String(item['data_session_sid']),
      event_count: Number(item['event_count']),
      counted_download_bytes: Number(item['counted_download_bytes']),
      counted_upload_bytes: Number(item['counted_upload_bytes']),
      download_bytes: Number(item['download_bytes']),
      upload_bytes: Number(item['upload_bytes']),
      usage_through: String(item['usage_through']),
    }))
    .sort(bySid);
}

/** The names of the events whose marks the items carry. */
export const appliedIn = (items: readonly Readonly<Record<string, unknown>>[]): Set<string> =>
  new Set(
    items.flatMap((item) =>
      Array.from({ length: EVENTS_A_SESSION }, (_, index) => index + 1)
        .filter((n) => Math.floor(Number(item['counted_download_bytes']) / down(n)) % 2 === 1)
        .map((n) => `${item['data_session_sid']} ${n}`),
    ),
  );

const bySid = (a: MarkedSession, b: MarkedSession): number =>
  a.data_session_sid < b.data_session_sid ? -1 : 1;

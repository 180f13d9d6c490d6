/** Connection events as text, for real streams: one session's life, in the shapes the vendors send. */
import { createHash } from 'node:crypto';
import { type Json, koreEvent, twilioEvent, v1Data, v2Data } from './realistic-event.ts';

const START_MS = Date.parse('2026-03-01T00:00:00Z');
const MINUTE_MS = 60_000;
const WINDOW_MS = 6 * MINUTE_MS;

const hex32 = (text: string): string => createHash('md5').update(text).digest('hex');
const at = (n: number): string => `${new Date(START_MS + n * WINDOW_MS).toISOString().slice(0, 19)}Z`;

export const sessionSid = (name: string): string => `PI${hex32(name)}`;
export const iso = (n: number): string => at(n).replace('Z', '.000Z');

/** `data` of a session's n-th event: 1,000 bytes down and 100 up each window. */
export function sessionData(
  name: string,
  n: number,
  verb: 'started' | 'updated' | 'ended' | 'failed' = 'updated',
  { schema = 2, ...changes }: Json & { schema?: 1 | 2 } = {},
): Json {
  const suffix = `data-session.${verb}`;
  const identity = {
    event_sid: `EZ${hex32(`${name} ${verb} ${n}`)}`,
    data_session_sid: sessionSid(name),
    timestamp: at(n),
    data_session_start_time: at(0),
  };
  const window = {
    data_download: 1000,
    data_upload: 100,
    data_total: 1100,
    data_session_update_start_time: at(n - 1),
    data_session_update_end_time: at(n),
  };
  const counters = {
    data_session_data_download: 1000 * n,
    data_session_data_upload: 100 * n,
    data_session_data_total: 1100 * n,
  };
  const end = verb === 'ended' ? { data_session_end_time: at(n) } : {};
  const nothing = Object.fromEntries(Object.keys({ ...window, ...counters }).map((key) => [key, null]));
  if (verb === 'started') return v1Data(suffix, { ...nothing, ...identity, ...changes });
  return schema === 1
    ? v1Data(suffix, { ...identity, ...window, ...end, ...changes })
    : v2Data(suffix, { ...identity, ...window, ...counters, ...end, ...changes });
}

export const twilio = (data: Json): string => JSON.stringify(twilioEvent(data, { id: data['event_sid'] }));
export const kore = (data: Json): string => JSON.stringify(koreEvent(data));
/** As Twilio's Kinesis quickstart shows it: `data` is itself JSON text. */
export const stringly = (data: Json): string =>
  JSON.stringify(twilioEvent(JSON.stringify(data), { id: data['event_sid'], type: data['event_type'] }));

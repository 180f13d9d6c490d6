import type { DataSessionEvent } from '../../src/decode/event.ts';

export const HOUR_MS = 3_600_000;
export const WINDOW_MS = 360_000;
/** 2026-03-01T00:00:00Z */
export const SESSION_START_MS = 1_772_323_200_000;

export const hex32 = (seed: string): string =>
  [...seed]
    .reduce((digits, letter) => digits + letter.charCodeAt(0).toString(16), '')
    .padStart(32, '0')
    .slice(-32);

export const sid = (prefix: string, seed: string): string => `${prefix}${hex32(seed)}`;

/** A realistic data-session event; `n` places its window in the session (the n-th update). */
export function sessionEvent(n: number, changes: Partial<DataSessionEvent> = {}): DataSessionEvent {
  const windowEndMs = SESSION_START_MS + n * WINDOW_MS;
  return {
    kind: 'data-session',
    verb: 'updated',
    eventSid: sid('EZ', `event-${n}`),
    timestampMs: windowEndMs,
    accountSid: sid('AC', 'account'),
    simSid: sid('HS', 'sim'),
    fleetSid: sid('HF', 'fleet'),
    simIccid: '89883070000005381783',
    simUniqueName: 'Zeblaze Thor 6 Android Watch',
    apn: 'super',
    ratType: '4G LTE',
    network: { mcc: '310', mnc: '260', name: 'T-Mobile', isoCountry: 'US', sid: sid('HW', 'network') },
    anomalies: [],
    dataSessionSid: sid('PI', 'session'),
    sessionStartMs: SESSION_START_MS,
    windowStartMs: windowEndMs - WINDOW_MS,
    windowEndMs,
    downloadBytes: 1000n,
    uploadBytes: 100n,
    sessionDownloadBytes: 1000n * BigInt(n),
    sessionUploadBytes: 100n * BigInt(n),
    ...changes,
  };
}

/** The same event without the properties named. */
export function without<K extends keyof DataSessionEvent>(
  event: DataSessionEvent,
  ...keys: K[]
): DataSessionEvent {
  return Object.fromEntries(Object.entries(event).filter(([key]) => !keys.includes(key as K))) as never;
}

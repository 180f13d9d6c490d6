/** A SIM's latest sessions, by when they started: those on user APNs, and those that the SIM itself opens to look for
 *  updates. A session's start is in each of its events, so the latest few are the same whatever the order. Pure. */
import type { DataSessionEvent } from '../decode/event.ts';

/** Source: Super SIM OTA updates: the SIM opens a connection of its own on this APN. */
export const OTA_APN = 'ota.super';

export interface SimSession {
  readonly sid: string;
  readonly startedMs: number;
  /** Absent: open, as far as we know. */
  readonly endedMs?: number;
}

/** Earliest start first. */
export interface SessionLists {
  readonly user: readonly SimSession[];
  readonly ota: readonly SimSession[];
}

const KEPT = { user: 4, ota: 6 } as const;

export const emptySessionLists: SessionLists = { user: [], ota: [] };

const byStart = (a: SimSession, b: SimSession): number =>
  a.startedMs - b.startedMs || (a.sid < b.sid ? -1 : a.sid > b.sid ? 1 : 0);

const endOf = (event: DataSessionEvent): number | undefined =>
  event.verb === 'ended' || event.verb === 'failed'
    ? (event.sessionEndMs ?? event.timestampMs ?? 0)
    : undefined;

function joined(old: SimSession | undefined, event: DataSessionEvent): SimSession {
  const startedMs = event.sessionStartMs ?? event.timestampMs ?? 0;
  const ends = [old?.endedMs, endOf(event)].filter((end) => end !== undefined);
  return {
    sid: event.dataSessionSid,
    startedMs: Math.min(old?.startedMs ?? startedMs, startedMs),
    ...(ends.length > 0 ? { endedMs: Math.max(...ends) } : {}),
  };
}

export function foldSimSession(lists: SessionLists, event: DataSessionEvent): SessionLists {
  const name = event.apn === OTA_APN ? 'ota' : 'user';
  const old = lists[name].find(({ sid }) => sid === event.dataSessionSid);
  const others = lists[name].filter((session) => session !== old);
  const all = [...others, joined(old, event)].sort(byStart);
  return { ...lists, [name]: all.slice(-KEPT[name]) };
}

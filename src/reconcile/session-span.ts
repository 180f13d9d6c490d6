/** What of a session matters when its SIM's usage is compared: when it was, how far it has reported, what it misses. Pure. */
import { fromIso } from '../time.ts';
import type { SessionRow } from './reader.ts';

export interface SessionSpan {
  readonly dataSessionSid: string;
  readonly isOpen: boolean;
  /** -∞ when no event said. */
  readonly startedAtMs: number;
  /** The latest that is known of it: its end, the last window counted, or its start. -∞ when no event said. */
  readonly throughMs: number;
  readonly missingBytes: bigint;
  /** Whether a window that it misses may have ended in this time. */
  mayMissIn(startMs: number, endMs: number): boolean;
}

const msOf = (iso: string | undefined): number => {
  const ms = iso === undefined ? Number.NaN : fromIso(iso);
  return Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms;
};

export function sessionSpan(row: SessionRow): SessionSpan {
  const startedAtMs = msOf(row.started_at);
  const throughMs = Math.max(msOf(row.usage_through), msOf(row.ended_at), startedAtMs);
  return {
    dataSessionSid: row.data_session_sid,
    isOpen: row.status === 'open',
    startedAtMs,
    throughMs,
    missingBytes: row.missing_bytes,
    mayMissIn: (startMs, endMs) => row.missing_bytes > 0n && startedAtMs < endMs && throughMs >= startMs,
  };
}

/** Whether a window of it may have straddled this time. One that ended exactly then counts after it. */
export const spansEdge = ({ startedAtMs, throughMs }: SessionSpan, atMs: number): boolean =>
  startedAtMs < atMs && throughMs >= atMs;

/** The session aggregate as a pure fold. The same set of distinct events gives the same aggregate, whatever
 *  their order: every part is a sum, a minimum, a maximum or a last value by event time. */
import type { DataSessionEvent, PersonalField } from '../decode/event.ts';
import {
  compareStamps,
  foldLastValues,
  type LastValues,
  type Stamp,
  type Stamps,
  stampOf,
} from './last-values.ts';

/** One direction of traffic. Unit: bytes. */
export interface Direction {
  /** Sum of the window deltas of distinct events. */
  readonly counted: bigint;
  /** Largest cumulative session counter seen (schema v2). */
  readonly cumulative?: bigint;
  /** Smallest cumulative before its own window: what was used before the first event seen. */
  readonly before?: bigint;
}

export interface Terminal {
  readonly status: 'ended' | 'failed';
  readonly endedAtMs?: number;
  readonly stamp: Stamp;
}

export interface SessionAggregate {
  readonly dataSessionSid: string;
  readonly values: LastValues;
  readonly stamps: Stamps;
  readonly terminal?: Terminal;
  readonly startedAtMs?: number;
  readonly usageThroughMs?: number;
  readonly download: Direction;
  readonly upload: Direction;
  /** An event that shows the session's start was seen, so nothing was used before the first event. */
  readonly isSeenFromStart: boolean;
  /** Some event said that the SIM's data use is blocked. Absent: none did. */
  readonly hasBeenBlocked?: true;
  readonly eventCount: number;
  readonly updateCount: number;
}

/** What readers see of a session's bytes. `missing` was counted by the network in events that never arrived. */
export interface SessionUsage {
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  readonly totalBytes: bigint;
  readonly missingBytes: bigint;
}

export const emptySession = (dataSessionSid: string): SessionAggregate => ({
  dataSessionSid,
  values: {},
  stamps: {},
  download: { counted: 0n },
  upload: { counted: 0n },
  isSeenFromStart: false,
  eventCount: 0,
  updateCount: 0,
});

const max = <T extends bigint | number>(a: T | undefined, b: T | undefined): T | undefined =>
  a === undefined ? b : b === undefined || a >= b ? a : b;
const min = <T extends bigint | number>(a: T | undefined, b: T | undefined): T | undefined =>
  a === undefined ? b : b === undefined || a <= b ? a : b;

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** A window larger than its own counter is a source's mistake: nothing can have been used before it. */
const usedBefore = (delta = 0n, cumulative: bigint | undefined): bigint | undefined =>
  cumulative === undefined ? undefined : cumulative > delta ? cumulative - delta : 0n;

function foldDirection(
  direction: Direction,
  delta: bigint | undefined,
  cumulative: bigint | undefined,
): Direction {
  const next: Draft<Direction> = { counted: delta ? direction.counted + delta : direction.counted };
  const largest = max(direction.cumulative, cumulative);
  if (largest !== undefined) next.cumulative = largest;
  const smallest = direction.before === 0n ? 0n : min(direction.before, usedBefore(delta, cumulative));
  if (smallest !== undefined) next.before = smallest;
  return next;
}

/** `ended_at` comes from an event, never from silence: an `ended` event without an end time ended when it says it happened. */
function terminalOf(event: DataSessionEvent): Terminal | undefined {
  if (event.verb !== 'ended' && event.verb !== 'failed') return undefined;
  const endedAtMs = event.sessionEndMs ?? (event.verb === 'ended' ? event.timestampMs : undefined);
  const terminal: Draft<Terminal> = { status: event.verb, stamp: stampOf(event) };
  if (endedAtMs !== undefined) terminal.endedAtMs = endedAtMs;
  return terminal;
}

function laterTerminal(a: Terminal | undefined, b: Terminal | undefined): Terminal | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = compareStamps(a.stamp, b.stamp) || (a.endedAtMs ?? -1) - (b.endedAtMs ?? -1);
  return order >= 0 ? a : b;
}

const startOf = (event: DataSessionEvent): number | undefined =>
  event.sessionStartMs ?? (event.verb === 'started' ? event.timestampMs : undefined);

/** `started` has no window; an `ended` event's window may be bounded by the session's end alone. */
const windowEndOf = (event: DataSessionEvent): number | undefined =>
  event.verb === 'started'
    ? undefined
    : (event.windowEndMs ?? (event.verb === 'ended' ? event.sessionEndMs : undefined));

/** The time by which an event's window is put into an hour. Unit: ms since 1970. */
export const stampOfUsage = (event: DataSessionEvent): number => windowEndOf(event) ?? stampOf(event).timeMs;

const showsStart = (event: DataSessionEvent): boolean =>
  event.verb === 'started' ||
  (event.windowStartMs !== undefined &&
    event.sessionStartMs !== undefined &&
    event.windowStartMs <= event.sessionStartMs);

/** Folds one event that is known to be new. */
export function foldEvent(
  session: SessionAggregate,
  event: DataSessionEvent,
  personalFields: ReadonlySet<PersonalField>,
): SessionAggregate {
  const { values, stamps } = foldLastValues(session.values, session.stamps, event, personalFields);
  const next: Draft<SessionAggregate> = {
    dataSessionSid: session.dataSessionSid,
    values,
    stamps,
    download: foldDirection(session.download, event.downloadBytes, event.sessionDownloadBytes),
    upload: foldDirection(session.upload, event.uploadBytes, event.sessionUploadBytes),
    isSeenFromStart: session.isSeenFromStart || showsStart(event),
    eventCount: session.eventCount + 1,
    updateCount: session.updateCount + (event.verb === 'updated' ? 1 : 0),
  };
  if (session.hasBeenBlocked || event.dataModifier !== undefined) next.hasBeenBlocked = true;
  const terminal = laterTerminal(session.terminal, terminalOf(event));
  if (terminal) next.terminal = terminal;
  const startedAtMs = min(session.startedAtMs, startOf(event));
  if (startedAtMs !== undefined) next.startedAtMs = startedAtMs;
  const usageThroughMs = max(session.usageThroughMs, windowEndOf(event));
  if (usageThroughMs !== undefined) next.usageThroughMs = usageThroughMs;
  return next;
}

const usedBytes = (direction: Direction): bigint => max(direction.counted, direction.cumulative) ?? 0n;

const missingBytes = (direction: Direction, isSeenFromStart: boolean): bigint => {
  // Nearly always nothing is.
  if (direction.cumulative === undefined || direction.cumulative <= direction.counted) return 0n;
  const before = isSeenFromStart ? 0n : (direction.before ?? 0n);
  const missing = direction.cumulative - direction.counted - before;
  return missing > 0n ? missing : 0n;
};

/** Bytes that the network counted in events that never arrived. */
export const missingOf = ({ download, upload, isSeenFromStart }: SessionAggregate): bigint =>
  missingBytes(download, isSeenFromStart) + missingBytes(upload, isSeenFromStart);

/** The session's usage: per direction the larger of what the counters say and what the windows add up to. */
export function usageOf(session: SessionAggregate): SessionUsage {
  const downloadBytes = usedBytes(session.download);
  const uploadBytes = usedBytes(session.upload);
  return {
    downloadBytes,
    uploadBytes,
    totalBytes: downloadBytes + uploadBytes,
    missingBytes: missingOf(session),
  };
}

/** A SIM's state as a pure fold of what changes it: attachments, and sessions that start and end. The same set of
 *  distinct events gives the same state, whatever their order: every part is a count, a last value by event time, or
 *  the latest few of something. */
import type { ConnectionEvent, EventError, SimEvent } from '../decode/event.ts';
import { foldFields, type LastValueField, type LastValues, type Stamp, type Stamps } from './last-values.ts';
import { emptySessionLists, foldSimSession, OTA_APN, type SessionLists } from './sim-sessions.ts';

/** What happened, in the order in which they follow each other within one second. Codes are stored: append only. */
export const TRANSITIONS = [
  'attachment-failed',
  'attachment-rejected',
  'attachment-accepted',
  'session-started',
  'session-failed',
  'session-ended',
  /** Never came to be. */
  'session-start-failed',
] as const;
export type Transition = (typeof TRANSITIONS)[number];

export interface TransitionAt {
  readonly timeMs: number;
  readonly transition: Transition;
}

/** Of the latest event of a kind. */
export interface LastAttachment {
  readonly stamp: Stamp;
  readonly verb: 'accepted' | 'rejected' | 'failed';
  readonly error?: EventError;
}

export interface OtaCheck {
  readonly atMs: number;
  /** By the session's own counters. */
  readonly bytes: bigint;
}

/** Whether a SIM's data use is blocked, as one of its sessions knows it. */
export interface BlockingNews {
  readonly value: string | null;
  readonly stamp: Stamp;
}

export interface SimAggregate {
  readonly simSid: string;
  readonly values: LastValues;
  readonly stamps: Stamps;
  readonly counts: Readonly<Record<Transition, number>>;
  /** `310-260|83702` → rejections. */
  readonly rejections: Readonly<Record<string, number>>;
  readonly lastAttachment?: LastAttachment;
  readonly lastSessionMs?: number;
  /** The latest of user APNs and of attachments, oldest first. */
  readonly recent: readonly TransitionAt[];
  readonly sessions: SessionLists;
  readonly otaStartedCount: number;
  readonly otaStartedMs?: number;
  readonly otaEnded?: OtaCheck;
  /** Different ones, in order. */
  readonly imsiTags: readonly number[];
}

/** What is folded into a SIM: an event that changes it, or what a session's event says about blocking. */
export type SimNews = {
  readonly eventSid: string;
  readonly timestampMs?: number;
  readonly simSid: string;
} & ({ readonly event: ConnectionEvent } | { readonly accountSid: string; readonly blocking: BlockingNews });

/** So many of the latest transitions are kept. */
export const RECENT_MAX = 16;
/** More would say nothing more of a SIM: the first so many by name are told apart, the others are counted as `other`. */
const REJECTION_CAUSES_MAX = 64;
const OTHER_CAUSES = 'other';
/** The smallest so many. */
const IMSI_TAGS_MAX = 64;

const FIELDS: readonly LastValueField[] = [
  'accountSid',
  'fleetSid',
  'simIccid',
  'simUniqueName',
  'ratType',
  'network',
  'dataModifier',
];

const NO_COUNTS = Object.fromEntries(TRANSITIONS.map((name) => [name, 0])) as Record<Transition, number>;

export const emptySim = (simSid: string): SimAggregate => ({
  simSid,
  values: {},
  stamps: {},
  counts: NO_COUNTS,
  rejections: {},
  recent: [],
  sessions: emptySessionLists,
  otaStartedCount: 0,
  imsiTags: [],
});

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Undefined for an event that only reports usage. */
export function transitionOf(event: ConnectionEvent): Transition | undefined {
  if (event.kind === 'attachment') return `attachment-${event.verb}`;
  if (event.kind === 'session-start') return 'session-start-failed';
  return event.verb === 'updated' ? undefined : `session-${event.verb}`;
}

function stampOf(event: ConnectionEvent, transition: Transition): Stamp {
  const session = event.kind === 'data-session' ? event : undefined;
  const timeMs = event.timestampMs ?? session?.sessionEndMs ?? session?.sessionStartMs ?? 0;
  return { timeMs, rank: 2 * TRANSITIONS.indexOf(transition) };
}

/** Of a session's stamps (started, updated, failed, ended), among those of the SIM. */
const RANK_OF_SESSIONS = [6, 7, 8, 10] as const;

const isLater = (a: Stamp, b: Stamp | undefined): boolean =>
  b === undefined || a.timeMs > b.timeMs || (a.timeMs === b.timeMs && a.rank > b.rank);

const errorText = ({ code, message }: EventError = {}): string => `${code ?? ''} ${message ?? ''}`;

function foldAttachment(sim: Draft<SimAggregate>, event: SimEvent, stamp: Stamp): void {
  if (event.kind !== 'attachment') return;
  const { verb, error } = event;
  const last = sim.lastAttachment;
  const isSameInstant = last && !isLater(stamp, last.stamp) && !isLater(last.stamp, stamp);
  if (isLater(stamp, last?.stamp) || (isSameInstant && errorText(error) > errorText(last.error)))
    sim.lastAttachment = error ? { stamp, verb, error } : { stamp, verb };
  if (verb !== 'rejected') return;
  const { mcc = '', mnc = '' } = event.network ?? {};
  sim.rejections = withRejection(sim.rejections, `${mcc}-${mnc}|${error?.code ?? ''}`);
}

/** The first few by name, not by arrival: a cause that once gave way to others before it never comes back, so the
 *  counts are the same whatever the order. */
function withRejection(rejections: SimAggregate['rejections'], cause: string): SimAggregate['rejections'] {
  const counts: Record<string, number> = { ...rejections, [cause]: (rejections[cause] ?? 0) + 1 };
  const names = Object.keys(counts).filter((name) => name !== OTHER_CAUSES);
  if (names.length <= REJECTION_CAUSES_MAX) return counts;
  const last = names.reduce((a, b) => (a > b ? a : b));
  counts[OTHER_CAUSES] = (counts[OTHER_CAUSES] ?? 0) + (counts[last] ?? 0);
  delete counts[last];
  return counts;
}

function foldOta(sim: Draft<SimAggregate>, event: ConnectionEvent): void {
  if (event.kind !== 'data-session' || event.apn !== OTA_APN) return;
  if (event.verb === 'started') {
    sim.otaStartedCount += 1;
    const atMs = event.sessionStartMs ?? event.timestampMs ?? 0;
    sim.otaStartedMs = Math.max(sim.otaStartedMs ?? 0, atMs);
  }
  const { sessionDownloadBytes: down, sessionUploadBytes: up } = event;
  if (event.verb !== 'ended' || (down === undefined && up === undefined)) return;
  const ended = { atMs: event.timestampMs ?? event.sessionEndMs ?? 0, bytes: (down ?? 0n) + (up ?? 0n) };
  const last = sim.otaEnded;
  const isNewer = !last || ended.atMs > last.atMs || (ended.atMs === last.atMs && ended.bytes > last.bytes);
  if (isNewer) sim.otaEnded = ended;
}

const byTime = (a: TransitionAt, b: TransitionAt): number =>
  a.timeMs - b.timeMs || TRANSITIONS.indexOf(a.transition) - TRANSITIONS.indexOf(b.transition);

function foldImsi(sim: Draft<SimAggregate>, tag: number | undefined): void {
  if (tag === undefined || sim.imsiTags.includes(tag)) return;
  sim.imsiTags = [...sim.imsiTags, tag].sort((a, b) => a - b).slice(0, IMSI_TAGS_MAX);
}

/** Folds what is known to be new. */
export function foldNews(before: SimAggregate, news: SimNews): SimAggregate {
  const sim: Draft<SimAggregate> = { ...before };
  if ('blocking' in news) {
    const { value, stamp } = news.blocking;
    const { accountSid } = news;
    const event = value === null ? { accountSid } : { accountSid, dataModifier: value };
    const rank = RANK_OF_SESSIONS[stamp.rank] ?? 0;
    Object.assign(sim, foldFields(sim, event, { ...stamp, rank }, ['accountSid', 'dataModifier']));
    return sim;
  }
  const { event } = news;
  const transition = transitionOf(event);
  if (transition === undefined) return before;
  const stamp = stampOf(event, transition);
  Object.assign(sim, foldFields(sim, event, stamp, FIELDS));
  sim.counts = { ...sim.counts, [transition]: sim.counts[transition] + 1 };
  foldImsi(sim, event.imsiTag);
  const isOta = event.kind === 'data-session' && event.apn === OTA_APN;
  if (!isOta)
    sim.recent = [...sim.recent, { timeMs: stamp.timeMs, transition }].sort(byTime).slice(-RECENT_MAX);
  if (event.kind !== 'data-session') foldAttachment(sim, event, stamp);
  else sim.sessions = foldSimSession(sim.sessions, event);
  if (event.kind !== 'attachment') sim.lastSessionMs = Math.max(sim.lastSessionMs ?? 0, stamp.timeMs);
  foldOta(sim, event);
  return sim;
}

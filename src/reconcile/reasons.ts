/** Why a period differs. Pure. The first rule that holds decides; docs/reconciliation.md says what to do about each. */
import { toIso } from '../time.ts';
import type { SessionSpan } from './session-span.ts';
import type { GapAt, SimUsage } from './sim-usage.ts';

export const REASONS = [
  'edge-window',
  'missing-events',
  'open-session',
  'not-metered-yet',
  'extra',
  'unknown-sim',
  'unexplained',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Explanation {
  readonly reason: Reason;
  readonly because: string;
}

export interface DifferingPeriod {
  readonly startMs: number;
  readonly endMs: number;
  readonly differenceBytes: bigint;
  /** What windows across the period's edges do not explain. */
  readonly leftBytes: bigint;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** The latest time of which we have processed anything for this SIM. */
function latestOf({ sessions, hours }: SimUsage): number {
  const used = [...hours]
    .filter(([, { downloadBytes, uploadBytes }]) => downloadBytes + uploadBytes > 0n)
    .map(([hourMs]) => hourMs);
  return [...used, ...sessions.map(({ throughMs }) => throughMs)].reduce((a, b) => Math.max(a, b), NEVER);
}

/** Records that a gap took were in the stream before it was noticed, so what they told happened before too. */
const gapOver = (gaps: readonly GapAt[], startMs: number): GapAt | undefined =>
  gaps.find(({ recordedAtMs }) => recordedAtMs >= startMs);

/** It was open in the period and has not reported to its end: also its current hour, which is open until then. */
const unreportedIn = (
  sessions: readonly SessionSpan[],
  { startMs, endMs }: DifferingPeriod,
): SessionSpan | undefined => {
  const silent = sessions.filter(
    ({ isOpen, startedAtMs, throughMs }) => isOpen && startedAtMs < endMs && throughMs < endMs,
  );
  return silent.find(({ throughMs }) => throughMs >= startMs) ?? silent[0];
};

const timeText = (ms: number): string => (ms === NEVER ? 'no known time' : toIso(ms));

/** The vendor has more. */
function shortReason(sim: SimUsage, period: DifferingPeriod, isUnbilled: boolean): Explanation {
  const { sessions, gaps } = sim;
  const missing = sessions.find((session) => session.mayMissIn(period.startMs, period.endMs));
  if (missing !== undefined)
    return {
      reason: 'missing-events',
      because: `session ${missing.dataSessionSid} misses ${missing.missingBytes} bytes`,
    };
  const gap = gapOver(gaps, period.startMs);
  if (gap !== undefined)
    return {
      reason: 'missing-events',
      because: `a gap of ${gap.shardId} was recorded at ${toIso(gap.recordedAtMs)}`,
    };
  const open = unreportedIn(sessions, period);
  if (open !== undefined)
    return {
      reason: 'open-session',
      because: `session ${open.dataSessionSid} has reported through ${timeText(open.throughMs)}`,
    };
  const latestMs = latestOf(sim);
  if (latestMs < period.startMs)
    return { reason: 'not-metered-yet', because: `the latest of this SIM is of ${timeText(latestMs)}` };
  if (isUnbilled) return unbilled;
  return { reason: 'unexplained', because: 'the vendor counted more, and nothing here says why' };
}

const unbilled: Explanation = {
  reason: 'not-metered-yet',
  because: 'the vendor is still processing: data_total_billed is 0',
};

/** Why this period differs. */
export function reasonOf(sim: SimUsage, period: DifferingPeriod): Explanation {
  const { differenceBytes, leftBytes, startMs } = period;
  const hasUsage = [...sim.hours.values()].some((each) => each.downloadBytes + each.uploadBytes > 0n);
  if (sim.sessions.length === 0 && !hasUsage)
    return { reason: 'unknown-sim', because: 'there is no session and no usage of this SIM' };
  const isUnbilled = sim.vendor.get(startMs)?.isUnbilled ?? false;
  if (differenceBytes === 0n)
    return { reason: 'unexplained', because: 'the totals are equal, download and upload are not' };
  if (leftBytes === 0n) return { reason: 'edge-window', because: 'balanced by the period beside it' };
  if (leftBytes < 0n) return shortReason(sim, period, isUnbilled);
  return isUnbilled ? unbilled : { reason: 'extra', because: 'we counted more than the vendor' };
}

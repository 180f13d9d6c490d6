/** What readers see of a SIM: its state and what is worth a look, from what the fold keeps. Pure. */
import type { SimAggregate, TransitionAt } from './sim.ts';
import type { SimSession } from './sim-sessions.ts';

export type ConnectionState = 'blocked' | 'online' | 'attached' | 'offline';

export const SIM_FLAGS = [
  'data-limit-reached',
  'ota-in-blocks',
  'reattaching',
  'rejection-storm',
  'several-sessions',
] as const;
export type SimFlag = (typeof SIM_FLAGS)[number];

export interface SimView {
  readonly connectionState: ConnectionState;
  /** At the end of what is kept; the most that is kept means "or more". */
  readonly rejectionsInARow: number;
  readonly attachmentsWithoutSession: number;
  readonly openSessionCount: number;
  readonly superSessionSid?: string;
  readonly otaSessionSid?: string;
  /** Update sessions opened one right after the other, up to the latest. */
  readonly otaBlocksInARow: number;
  /** In alphabetical order. */
  readonly flags: readonly SimFlag[];
}

const MINUTE_MS = 60_000;
/** Attachments that follow each other within this are in quick succession. */
const REATTACHING_WITHIN_MS = 10 * MINUTE_MS;
const REATTACHING_MIN = 3;
/** So many rejections within this time are a storm. */
const STORM_WITHIN_MS = 10 * MINUTE_MS;
const STORM_MIN = 8;
/** The next block of an update is fetched at once. Source: Super SIM OTA updates. */
const NEXT_BLOCK_WITHIN_MS = MINUTE_MS;
const BLOCKS_MIN = 2;
const SEVERAL = 2;

/** The data use of a SIM over its limit. Source: Super SIM Connection Events, `data_modifier`. */
const BLOCKED = 'blocked';

/** From the latest backwards: those of `counted`, until one of `ending`. */
function inARow(
  recent: readonly TransitionAt[],
  counted: TransitionAt['transition'],
  ending: readonly TransitionAt['transition'][],
): TransitionAt[] {
  const found: TransitionAt[] = [];
  for (let at = recent.length - 1; at >= 0; at -= 1) {
    const entry = recent[at] as TransitionAt;
    if (ending.includes(entry.transition)) break;
    if (entry.transition === counted) found.push(entry);
  }
  return found;
}

const isOpen = ({ endedMs }: SimSession): boolean => endedMs === undefined;

function blocksInARow(sessions: readonly SimSession[]): number {
  let count = Math.min(1, sessions.length);
  for (let at = sessions.length - 1; at > 0; at -= 1) {
    const [before, after] = [sessions[at - 1] as SimSession, sessions[at] as SimSession];
    if (before.endedMs === undefined || after.startedMs - before.endedMs > NEXT_BLOCK_WITHIN_MS) break;
    count += 1;
  }
  return count;
}

/** Latest first: the first few, each soon after the next. */
const isQuick = (entries: readonly TransitionAt[], withinMs: number): boolean =>
  entries.slice(1).every(({ timeMs }, at) => (entries[at] as TransitionAt).timeMs - timeMs <= withinMs);

function isStorm(rejected: readonly TransitionAt[]): boolean {
  const [last, first] = [rejected[0], rejected[STORM_MIN - 1]];
  return last !== undefined && first !== undefined && last.timeMs - first.timeMs <= STORM_WITHIN_MS;
}

export function viewOf({ values, recent, sessions }: SimAggregate): SimView {
  const rejected = inARow(recent, 'attachment-rejected', ['attachment-accepted', 'session-started']);
  const attached = inARow(recent, 'attachment-accepted', ['session-started']);
  const [user, ota] = [sessions.user.filter(isOpen), sessions.ota.filter(isOpen)];
  const openSessionCount = user.length + ota.length;
  const isBlocked = values.dataModifier === BLOCKED;
  const isAttached = recent.at(-1)?.transition === 'attachment-accepted';
  const otaBlocksInARow = blocksInARow(sessions.ota);
  const flags: readonly (readonly [SimFlag, boolean])[] = [
    ['data-limit-reached', isBlocked],
    ['ota-in-blocks', otaBlocksInARow >= BLOCKS_MIN],
    [
      'reattaching',
      attached.length >= REATTACHING_MIN &&
        isQuick(attached.slice(0, REATTACHING_MIN), REATTACHING_WITHIN_MS),
    ],
    ['rejection-storm', isStorm(rejected)],
    ['several-sessions', openSessionCount >= SEVERAL],
  ];
  const [superSession, otaSession] = [user.at(-1), ota.at(-1)];
  return {
    connectionState: isBlocked
      ? 'blocked'
      : openSessionCount > 0
        ? 'online'
        : isAttached
          ? 'attached'
          : 'offline',
    rejectionsInARow: rejected.length,
    attachmentsWithoutSession: attached.length,
    openSessionCount,
    ...(superSession ? { superSessionSid: superSession.sid } : {}),
    ...(otaSession ? { otaSessionSid: otaSession.sid } : {}),
    otaBlocksInARow,
    flags: flags.filter(([, isSet]) => isSet).map(([name]) => name),
  };
}

/** What keeps the workers, or this page, from their work, in words. Pure. */
import type { ReadyCheck } from '../ops/health.ts';
import { spoken, type Trouble, type TroubleKind } from '../ops/troubles.ts';
import type { Failing } from './cached-read.ts';
import { problemOf } from './read-problem.ts';
import type { Level } from './shapes.ts';

/** One late answer is no outage. Unit: ms. */
const OUTAGE_FROM_MS = 3_000;

export interface PageTrouble {
  readonly level: Level;
  /** It passes by itself, and costs time only. */
  readonly isOutage: boolean;
  readonly text: string;
}

const OUTAGES: ReadonlySet<TroubleKind> = new Set(['aws-failing', 'shard-stuck']);

export interface TroubleSources {
  readonly checks: readonly ReadyCheck[];
  /** By the workers themselves. */
  readonly said: readonly Trouble[];
  /** The page's own reads. */
  readonly fleet: Failing | undefined;
  readonly lags: Failing | undefined;
  /** Wall time. Unit: ms since 1970. */
  readonly nowMs: number;
}

const sentence = (text: string): string => {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};

/** The verdict says what is wrong with shards, from the lease table. */
const isOfShard = ({ kind }: Trouble): boolean => kind === 'shard-parked';

function readTrouble(failing: Failing | undefined, what: string, nowMs: number): PageTrouble[] {
  if (!failing || nowMs - failing.sinceMs < OUTAGE_FROM_MS) return [];
  const text = `For ${spoken(nowMs - failing.sinceMs)}: ${problemOf(failing.error, what)}`;
  return [{ level: 'bad', isOutage: true, text }];
}

/** `process-2`, for a check that a supervisor makes of a process. */
const PROCESS = /^process-(\d+)$/;

function checkTrouble({ name, reason = '' }: ReadyCheck): PageTrouble[] {
  const process = PROCESS.exec(name)?.[1];
  const trouble = { level: 'busy', isOutage: false } as const;
  if (process !== undefined)
    return [{ ...trouble, text: `Worker process ${process} does not read: ${reason}.` }];
  return name.endsWith('running') && reason !== '' ? [{ ...trouble, text: `The worker is ${reason}.` }] : [];
}

const saidTrouble = ({ kind, text, process }: Trouble): PageTrouble => ({
  level: kind === 'event-loop-blocked' ? 'warn' : 'bad',
  isOutage: OUTAGES.has(kind),
  text: sentence(process === undefined ? text : `Process ${process}: ${text}`),
});

export function findTroubles({ checks, said, fleet, lags, nowMs }: TroubleSources): readonly PageTrouble[] {
  const workers = said.filter((trouble) => !isOfShard(trouble)).map(saidTrouble);
  // The workers' own word is better than what this page meets on its way.
  const own = workers.length > 0 ? [] : readTrouble(fleet, 'reading the lease table', nowMs);
  const kinesis = workers.length > 0 ? [] : readTrouble(lags, 'looking into the stream', nowMs);
  const waiting = checks.filter(({ isOk }) => !isOk).flatMap(checkTrouble);
  const byText = new Map(
    [...workers, ...own, ...kinesis, ...waiting].map((trouble) => [trouble.text, trouble]),
  );
  return [...byText.values()];
}

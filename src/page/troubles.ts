/** What keeps the workers, or this page, from their work, in words. Pure. */
import type { ReadyCheck } from '../ops/health.ts';
import { spoken, type Trouble } from '../ops/troubles.ts';
import type { Failing } from './cached-read.ts';
import { problemOf } from './read-problem.ts';

/** One late answer is no outage. Unit: ms. */
const OUTAGE_FROM_MS = 3_000;

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
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
};

/** The verdict says what is wrong with shards, from the lease table. */
const isOfShard = ({ kind }: Trouble): boolean => kind === 'shard-parked';

function readTrouble(failing: Failing | undefined, what: string, nowMs: number): string[] {
  if (!failing || nowMs - failing.sinceMs < OUTAGE_FROM_MS) return [];
  return [`For ${spoken(nowMs - failing.sinceMs)}: ${problemOf(failing.error, what)}`];
}

/** `process-2`, for a check that a supervisor makes of a process. */
const PROCESS = /^process-(\d+)$/;

function checkTrouble({ name, reason = '' }: ReadyCheck): string[] {
  const process = PROCESS.exec(name)?.[1];
  if (process !== undefined) return [`Worker process ${process} does not read: ${reason}.`];
  return name.endsWith('running') && reason !== '' ? [`The worker is ${reason}.`] : [];
}

export function findTroubles({ checks, said, fleet, lags, nowMs }: TroubleSources): readonly string[] {
  const workers = said
    .filter((trouble) => !isOfShard(trouble))
    .map(({ text, process }) => sentence(process === undefined ? text : `Process ${process}: ${text}`));
  // The workers' own word is better than what this page meets on its way.
  const own = workers.length > 0 ? [] : readTrouble(fleet, 'reading the lease table', nowMs);
  const kinesis = workers.length > 0 ? [] : readTrouble(lags, 'looking into the stream', nowMs);
  const waiting = checks.filter(({ isOk }) => !isOk).flatMap(checkTrouble);
  return [...new Set([...workers, ...own, ...kinesis, ...waiting])];
}

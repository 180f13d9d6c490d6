/** What follows when a process ends. Pure. */
import type { Random } from '../time.ts';
import type { GoodEnd } from './messages.ts';

/** How one process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it said last, when it ended in good order. */
  readonly end: GoodEnd | undefined;
  /** It came as far as reading. */
  readonly hasStarted: boolean;
  /** Unit: ms. */
  readonly uptimeMs: number;
}

/** What matters beside the exit itself. */
export interface Circumstances {
  /** The run was told to stop. */
  readonly isStopping: boolean;
  /** The run ends when the stream is drained. */
  readonly isDraining: boolean;
  /** Another process of this run reads. */
  readonly isAnotherReading: boolean;
  /** Restarts since this process last ran well. */
  readonly restartsInARow: number;
}

export type Verdict =
  | { readonly kind: 'finished' | 'give-up'; readonly exitCode: number }
  /** `restartsInARow` counts this one. */
  | { readonly kind: 'restart'; readonly restartsInARow: number };

/** Exit codes that say why a start was refused; `cli/exit-codes.ts` has them all. */
export interface RefusalCodes {
  /** Settings, tables or streams are wrong: no repetition cures that. */
  readonly final: readonly number[];
  /** AWS refused or did not answer: a mistake when nobody gets through, else an outage that passes. */
  readonly aws: readonly number[];
  /** For an end that has no code of its own. */
  readonly failed: number;
}

/** A process that ran so long has recovered: its next crash is a first one. Unit: ms. */
export const RUNS_WELL_AFTER_MS = 60_000;
/** A drain is a job with an end: it does not try for ever. */
export const DRAIN_RESTARTS_MAX = 5;
const DELAY_BASE_MS = 1_000;
/** Others read its shards meanwhile, so that nothing waits for it. */
const DELAY_CAP_MS = 30_000;

/** Decides what follows. An end in good order that nobody asked for, such as by a signal to one process alone, is
 *  answered by a restart too: the run keeps its number of processes. */
export function decide(exit: ProcessExit, about: Circumstances, codes: RefusalCodes): Verdict {
  const { code, end } = exit;
  const failure = code || codes.failed;
  if (about.isStopping) return { kind: 'finished', exitCode: code === 0 ? 0 : failure };
  if (about.isDraining && (end === 'drained' || end === 'parked'))
    return { kind: 'finished', exitCode: end === 'drained' ? 0 : codes.failed };
  if (isRefusal(exit, about, codes)) return { kind: 'give-up', exitCode: failure };
  const before = exit.uptimeMs >= RUNS_WELL_AFTER_MS ? 0 : about.restartsInARow;
  if (about.isDraining && before >= DRAIN_RESTARTS_MAX) return { kind: 'give-up', exitCode: failure };
  return { kind: 'restart', restartsInARow: before + 1 };
}

function isRefusal({ code, hasStarted }: ProcessExit, about: Circumstances, codes: RefusalCodes): boolean {
  if (hasStarted || code === null) return false;
  return codes.final.includes(code) || (codes.aws.includes(code) && !about.isAnotherReading);
}

/** How long to wait before the n-th restart in a row, counted from 1: doubling up to a cap, and of that between a half
 *  and the whole, so that processes that died together do not come back together, nor at once. Unit: ms. */
export const restartDelayMs = (restartsInARow: number, random: Random): number =>
  Math.min(DELAY_CAP_MS, DELAY_BASE_MS * 2 ** Math.min(restartsInARow - 1, 30)) * (0.5 + random.next() / 2);

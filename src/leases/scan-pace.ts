/** How often a worker looks at the whole table. Pure. */

/** Between two looks in a fleet of several: a lease given back is read on within about this. Unit: ms. */
const SCAN_EVERY_MS = 1_000;
/** A large table costs more to look through: 20 ms more for each row, which is one read unit in 12 rows. */
const SCAN_MS_PER_LEASE = 20;
/** While an owner's answer is awaited. Unit: ms. */
const ANSWER_EVERY_MS = 250;
/** Alone with an unchanged table, each wait is so much longer than the one before. */
const GROWTH = 1.5;

export interface PaceInput {
  readonly leaseCount: number;
  readonly liveWorkerCount: number;
  readonly isUnchanged: boolean;
  readonly isAsking: boolean;
  /** The wait before, unit: ms; 0 for none. */
  readonly beforeMs: number;
  /** The longest wait. Unit: ms. */
  readonly maxMs: number;
}

/**
 * The ms until the next look.
 *
 * A worker alone has nobody to take over from, and who comes asks it in the row of a lease: so it looks ever more
 * seldom, up to `maxMs`. A fleet of several keeps looking: when one of them stops, its shards must not be silent.
 */
export function nextScanMs(input: PaceInput): number {
  const { leaseCount, liveWorkerCount, isUnchanged, isAsking, beforeMs, maxMs } = input;
  const baseMs = Math.min(maxMs, Math.max(SCAN_EVERY_MS, leaseCount * SCAN_MS_PER_LEASE));
  if (isAsking) return Math.min(baseMs, Math.max(ANSWER_EVERY_MS, baseMs / 4));
  return liveWorkerCount > 1 || !isUnchanged ? baseMs : Math.min(maxMs, Math.max(baseMs, beforeMs * GROWTH));
}

/** What keeping the SIMs' state and usage by hour beside the sessions takes: units and bytes. Pure. In words: docs/cost.md. */
import type { EstimateInput } from './assumptions.ts';

/** A usage item of 24 hours on one line with half of its ring, and its entry in index `by-fleet`. */
export const USAGE_ITEM_BYTES = 1_550;
export const USAGE_INDEX_ENTRY_BYTES = 180;
/** A SIM's with everything in it. */
export const SIM_ITEM_BYTES = 2_000;

/** What of a load changes SIMs and days. */
interface Changes {
  readonly updatesPerMonth: number;
  readonly sessionsPerMonth: number;
  readonly startsAndEndsPerMonth: number;
  readonly attachmentsPerMonth: number;
}

const HOURS_PER_DAY = 24;

/** `overheadBytes`: what DynamoDB adds to each item and index entry. */
export function projectionsOf(
  load: Changes,
  input: EstimateInput,
  { hoursPerMonth, overheadBytes }: { readonly hoursPerMonth: number; readonly overheadBytes: number },
) {
  const { devices, attachRate, simWriteUnits, usageWriteUnits, sessionsKeptDays } = input;
  const transitionsPerMonth = load.attachmentsPerMonth + load.startsAndEndsPerMonth;
  // A session hands an hour on with the first update of the next one, and its last hour with its end.
  const usageHoursPerMonth =
    Math.min(load.updatesPerMonth, devices * attachRate * hoursPerMonth) + load.sessionsPerMonth;
  const daysPerMonth = hoursPerMonth / HOURS_PER_DAY;
  const usageDaysPerMonth = Math.min(devices * daysPerMonth, usageHoursPerMonth);
  const [keepsSims, keepsUsage] = [simWriteUnits > 0 ? 1 : 0, usageWriteUnits > 0 ? 1 : 0];
  const usageDaysStored = (usageDaysPerMonth / daysPerMonth) * sessionsKeptDays * keepsUsage;
  return {
    transitionsPerMonth,
    usageHoursPerMonth,
    /** A day's first write also makes its entry in the index. */
    writeUnitsPerMonth:
      transitionsPerMonth * simWriteUnits +
      usageHoursPerMonth * usageWriteUnits +
      usageDaysPerMonth * keepsUsage,
    /** Each item is read before it is written. */
    readUnitsPerMonth: transitionsPerMonth * keepsSims + usageHoursPerMonth * keepsUsage,
    storedBytes:
      usageDaysStored * (USAGE_ITEM_BYTES + USAGE_INDEX_ENTRY_BYTES + 2 * overheadBytes) +
      devices * (SIM_ITEM_BYTES + overheadBytes) * keepsSims,
  };
}

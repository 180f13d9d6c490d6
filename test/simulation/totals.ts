/** The figures of many seeds together. */
import type { SeedReport } from './world.ts';

export interface Totals {
  seeds: number;
  failedSeeds: number[];
  /** Run twice, with the same history both times. */
  repeatedSeeds: number;
  simulatedHours: number;
  steps: number;
  calls: number;
  records: number;
  applied: number;
  duplicate: number;
  ignored: number;
  deadLettered: number;
  gaps: number;
  faults: Record<string, number>;
  logged: Record<string, number>;
}

export const noTotals = (): Totals => ({
  seeds: 0,
  failedSeeds: [],
  repeatedSeeds: 0,
  simulatedHours: 0,
  steps: 0,
  calls: 0,
  records: 0,
  applied: 0,
  duplicate: 0,
  ignored: 0,
  deadLettered: 0,
  gaps: 0,
  faults: {},
  logged: {},
});

const SUMS = [
  'steps',
  'calls',
  'records',
  'applied',
  'duplicate',
  'ignored',
  'deadLettered',
  'gaps',
] as const satisfies readonly (keyof SeedReport & keyof Totals)[];

export function addReport(totals: Totals, report: SeedReport): void {
  totals.seeds += 1;
  if (report.violations.length > 0) totals.failedSeeds.push(report.seed);
  totals.simulatedHours += report.virtualMs / 3_600_000;
  for (const name of SUMS) totals[name] += report[name];
  for (const name of ['faults', 'logged'] as const)
    for (const [kind, count] of Object.entries(report[name]))
      totals[name][kind] = (totals[name][kind] ?? 0) + count;
}

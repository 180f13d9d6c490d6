import type { SeedPlan } from './plan.ts';
import { type SeedReport, type Violation, World } from './world.ts';

/** Lives a seed's life; what the world itself throws is a violation too. */
async function live(plan: SeedPlan): Promise<SeedReport> {
  const unhandled: Violation[] = [];
  const onUnhandled = (error: unknown): void => {
    unhandled.push({ invariant: 'liveness', what: `unhandled rejection: ${describe(error)}`, atMs: 0 });
  };
  process.on('unhandledRejection', onUnhandled);
  try {
    const report = await new World(plan).run();
    return { ...report, violations: [...report.violations, ...unhandled] };
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}

/** Runs a plan; with `isRepeated` twice, and both histories must be the same (I14). */
export async function runPlan(plan: SeedPlan, { isRepeated = false } = {}): Promise<SeedReport> {
  const report = await live(plan);
  if (!isRepeated) return report;
  const again = await live(plan);
  if (again.traceHash === report.traceHash) return report;
  const what = `two runs of the seed differ: ${report.traceHash} and ${again.traceHash}`;
  return { ...report, violations: [...report.violations, { invariant: 'I14', what, atMs: 0 }] };
}

const describe = (error: unknown): string => (error instanceof Error ? String(error.stack) : String(error));

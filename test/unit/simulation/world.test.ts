import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { planOf, type SeedPlan } from '../../simulation/plan.ts';
import { runPlan } from '../../simulation/run-seed.ts';

const REGRESSIONS = join(import.meta.dirname, '../../simulation/regressions');

describe('the simulated world', () => {
  // `npm run simulate` runs hundreds; these few show that it works at all.
  it.each([1, 2, 3, 4, 5, 6])('seed %i keeps all invariants', async (seed) => {
    const report = await runPlan(planOf(seed));

    expect(report.violations).toEqual([]);
    expect(report.applied).toBeGreaterThan(0);
  });

  it('is the same for the same seed, and another for another', async () => {
    const [first, again, other] = [
      await runPlan(planOf(11)),
      await runPlan(planOf(11)),
      await runPlan(planOf(12)),
    ];

    expect(again).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  it.each(readdirSync(REGRESSIONS))('%s does not come back', async (file) => {
    const { plan } = JSON.parse(readFileSync(join(REGRESSIONS, file), 'utf8')) as { plan: SeedPlan };

    expect((await runPlan(plan)).violations).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { runPlan } from '../../simulation/run-seed.ts';
import { SCENARIOS } from '../../simulation/scenarios.ts';

describe('the simulated fleet keeps all invariants when', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (_, plan) => {
    const report = await runPlan(plan);

    expect(report.violations).toEqual([]);
    expect(report.applied).toBeGreaterThan(100);
  });
});

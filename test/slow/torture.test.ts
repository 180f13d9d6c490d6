import { expect, it } from '@jest/globals';
import { torture } from '../torture/torture.ts';

it('a minute of kills, pauses, faults, outages and reshards loses and doubles nothing', async () => {
  const said: string[] = [];

  const report = await torture({ events: 5_000, minutes: 1, seed: 7 }, (text) => said.push(text));

  const { differences, deadLetters, stuckShards, violations, missedFloors, failures } = report;
  const findings = { differences, wrong: deadLetters.wrong, stuckShards, violations, missedFloors, failures };
  expect(findings).toEqual({
    differences: [],
    wrong: [],
    stuckShards: [],
    violations: [],
    missedFloors: [],
    failures: [],
  });
  expect(report.ok).toBe(true);
  // The checks had something to look at.
  expect(report.leaseWritesChecked).toBeGreaterThan(200);
  expect(report.effectsChecked).toBeGreaterThan(4_000);
  expect(report.takesFromOthers).toBeGreaterThan(3);
  expect(report.books.length).toBeGreaterThan(3);
  process.stdout.write(
    `torture: ${report.kills} kill -9, ${report.pauses} pauses, ${report.faults} faults, ` +
      `${report.appliedUnanswered} writes done but unanswered, ${report.leaseWritesChecked} lease writes checked\n`,
  );
});

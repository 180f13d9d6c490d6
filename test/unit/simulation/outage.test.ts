/** Two minutes without DynamoDB and Kinesis, in the simulated world: what test/slow/outage.test.ts does with real
 *  processes. */
import { describe, expect, it, jest } from '@jest/globals';
import type { Trouble } from '../../../src/ops/troubles.ts';
import type { Outage } from '../../simulation/faults.ts';
import type { SeedPlan } from '../../simulation/plan.ts';
import { SCENARIOS } from '../../simulation/scenarios.ts';
import { World } from '../../simulation/world.ts';

const MINUTE_MS = 60_000;
// Seven simulated minutes take two seconds, and on a busy machine many.
jest.setTimeout(MINUTE_MS);
const FROM_MS = 3 * MINUTE_MS;
const TO_MS = 5 * MINUTE_MS;
const WORKERS = 2;

const planWith = (outages: readonly Pick<Outage, 'service' | 'hangs'>[]): SeedPlan => ({
  ...(SCENARIOS['all of DynamoDB refuses for 3 hours'] as SeedPlan),
  workers: WORKERS,
  troubledMs: 7 * MINUTE_MS,
  outages: outages.map((outage) => ({ ...outage, fromMs: FROM_MS, toMs: TO_MS, isPartial: false })),
});

/** Each worker's probes, each second. */
async function live(plan: SeedPlan) {
  const world = new World(plan);
  const looks: {
    readonly atMs: number;
    readonly dead: readonly string[];
    readonly troubles: readonly Trouble[];
  }[] = [];
  for (let atMs = MINUTE_MS; atMs <= plan.troubledMs; atMs += 1_000)
    world.queue.at(atMs, () => {
      for (const worker of world.workers) if (worker.isAlive) looks.push({ atMs, ...worker.health() });
    });
  const report = await world.run();
  const textsAt = (ms: number): string[][] =>
    looks.filter(({ atMs }) => atMs === ms).map(({ troubles }) => troubles.map(({ text }) => text).sort());
  return { world, report, looks, textsAt };
}

describe('while DynamoDB and Kinesis are away for two minutes', () => {
  it.each([
    ['refuse', false],
    ['hang', true],
  ] as const)(
    'and %s, every worker stays live, says why in words, and recovers by itself',
    async (_, hangs) => {
      const { world, report, looks, textsAt } = await live(
        planWith([
          { service: 'dynamodb', hangs },
          { service: 'kinesis', hangs },
        ]),
      );

      expect(report.violations).toEqual([]);
      expect(world.workers.slice(0, WORKERS).map(({ end }) => end)).toEqual(Array(WORKERS).fill('stopped'));
      expect(looks.filter(({ dead }) => dead.length > 0)).toEqual([]);
      const sentence = (service: string): unknown =>
        expect.stringMatching(
          new RegExp(`^${service} has not answered for \\d+ s: (TimeoutError|ECONNRESET)$`),
        );
      expect(textsAt(TO_MS - 5_000)).toEqual(
        Array.from({ length: WORKERS }, () =>
          expect.arrayContaining([sentence('Kinesis'), sentence('The lease table')]),
        ),
      );
      expect(textsAt(FROM_MS - 1_000).flat()).toEqual([]);
      expect(textsAt(TO_MS + 2 * MINUTE_MS).flat()).toEqual([]);

      // The log tells the begin and the end, and of attempts a few: five a minute of each reason and error.
      const { logged } = report;
      expect(logged['aws.failing']).toBeGreaterThanOrEqual(2 * WORKERS);
      expect(logged['aws.answering']).toBe(logged['aws.failing']);
      expect(logged['lease.retry']).toBeLessThan(WORKERS * 5 * 3 * 6);
      expect(logged['shard.read-failed'] ?? 0).toBeLessThan(WORKERS * 5 * 3 * 2);
    },
  );
});

it('an outage of a data table alone is told as that, and not of the lease table', async () => {
  const { report, textsAt } = await live(planWith([{ service: 'data', hangs: false }]));

  expect(report.violations).toEqual([]);
  const texts = textsAt(TO_MS - 5_000).flat();
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.filter((text) => !text.startsWith('DynamoDB has not answered'))).toEqual([]);
});

/** What a quiet stream costs at DynamoDB, and that a busy one pays nothing for renewals. Complaint 14 of KCL's users:
 *  26,118 writes a day for each idle shard with version 2, more with version 3. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { type Engines, startEngines } from '../support/engines.ts';
import { leaseCost, withoutCheckpoint } from '../support/lease-cost.ts';
import { until } from '../support/until.ts';
import { WorkerFleet } from '../support/worker-fleet.ts';

const SHARDS = 16;
const IDLE_MS = 60_000;
const BUSY_MS = 15_000;
const FAILOVER_TIME_MS = 10_000;
const WRITES_MAX = 0.31;
const READS_MAX = 0.2;

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

it('an idle shard costs a renewal each third of the failover time; a busy one renews by its checkpoints', async () => {
  const world = await engines.world(SHARDS);
  const fleet = new WorkerFleet(engines, world, {
    SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
    SUPERSIM_IDLE_BETWEEN_READS_MS: '1000',
    SUPERSIM_CHECKPOINT_EVERY_MS: '1000',
  });
  const callsOf = async (ms: number) => {
    const from = fleet.leaseCalls().length;
    const startedAtMs = systemClock.monotonicMs();
    await systemClock.sleep(ms);
    const calls = fleet.leaseCalls().slice(from);
    return { calls, shardSeconds: (SHARDS * (systemClock.monotonicMs() - startedAtMs)) / 1_000 };
  };
  try {
    await fleet.start('alone');
    await fleet.untilOwned('the start', 20_000);
    // The pace of looking at the table has settled: each wait grew from 1 s by half of itself.
    await systemClock.sleep(FAILOVER_TIME_MS);

    const idle = await callsOf(IDLE_MS);
    const traffic = await fleet.startTraffic('steady', 500);
    // Every shard has stored its first checkpoint, and no renewal is under way.
    await until('each shard has traffic', 15_000, () => traffic.rounds >= 8);
    const busy = await callsOf(BUSY_MS);
    await traffic.stop();

    const cost = leaseCost(idle.calls);
    const per = (count: number): number => count / idle.shardSeconds;
    const busyCost = leaseCost(busy.calls);
    process.stdout.write(
      `idle cost per shard-second: ${per(cost.writes).toFixed(4)} writes, ${per(cost.reads).toFixed(4)} reads ` +
        `of ${per(cost.readUnits).toFixed(4)} units; busy: ${(busyCost.writes / busy.shardSeconds).toFixed(3)} writes, ` +
        `${withoutCheckpoint(busy.calls).length} of ${busyCost.writes} without a checkpoint\n`,
    );
    expect(per(cost.writes)).toBeLessThanOrEqual(WRITES_MAX);
    expect(per(cost.readUnits)).toBeLessThanOrEqual(READS_MAX);
    // Idle means idle, and still renewed: a worker that wrote nothing would pass the bound.
    expect(withoutCheckpoint(idle.calls)).toHaveLength(cost.writes);
    expect(per(cost.writes)).toBeGreaterThan(1_000 / FAILOVER_TIME_MS);
    expect(withoutCheckpoint(busy.calls)).toEqual([]);
    expect(busyCost.writes / busy.shardSeconds).toBeGreaterThan(0.5);
  } finally {
    await fleet.stop();
  }
});

/** Everything at once: a fleet under load meets a split, a merge, a kill -9 and a pause longer than its leases. */
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { compareStored } from '../../src/local/compare-stored.ts';
import { generateFleet } from '../../src/local/fleet.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { WorkerFleet } from '../support/worker-fleet.ts';

const SHARDS = 6;
const EVENTS_PER_SECOND = 100;
const EVENTS_MAX = 4_000;
const FAILOVER_TIME_MS = 5_000;
const RENEW_EVERY_MS = FAILOVER_TIME_MS / 3;
/** One look at the table, with its jitter. */
const SCAN_MS = 1_100;
const OWNED_WITHIN_MS = FAILOVER_TIME_MS + 2 * RENEW_EVERY_MS + SCAN_MS;
const BALANCED_WITHIN_MS = 2 * FAILOVER_TIME_MS;
const CALM_MS = 2_000;
const HALF_OF_FIRST_SHARD = String(2n ** 128n / BigInt(SHARDS) / 2n);

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

it('a fleet that is split, merged, killed and paused under load loses and doubles nothing', async () => {
  const world = await engines.world(SHARDS);
  const { kinesis } = engines.clients;
  const fleet = new WorkerFleet(engines, world, {
    SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
    SUPERSIM_IDLE_BETWEEN_READS_MS: '300',
    SUPERSIM_CHECKPOINT_EVERY_MS: '500',
    SUPERSIM_RECORDS_PER_READ_MAX: '200',
  });
  const { lines, truth } = generateFleet({
    seed: 23,
    devices: 40,
    hours: 30,
    duplicateRate: 0.1,
    poisonRate: 0.005,
    eventsMax: EVENTS_MAX,
  });
  const figures: string[] = [];
  const disturb = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const startedAtMs = systemClock.monotonicMs();
    await act();
    const actedMs = systemClock.monotonicMs() - startedAtMs;
    const ownedMs = actedMs + (await fleet.untilOwned(what, OWNED_WITHIN_MS - actedMs));
    const balancedMs = ownedMs + (await fleet.untilBalanced(what, BALANCED_WITHIN_MS));
    figures.push(`${what}: owned in ${ownedMs.toFixed(0)} ms, balanced in ${balancedMs.toFixed(0)} ms`);
    await systemClock.sleep(CALM_MS);
  };
  const ending = new AbortController();
  try {
    for (const name of ['first', 'second', 'third']) await fleet.start(name);
    await fleet.untilBalanced('the start', 2 * BALANCED_WITHIN_MS + 5_000);
    const putting = putRecords(
      { kinesis, clock: systemClock, random: systemRandom },
      world.stream,
      lines.map(({ partitionKey, data }) => ({ partitionKey, data: new TextEncoder().encode(data) })),
      { ratePerSecond: EVENTS_PER_SECOND, recordsPerCallMax: 20, signal: ending.signal },
    );
    putting.catch(() => undefined);
    await systemClock.sleep(CALM_MS);

    await disturb('a split', () =>
      kinesis.send(
        new SplitShardCommand({
          StreamName: world.stream,
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: HALF_OF_FIRST_SHARD,
        }),
      ),
    );
    await disturb('a merge', () =>
      kinesis.send(
        new MergeShardsCommand({
          StreamName: world.stream,
          ShardToMerge: 'shardId-000000000003',
          AdjacentShardToMerge: 'shardId-000000000004',
        }),
      ),
    );
    await disturb('a kill -9', async () => {
      expect(await fleet.end('second', 'SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
      await fleet.start('fourth');
    });
    const frozenAtMs = systemClock.monotonicMs();
    await disturb('a SIGSTOP', async () => fleet.freeze('third'));
    const frozenMs = systemClock.monotonicMs() - frozenAtMs;
    expect(frozenMs).toBeGreaterThan(FAILOVER_TIME_MS);
    await disturb(`its SIGCONT after ${frozenMs.toFixed(0)} ms`, async () => fleet.thaw('third'));

    await putting;
    const differences = async () => compareStored(await world.stored(), truth);
    await until('all is stored', 20_000, async () => (await differences()).length === 0);
    const finished = [];
    for (const name of ['first', 'third', 'fourth']) finished.push(await fleet.end(name, 'SIGTERM'));

    // Nothing lost, nothing doubled: the stored bytes are the generator's own, and each worker's books balance.
    expect(await differences()).toEqual([]);
    expect(await world.items('deadLetters')).toHaveLength(truth.totals.poison);
    const summaries = finished.map(summaryOf);
    const log = fleet.readLog();
    expect(log.recordCount).toBe(lines.length);
    // Children only after their parents.
    const shards = await fleet.shards();
    const children = shards.filter(({ ParentShardId: parent }) => parent !== undefined);
    expect(children).toHaveLength(3);
    expect(children.filter(({ ShardId: id = '' }) => log.readsOf(id).length === 0)).toEqual([]);
    expect(log.childrenBeforeParents(shards)).toEqual([]);
    expect(fleet.childrenBeforeShardEnd(shards, log)).toEqual([]);
    const total = (key: 'read' | 'duplicate'): number =>
      summaries.reduce((sum, summary) => sum + summary[key], 0);
    process.stdout.write(
      `fleet chaos: ${figures.join('; ')}; ${lines.length} records put, ${total('read')} events read by the ` +
        `survivors, ${total('duplicate')} of them duplicates (${truth.totals.duplicates} put)\n`,
    );
  } finally {
    ending.abort();
    await fleet.stop();
  }
});

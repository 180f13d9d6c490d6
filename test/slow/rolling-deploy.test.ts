/** Versions of the program side by side, as a deploy and a rollback bring them, on real engines with real processes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compareStored } from '../../src/local/compare-stored.ts';
import { type GeneratedLine, generateFleet } from '../../src/local/fleet.ts';
import { compareWithTruth } from '../../src/local/ground-truth.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import {
  ADDS_ATTRIBUTE,
  buildOtherVersion,
  CHANGES_LAYOUT,
  type OtherVersion,
} from '../support/other-version.ts';
import { until } from '../support/until.ts';
import { WorkerFleet } from '../support/worker-fleet.ts';

const SHARDS = 4;
const FAILOVER_TIME_MS = 3_000;
const BALANCED_WITHIN_MS = 4 * FAILOVER_TIME_MS;
/** While workers are replaced; the rest follows as fast as the engine takes it. */
const LIVE_PER_SECOND = 60;
const REST_PER_SECOND = 300;
const LIVE_PART = 15;
const WORKERS = ['a', 'b', 'c'] as const;

let engines: Engines;
const versions: OtherVersion[] = [];
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(async () => {
  for (const version of versions) version.remove();
  await engines?.stop();
});

const given = (...args: Parameters<typeof buildOtherVersion>): OtherVersion => {
  const version = buildOtherVersion(...args);
  versions.push(version);
  return version;
};

const put = (world: World, lines: readonly GeneratedLine[], ratePerSecond: number): Promise<unknown> =>
  putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    lines.map(({ partitionKey, data }) => ({ partitionKey, data: new TextEncoder().encode(data) })),
    { ratePerSecond, recordsPerCallMax: LIVE_PART },
  );

/** Puts the fleet's lines at a live pace until `done` aborts, then what is left at once. */
async function traffic(world: World, lines: readonly GeneratedLine[], done: AbortSignal): Promise<number> {
  let at = 0;
  for (; at < lines.length && !done.aborted; at += LIVE_PART)
    await put(world, lines.slice(at, at + LIVE_PART), LIVE_PER_SECOND);
  const live = Math.min(at, lines.length);
  await put(world, lines.slice(live), REST_PER_SECOND);
  return live;
}

type Item = Readonly<Record<string, unknown>>;

/** Open sessions hold usage in their private part. */
const withBytes = (item: Item): Item => ({ ...item, dedup: Buffer.from(String(item['dedup']), 'base64') });

const stored = async (world: World) => ({
  sessions: (await world.items('sessions')).map(withBytes),
  sims: await world.items('sims'),
  usage: await world.items('usage'),
});

const bySid = (items: readonly Item[]) => new Map(items.map((item) => [item['data_session_sid'], item]));

describe('a rolling deploy of a version with another attribute, and its rollback', () => {
  it('loses and doubles nothing, and the older version keeps what the newer one wrote', async () => {
    const next = given('2.0.0-test', ADDS_ATTRIBUTE);
    const world = await engines.world(SHARDS);
    const fleet = new WorkerFleet(engines, world, {
      SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
      SUPERSIM_IDLE_BETWEEN_READS_MS: '200',
      SUPERSIM_CHECKPOINT_EVERY_MS: '500',
    });
    const { lines, truth } = generateFleet({
      seed: 31,
      devices: 40,
      hours: 30,
      duplicateRate: 0.1,
      poisonRate: 0.005,
      eventsMax: 2_400,
    });
    const deployed = new AbortController();
    const ended: Awaited<ReturnType<WorkerFleet['end']>>[] = [];
    try {
      for (const name of WORKERS) await fleet.start(`${name}1`);
      await fleet.untilBalanced('the start', 2 * BALANCED_WITHIN_MS);
      const putting = traffic(world, lines, deployed.signal);
      putting.catch(() => undefined);
      const replace = async (name: string, from: number, to: number, main?: string): Promise<void> => {
        ended.push(await fleet.end(`${name}${from}`, 'SIGTERM'));
        await fleet.start(`${name}${to}`, main);
        await fleet.untilBalanced(`${name}${to} for ${name}${from}`, BALANCED_WITHIN_MS);
      };
      for (const name of WORKERS) await replace(name, 1, 2, next.main);
      const [last, ...others] = WORKERS;
      for (const name of others) await replace(name, 2, 3);
      ended.push(await fleet.end(`${last}2`, 'SIGTERM'));
      // From here on only the older version writes.
      const ofNewer = (await world.items('sessions')).filter((item) => 'events_seen_by_two' in item);
      await fleet.start(`${last}3`);
      await fleet.untilBalanced('the rollback', BALANCED_WITHIN_MS);
      deployed.abort();
      const live = await putting;

      const differences = async () => compareStored(await stored(world), truth);
      await until('all is stored', 20_000, async () => (await differences()).length === 0);
      for (const name of WORKERS) ended.push(await fleet.end(`${name}3`, 'SIGTERM'));

      expect(await differences()).toEqual([]);
      expect(await world.items('deadLetters')).toHaveLength(truth.totals.poison);
      expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0));
      const applied = ended.map(summaryOf).reduce((sum, summary) => sum + summary.applied, 0);
      expect(applied).toBe(truth.totals.distinct);
      const now = bySid(await world.items('sessions'));
      const kept = ofNewer.map((item) => now.get(item['data_session_sid']) as Item);
      expect(kept.map((item) => item['events_seen_by_two'])).toEqual(
        ofNewer.map((item) => item['events_seen_by_two']),
      );
      const rewritten = kept.filter(({ schema_version: version }) => version === 1n);
      process.stdout.write(
        `rolling deploy 1 -> 2 -> 1: ${ended.length} workers, ${lines.length} records, ${live} while workers were replaced; ` +
          `${ofNewer.length} sessions written by version 2, ${rewritten.length} of them again by version 1\n`,
      );
      expect(Math.min(ofNewer.length, rewritten.length, live)).toBeGreaterThan(10);
    } finally {
      deployed.abort();
      await fleet.stop();
    }
  });
});

describe('an item of a version with another layout', () => {
  it('is left as it is by the older version, whose shard waits; the newer one goes on, exactly', async () => {
    const next = given('3.0.0-test', CHANGES_LAYOUT);
    const world = await engines.world(1);
    const { lines, truth } = generateFleet({ seed: 5, devices: 4, hours: 30, eventsMax: 120, poisonRate: 0 });
    const half = Math.floor(lines.length / 2);
    await put(world, lines.slice(0, half), REST_PER_SECOND);
    summaryOf(await world.drain({}, next.main));
    await put(world, lines.slice(half), REST_PER_SECOND);
    const before = bySid(await world.items('sessions'));

    const older = await world.drain();

    expect([older.code, older.stdout]).toEqual([1, expect.stringContaining('shard.item-unreadable')]);
    expect(await world.items('deadLetters')).toEqual([]);
    const after = bySid(await world.items('sessions'));
    for (const [dataSessionSid, item] of before) expect(after.get(dataSessionSid)).toEqual(item);
    summaryOf(await world.drain({}, next.main));
    // What readers see: only the copy can read the private part.
    expect(compareWithTruth(await world.items('sessions'), truth)).toEqual([]);
  });
});

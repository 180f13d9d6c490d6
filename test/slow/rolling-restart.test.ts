/** A deploy: every worker is replaced, one after the other, while events keep coming. Complaints 6 and 19 of KCL's
 *  users: 20 to 40 s of silence on every deploy, and duplicates with every lease that moves. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Engines, startEngines, summaryOf } from '../support/engines.ts';
import { movesOf, spread } from '../support/lease-moves.ts';
import { until } from '../support/until.ts';
import { WorkerFleet } from '../support/worker-fleet.ts';

const SHARDS = 12;
const EVENT_EVERY_MS = 300;
/** The default: what is faster than this was given, not waited for. */
const FAILOVER_TIME_MS = 10_000;
const BALANCED_WITHIN_MS = 2 * FAILOVER_TIME_MS;
const IDLE_BETWEEN_READS_MS = 300;
/** Beyond the pause between two reads of a shard that nothing happens to. */
const SILENCE_MAX_MS = 2_000;
/** When the 99th percentile of those pauses is over so many of the set ones, the machine is taken to be that much too
 *  slow, and a move may take longer in proportion. */
const QUIET_PAUSE = 1.5;
const RESTARTS = [
  ['first', 'fourth'],
  ['second', 'fifth'],
  ['third', 'sixth'],
] as const;

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

it('a rolling restart leaves no shard silent for long, and no record is counted twice', async () => {
  const world = await engines.world(SHARDS);
  const fleet = new WorkerFleet(engines, world, {
    SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
    SUPERSIM_IDLE_BETWEEN_READS_MS: String(IDLE_BETWEEN_READS_MS),
    SUPERSIM_CHECKPOINT_EVERY_MS: '1000',
  });
  try {
    for (const [name] of RESTARTS) await fleet.start(name);
    await fleet.untilBalanced('the start', 2 * BALANCED_WITHIN_MS);
    const traffic = await fleet.startTraffic('light', EVENT_EVERY_MS);
    // Each shard has a checkpoint to resume from.
    await until('traffic flows', 10_000, () => traffic.rounds > 5);

    const ended = [];
    const figures: string[] = [];
    for (const [old, replacement] of RESTARTS) {
      const finished = await fleet.end(old, 'SIGTERM');
      const left = (await fleet.leases()).filter(({ owner }) => owner === old);
      await fleet.start(replacement);
      const balancedMs = await fleet.untilBalanced(`${replacement} for ${old}`, BALANCED_WITHIN_MS);
      ended.push({ finished, left });
      figures.push(`stopped in ${finished.tookMs.toFixed(0)} ms, balanced in ${balancedMs.toFixed(0)} ms`);
    }
    await traffic.stop();
    const put = traffic.rounds * SHARDS;
    const counted = async (): Promise<number> =>
      (await world.items('sessions')).reduce((sum, item) => sum + Number(item['event_count']), 0);
    await until('all is stored', 10_000, async () => (await counted()) >= put);
    for (const [, name] of RESTARTS) ended.push({ finished: await fleet.end(name, 'SIGTERM'), left: [] });

    const log = fleet.readLog();
    // As it was in this run: on a machine with too much to do every read is late, and so is every step of a move.
    const pauses = log.pausesMs();
    const pauseMs = pauses[Math.floor(pauses.length * 0.99)] ?? Number.NaN;
    const slowness = Math.max(1, pauseMs / (QUIET_PAUSE * IDLE_BETWEEN_READS_MS));
    const allowedMs = pauseMs + slowness * SILENCE_MAX_MS;
    const moves = movesOf(log.silences(), fleet.leaseCalls());
    const again = log.redeliveries().filter(({ isCheckpoint }) => !isCheckpoint);
    const spreadOf = (part: 'ms' | 'untilGivenMs' | 'untilTakenMs' | 'untilReadMs'): string =>
      spread(moves.map((move) => move[part]));
    process.stdout.write(
      `rolling restart: ${figures.join('; ')}; ${moves.length} moves, silence in ms ${spreadOf('ms')} of ${allowedMs.toFixed(0)} allowed, ` +
        `idle pause ${pauseMs.toFixed(0)}, of it until given ${spreadOf('untilGivenMs')}, until taken ${spreadOf('untilTakenMs')}, until read ` +
        `${spreadOf('untilReadMs')}; ${put} records, ${again.length} given again of pages left unread\n`,
    );

    for (const { finished, left } of ended) expect([finished.code, left]).toEqual([0, []]);
    expect(moves.length).toBeGreaterThanOrEqual(SHARDS);
    expect(moves.filter(({ ms }) => ms >= allowedMs || ms < 0)).toEqual([]);
    const summaries = ended.map(({ finished }) => summaryOf(finished));
    expect(summaries.map(({ duplicate }) => duplicate)).toEqual(summaries.map(() => 0));
    expect(summaries.reduce((sum, { read }) => sum + read, 0)).toBe(put);
    expect(await counted()).toBe(put);
    // A page that came while its reader was asked to stop is left to the next owner, uncounted.
    expect(again.filter(({ isLastPage }) => !isLastPage)).toEqual([]);
  } finally {
    await fleet.stop();
  }
});

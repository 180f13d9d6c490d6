/** `erase-sim` as an operator uses it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sid } from '../support/events.ts';
import { sessionData, twilio } from '../support/stream-records.ts';
import { type Finished, lastJson, runCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const EVENTS = 20;
const [ERASED, OTHER] = [sid('HS', 'erased'), sid('HS', 'other')];
const ICCID = '89883070000001111111';

async function put(world: World): Promise<void> {
  const texts = Array.from({ length: EVENTS }, (_, n) => [
    twilio({ ...sessionData('erased session', n + 1), sim_sid: ERASED, sim_iccid: ICCID }),
    twilio({ ...sessionData('other session', n + 1), sim_sid: OTHER }),
  ]).flat();
  await putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    [...texts, `{"sim_sid":"${ERASED}"`, '{"sim_sid":'].map((text, n) => ({
      partitionKey: `key-${n}`,
      data: new TextEncoder().encode(text),
    })),
  );
}

const erase = (world: World, ...args: string[]): Promise<Finished> =>
  runCli(['erase-sim', ...args], world.env);
const stored = async (world: World): Promise<string[]> => {
  const tables = ['sessions', 'dedup', 'deadLetters'] as const;
  const items = (await Promise.all(tables.map((table) => world.items(table)))).flat();
  return items.map((item) => JSON.stringify(item, (_, value) => String(value) && value?.toString()));
};

describe('erase-sim', () => {
  it('shows what it would delete, deletes it when told to, and may be repeated', async () => {
    const world = await engines.world(1);
    await put(world);
    expect(summaryOf(await world.drain())).toMatchObject({ applied: 2 * EVENTS, deadLettered: 2 });
    const before = await stored(world);

    const preview = await erase(world, ERASED);

    expect(preview).toMatchObject({ code: 0, stderr: expect.stringContaining('--execute') });
    expect(preview.stdout).toMatch(/to erase +items\ndead letters +1\ndedup pages +\d+\nsessions +1\n/);
    expect(preview.stdout).toMatch(/stream "stream-\d+" +24 hours/);
    expect(await stored(world)).toEqual(before);

    const done = await erase(world, ERASED, '--execute', '--settle-ms', '10', '--json');

    expect(done.code).toBe(0);
    expect(lastJson(done.stdout)).toMatchObject({
      simSids: [ERASED],
      alreadyErased: [],
      isExecuted: true,
      isComplete: true,
      passes: 2,
      counts: { sessions: 1, deadLetters: 1 },
      agesOutElsewhere: expect.arrayContaining([
        { where: 'DynamoDB Streams of the tables', until: expect.stringContaining('24 hours') },
      ]),
    });
    for (const { stdout, stderr } of [preview, done]) expect(stdout + stderr).not.toContain(ICCID);
    expect((await world.items('sessions')).map((item) => item['sim_sid'])).toEqual([OTHER]);
    expect(await world.items('deadLetters')).toHaveLength(1);
    expect((await stored(world)).join()).not.toContain(ERASED);

    const again = await erase(world, ERASED, OTHER, '--json');
    expect(lastJson(again.stdout)).toMatchObject({
      alreadyErased: [ERASED],
      isExecuted: false,
      counts: { sessions: 1, deadLetters: 0 },
    });

    const replay = await world.drain(await world.anotherApplication(`replay-of-${world.naming.application}`));
    expect(summaryOf(replay)).toMatchObject({ deadLettered: 2 });
    expect(replay.stdout).toContain('dead-letter.erased');
    for (const table of ['sessions', 'sims', 'usage'] as const)
      for (const item of await world.items(table)) expect(item['sim_sid']).toBe(OTHER);
    const letters = await world.items('deadLetters');
    expect(letters.map(({ raw_bytes }) => Number(raw_bytes)).sort()).toEqual([0, '{"sim_sid":'.length]);
  });

  it('wants sids of SIMs, sensible waits, and tables that are there', async () => {
    const world = await engines.world(1);

    const { code, stdout, stderr } = await erase(world, ERASED, ICCID);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('argument 2 is no sid')]);
    expect(stderr).not.toContain(ICCID);
    expect(await erase(world)).toMatchObject({ code: 2 });
    expect(await erase(world, ERASED, '--settle-ms', 'soon')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--settle-ms must be'),
    });
    expect(await erase(world, ERASED, '--execute', '--table-prefix', 'nowhere')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[table-missing]'),
    });
  });
});

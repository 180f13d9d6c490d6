/** `erase-sim` as an operator uses it. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sid } from '../support/events.ts';
import { baseData, type Json } from '../support/realistic-event.ts';
import { sessionData, sessionSid, twilio } from '../support/stream-records.ts';
import { type Finished, lastJson, runCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const EVENTS = 20;
const [ERASED, OTHER] = [sid('HS', 'erased'), sid('HS', 'other')];
const ICCID = '89883070000001111111';
const dataOf = (n: number): Json => ({
  ...sessionData('erased session', n + 1),
  sim_sid: ERASED,
  sim_iccid: ICCID,
});
const EVENT_SIDS = Array.from({ length: EVENTS }, (_, n) => String(dataOf(n)['event_sid']));
const ATTACHED = `EZ${'5'.repeat(32)}`;
/** The names of the hours that its session handed on, as days remember them. */
const PART_IDS = [1, 2, 3, 4].map((version) =>
  createHash('sha256')
    .update(
      `${sessionSid('erased session')}@${version}#${Date.parse('2026-03-01T00:00:00Z')}#HF0123456789abcdef0123456789abcdef`,
    )
    .digest('hex')
    .slice(0, 32),
);

async function put(world: World): Promise<void> {
  const texts = Array.from({ length: EVENTS }, (_, n) => [
    twilio(dataOf(n)),
    twilio({ ...sessionData('other session', n + 1), sim_sid: OTHER }),
  ]).flat();
  await putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    [
      ...texts,
      twilio(
        baseData('attachment.rejected', {
          event_sid: ATTACHED,
          timestamp: '2026-02-28T20:00:00Z',
          sim_sid: ERASED,
          sim_iccid: ICCID,
        }),
      ),
      `{"sim_sid":"${ERASED}"`,
      '{"sim_sid":',
    ].map((text, n) => ({
      partitionKey: `key-${n}`,
      data: new TextEncoder().encode(text),
    })),
  );
}

const erase = (world: World, ...args: string[]): Promise<Finished> =>
  runCli(['erase-sim', ...args], world.env);
const TABLES = ['sessions', 'sims', 'usage', 'dedup', 'deadLetters', 'leases'] as const;
const stored = async (world: World) => (await Promise.all(TABLES.map((table) => world.items(table)))).flat();

/** Every text in every item, and every piece of bytes as text: as it is, as hex, and unzipped. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    yield value;
    const bytes = Buffer.from(value, 'base64');
    yield bytes.toString('latin1');
    yield bytes.toString('hex');
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) yield gunzipSync(bytes).toString('latin1');
  } else if (typeof value === 'object' && value !== null)
    for (const [name, entry] of Object.entries(value)) {
      yield name;
      yield* textsIn(entry);
    }
}

/** Where an identifier of the SIM is: its sids also as the 16 bytes that they stand for, its events' ids too. */
async function traces(world: World): Promise<string[]> {
  const sids = [ERASED, sessionSid('erased session'), ATTACHED, ...EVENT_SIDS];
  const needles = [ICCID, ...sids, ...sids.map((one) => one.slice(2)), ...PART_IDS];
  const found: string[] = [];
  for (const item of await stored(world))
    for (const text of textsIn(item)) found.push(...needles.filter((needle) => text.includes(needle)));
  return found;
}

describe('erase-sim', () => {
  it('shows what it would delete, deletes it when told to, and may be repeated', async () => {
    const world = await engines.world(1);
    await put(world);
    expect(summaryOf(await world.drain())).toMatchObject({ applied: 2 * EVENTS + 1, deadLettered: 2 });
    const before = await stored(world);
    // The search finds it where it is: as text and as packed bytes.
    const found = new Set(await traces(world));
    const session = sessionSid('erased session');
    for (const one of [ICCID, ERASED, session, ATTACHED.slice(2), ...EVENT_SIDS.map((sid) => sid.slice(2))])
      expect([one, found.has(one)]).toEqual([one, true]);
    expect(PART_IDS.some((id) => found.has(id))).toBe(true);

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
    expect(await traces(world)).toEqual([]);

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
    expect(await traces(world)).toEqual([]);
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

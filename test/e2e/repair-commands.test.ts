/** `dead-letters` and `replay`, by real processes on the embedded engines. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { type DeadLetter, DynamoDeadLetterStore } from '../../src/store/dead-letters.ts';
import { systemClock, systemRandom, toIso } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { aggregateOf, baseData } from '../support/realistic-event.ts';
import { kore, sessionData, sessionSid, twilio } from '../support/stream-records.ts';
import { type Finished, lastJson, runCli, startCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const utf8 = new TextEncoder();
const FIRST = 'shardId-000000000000';
const EVENTS = 30;
const NEVER = new AbortController().signal;

const put = (world: World, texts: readonly (string | Uint8Array)[]): Promise<unknown> =>
  putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    texts.map((text, n) => ({
      partitionKey: `key-${n}`,
      data: typeof text === 'string' ? utf8.encode(text) : text,
    })),
  );

const life = (name: string, count = EVENTS): string[] =>
  Array.from({ length: count }, (_, n) => twilio(sessionData(name, n + 1)));

/** A session that is blocked on its way, and another of its events. */
const blocked = (): string[] =>
  [1, 2, 14, 15].map((n) =>
    twilio(sessionData('d', n, 'updated', n > 2 ? { data_modifier: 'blocked' } : { data_modifier: null })),
  );

const attachments = (): string[] =>
  ['accepted', 'rejected', 'rejected', 'accepted', 'rejected'].map((verb, n) =>
    twilio(
      baseData(`attachment.${verb}`, {
        event_sid: `EZ${createHash('md5').update(`${verb} ${n}`).digest('hex')}`,
        timestamp: `2026-02-28T1${n}:00:00Z`,
        sim_sid: sessionData('a', 1)['sim_sid'],
        ...(verb === 'rejected' ? { error: { code: 83_702, message: 'not allowed' } } : {}),
      }),
    ),
  );

/** All that is stored, but for when and in how many writes. */
async function numbers(world: World): Promise<string[]> {
  const { sessions, sims, usage } = await everything(world);
  return [...sessions, ...sims, ...usage]
    .map(({ dedup: _, version: _v, updated_at: _u, ...item }) =>
      JSON.stringify(item, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    )
    .sort();
}

/** Puts letters by hand, as a worker with a lesser decoder would have. */
function bury(world: World, letters: readonly (Partial<DeadLetter> & { raw: Uint8Array })[]): Promise<void> {
  const store = new DynamoDeadLetterStore({
    client: engines.clients.data,
    tableName: world.names.deadLetters,
    clock: systemClock,
    random: systemRandom,
    keepDays: 30,
    gzip: (bytes) => gzipSync(bytes),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  });
  const whole = letters.map((letter, n) => ({
    shardId: FIRST,
    sequenceNumber: String(1_000 + n),
    index: 0,
    reason: 'unknown-verb',
    arrivedAtMs: systemClock.wallMs() - 60_000,
    ...letter,
  }));
  return store.put(whole, NEVER);
}

const cli = (world: World, ...args: string[]): Promise<Finished> => runCli(args, world.env);
async function json(world: World, ...args: string[]): Promise<Record<string, unknown>> {
  const finished = await cli(world, ...args, '--json');
  if (finished.code !== 0) throw new Error(`exit ${finished.code}: ${finished.stderr}${finished.stdout}`);
  return lastJson(finished.stdout);
}
const everything = async (world: World) => ({
  sessions: await world.items('sessions'),
  sims: await world.items('sims'),
  usage: await world.items('usage'),
  dedup: await world.items('dedup'),
  leases: await world.items('leases'),
});
const letterIds = async (world: World): Promise<unknown[]> =>
  (await world.items('deadLetters')).map((item) => item['record_id']).sort();

describe('dead-letters redrive', () => {
  it('counts what today’s decoder understands once, and keeps what is still poison', async () => {
    const world = await engines.world(1);
    await put(world, life('known'));
    summaryOf(await world.drain());
    const [one, two, three] = [1, 2, 3].map((n) => sessionData('buried', n));
    const array = utf8.encode(
      JSON.stringify(
        [one, { no: 'type' }, two].map((data) => (data?.['no'] ? data : JSON.parse(kore(data ?? {})))),
      ),
    );
    await bury(world, [
      { raw: array, index: 0, sequenceNumber: '1' },
      { raw: array, index: 1, sequenceNumber: '1', reason: 'missing-type' },
      { raw: array, index: 2, sequenceNumber: '1' },
      { raw: utf8.encode(twilio(three ?? {})), sequenceNumber: '2', index: 7 },
      {
        raw: utf8.encode(twilio(sessionData('known', 3))),
        sequenceNumber: '3',
        index: 0,
        reason: 'not-json',
      },
      // The store's refusals keep the whole Kinesis record.
      {
        raw: aggregateOf(twilio(sessionData('buried', 4)), twilio(sessionData('known', 4))),
        sequenceNumber: '4',
        index: 1,
        reason: 'refused-by-store',
      },
      { raw: new Uint8Array(), sequenceNumber: '5', reason: 'session-item-unreadable' },
      { raw: utf8.encode('7'), sequenceNumber: '6', index: -1, reason: 'gap' },
    ]);
    const before = await everything(world);

    const preview = await json(world, 'dead-letters', 'redrive');
    expect(preview).toMatchObject({
      isExecuted: false,
      letters: 8,
      redriven: 4,
      'still-poison': 2,
      'without-bytes': 1,
      gap: 1,
      events: { applied: 4, duplicate: 4, stillPoison: 2 },
    });
    expect(await everything(world)).toEqual(before);
    expect(await letterIds(world)).toHaveLength(8);

    const done = await json(world, 'dead-letters', 'redrive', '--execute');
    expect(done).toMatchObject({ ...preview, isExecuted: true });
    const after = await world.sessions();
    expect(after.get(sessionSid('buried'))).toMatchObject({ event_count: 4n, total_bytes: 4_400n });
    expect(after.get(sessionSid('known'))).toMatchObject({ event_count: BigInt(EVENTS) });
    // The third element may be poison for all one knows: `index` alone does not tell it from the second.
    expect(await letterIds(world)).toEqual(['1#1', '1#2', '5#0', '6#-1']);

    const again = await json(world, 'dead-letters', 'redrive', '--execute');
    expect(again).toMatchObject({ redriven: 0, events: { applied: 0 } });
    expect(await world.sessions()).toEqual(after);
  });
});

describe('dead-letters list, show and purge', () => {
  it('show no bytes unless asked, and delete only what matches', async () => {
    const world = await engines.world(1);
    const raw = Uint8Array.of(0, 255, 10, 13, ...utf8.encode('secret '.repeat(50)));
    await bury(world, [
      { raw, reason: 'not-utf8', sequenceNumber: '1', arrivedAtMs: Date.parse('2026-01-01T00:00:00Z') },
      { raw, reason: 'not-json', sequenceNumber: '2', arrivedAtMs: Date.parse('2026-01-02T00:00:00Z') },
      { raw, reason: 'not-json', sequenceNumber: '3', shardId: 'shardId-000000000001', field: 'network.mcc' },
    ]);

    const listed = await cli(world, 'dead-letters', 'list', '--shard', '0');
    const shown = await cli(world, 'dead-letters', 'show', '0', '1#0');
    const bytes = startCli(['dead-letters', 'show', FIRST, '1#0', '--raw'], world.env);
    const chunks: Buffer[] = [];
    bytes.child.stdout?.removeAllListeners('data').setEncoding('latin1');
    bytes.child.stdout?.on('data', (text: string) => chunks.push(Buffer.from(text, 'latin1')));
    await bytes.done;

    expect(listed.stdout).toMatch(/^shard +sequence number +index +reason +field +arrived +bytes\n/);
    expect(listed.stdout.split('\n')).toHaveLength(4);
    expect(listed.stdout + shown.stdout).not.toContain('secret');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      reason: 'not-utf8',
      rawBytes: raw.length,
      hasRaw: true,
    });
    expect(new Uint8Array(Buffer.concat(chunks))).toEqual(raw);
    expect(await cli(world, 'dead-letters', 'show', '0', '9#0')).toMatchObject({ code: 4 });

    expect(await cli(world, 'dead-letters', 'purge', '--execute')).toMatchObject({ code: 2 });
    expect(await json(world, 'dead-letters', 'purge', '--reason', 'not-json')).toMatchObject({ removed: 2 });
    expect(await letterIds(world)).toHaveLength(3);
    const purged = await json(
      world,
      ...['dead-letters', 'purge', '--reason', 'not-json', '--to', '2026-01-03T00:00:00Z', '--execute'],
    );
    expect(purged).toMatchObject({ removed: 1, gone: 0 });
    expect(await letterIds(world)).toEqual(['1#0', '3#0']);
    expect(await json(world, 'dead-letters', 'purge', '--all', '--execute')).toMatchObject({ removed: 2 });
    expect(await letterIds(world)).toEqual([]);
  });
});

describe('replay', () => {
  it('of everything, twice, and of all letters, twice, changes no number and no lease', async () => {
    const world = await engines.world(2);
    await put(world, [...life('a'), ...life('b'), 'not json', ...life('a', 5)]);
    await engines.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: world.stream,
        ShardToSplit: FIRST,
        NewStartingHashKey: '80000000000000000000000000000000000000',
      }),
    );
    await systemClock.sleep(1_000);
    await put(world, [...life('c'), ...blocked(), ...attachments()]);
    const run = summaryOf(await world.drain());
    const before = await everything(world);
    expect([before.sims.length, before.usage.length]).toEqual([1, 1]);
    expect(before.sims[0]).toMatchObject({
      accepted_count: 2n,
      rejected_count: 3n,
      connection_state: 'blocked',
    });
    const letters = await letterIds(world);

    for (let time = 0; time < 2; time += 1) {
      const replayed = await json(world, 'replay', '--from', 'TRIM_HORIZON', '--execute');
      expect(replayed).toMatchObject({
        end: 'done',
        shards: 4,
        shardsDone: 4,
        read: run.read,
        applied: 0,
        duplicate: run.applied + run.duplicate,
        deadLetteredByReason: { 'not-json': 1 },
        notAskedFor: 0,
      });
      expect(await json(world, 'dead-letters', 'redrive', '--execute')).toMatchObject({
        letters: 1,
        redriven: 0,
        'still-poison': 1,
      });
    }

    expect(await everything(world)).toEqual(before);
    expect(await letterIds(world)).toEqual(letters);
  });

  it('is not needed by two applications that read one stream into the same tables at once', async () => {
    const world = await engines.world(2);
    await put(world, [
      ...life('a'),
      ...life('b'),
      ...blocked(),
      ...attachments(),
      ...life('a', 9),
      'not json',
    ]);
    const other = await world.anotherApplication(`rival-of-${world.naming.application}`);

    const [ours, theirs] = (await Promise.all([world.drain(), world.drain(other)])).map(summaryOf);

    // What one of them counts the other finds counted.
    const applied = Number(ours?.applied) + Number(theirs?.applied);
    const alone = await engines.undisturbed(world);
    const once = summaryOf(await alone.drain());
    expect([ours?.read, theirs?.read, applied]).toEqual([once.read, once.read, once.applied]);
    expect(await numbers(world)).toEqual(await numbers(alone));
    const before = await everything(world);
    expect(summaryOf(await world.drain(await world.anotherApplication('third')))).toMatchObject({
      applied: 0,
    });
    const { leases: _, ...after } = await everything(world);
    expect({ leases: before.leases, ...after }).toEqual(before);
  });

  it('counts what nobody counted, for the SIMs and the time asked for; a preview says so and writes nothing', async () => {
    const world = await engines.world(2);
    const other = `HS${'f'.repeat(32)}`;
    const ours = String(sessionData('a', 1)['sim_sid']);
    await put(world, [
      ...life('a', 3),
      ...life('a', 3),
      twilio(sessionData('b', 1, 'updated', { sim_sid: other })),
      'not json',
    ]);
    const before = await everything(world);

    const dry = await json(world, 'replay', '--from', 'TRIM_HORIZON', '--sim', ours);
    expect(dry).toMatchObject({
      isExecuted: false,
      read: 8,
      applied: 3,
      duplicate: 3,
      deadLettered: 1,
      notAskedFor: 1,
      wouldChange: {
        isExact: true,
        events: 3,
        sessions: 1,
        totalBytes: 3_300,
        top: [{ dataSessionSid: sessionSid('a'), simSid: ours, events: 3 }],
      },
    });
    expect(await everything(world)).toEqual(before);
    expect(await letterIds(world)).toEqual([]);

    const { wouldChange: _, ...told } = dry;
    const done = await json(world, 'replay', '--from', 'TRIM_HORIZON', '--sim', ours, '--execute');
    expect({ ...done, to: '' }).toEqual({ ...told, from: done['from'], to: '', isExecuted: true });
    const sessions = await world.sessions();
    expect([...sessions.keys()]).toEqual([sessionSid('a')]);
    expect(sessions.get(sessionSid('a'))).toMatchObject({ event_count: 3n, total_bytes: 3_300n });
    expect(await json(world, 'replay', '--from', 'TRIM_HORIZON')).toMatchObject({
      wouldChange: { events: 1, sessions: 1, top: [{ simSid: other }] },
    });
    const past = toIso(systemClock.wallMs() - 3_600_000);
    expect(await json(world, 'replay', '--from', 'TRIM_HORIZON', '--to', past)).toMatchObject({ read: 0 });
    expect(await world.items('leases')).toEqual([]);
  });

  it('stopped by Ctrl-C says what it did, and is no success', async () => {
    const world = await engines.world(1);
    await put(world, life('slow', 40));

    const process = startCli(
      ['replay', '--from', 'TRIM_HORIZON', '--records-per-second', '2', '--execute', '--json'],
      world.env,
    );
    while ((await world.items('sessions')).length === 0) await systemClock.sleep(50);
    process.child.kill('SIGINT');
    const { code, stdout, stderr } = await process.done;

    const report = lastJson(stdout);
    expect(code).toBe(1);
    expect(stderr).toContain('repeat it, nothing counts twice');
    expect(report).toMatchObject({ end: 'stopped', shardsDone: 0 });
    const [item] = await world.items('sessions');
    expect(item?.['event_count']).toBe(BigInt(Number(report['applied'])));
  });
});

/** The `leases` command beside live workers, by real processes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sessionData, twilio } from '../support/stream-records.ts';
import { type CliProcess, type Finished, lastJson, runCli, startCli } from '../support/worker-process.ts';

let engines: Engines;
let folder: string;
const workers: CliProcess[] = [];
beforeAll(async () => {
  engines = await startEngines();
  folder = await mkdtemp(join(tmpdir(), 'leases-'));
});
afterEach(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await Promise.all(workers.splice(0).map((worker) => worker.done));
});
afterAll(async () => {
  await engines?.stop();
  await rm(folder, { recursive: true });
});

const EVENTS = 60;
const FIRST = 'shardId-000000000000';
const WAIT_MAX_MS = 30_000;

async function put(world: World, session: string): Promise<void> {
  const utf8 = new TextEncoder();
  await putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    Array.from({ length: EVENTS }, (_, n) => ({
      partitionKey: `key-${n}`,
      data: utf8.encode(twilio(sessionData(session, n + 1))),
    })),
  );
}

const startWorker = (world: World, name: string): CliProcess => {
  const worker = startCli(['run', '--worker-id', name], world.env);
  workers.push(worker);
  return worker;
};

type Row = Readonly<Record<string, unknown>>;
const leases = (world: World, ...args: string[]): Promise<Finished> => runCli(['leases', ...args], world.env);
const rowsOf = ({ stdout }: Finished): Row[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
const listed = async (world: World, ...args: string[]): Promise<Row[]> =>
  rowsOf(await leases(world, 'list', '--json', ...args));

/** Looks until `isSo`; the time it took. Unit: ms. */
async function until(isSo: () => Promise<boolean>): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  while (!(await isSo())) {
    if (systemClock.monotonicMs() - startedAtMs > WAIT_MAX_MS) throw new Error('it never came to be');
    await systemClock.sleep(100);
  }
  return systemClock.monotonicMs() - startedAtMs;
}

const isAllOf = async (world: World, worker: string, count: number): Promise<boolean> =>
  (await ownersOf(world)).filter((owner) => owner === worker).length === count;
const ownersOf = async (world: World): Promise<unknown[]> =>
  (await world.items('leases')).map((row) => row['leaseOwner']);
const checkpointed = (world: World): Promise<number> =>
  until(async () => (await world.items('leases')).every((row) => /^\d+$/.test(String(row['checkpoint']))));

describe('leases, beside a live worker', () => {
  it('lists who is alive and how far, refuses to reset what is held, and resets it by force', async () => {
    const world = await engines.world(2);
    await put(world, 'beside a worker');
    startWorker(world, 'worker-a');
    await until(() => isAllOf(world, 'worker-a', 2));
    await checkpointed(world);

    const running = await listed(world, '--lag');
    const table = await leases(world);
    const refused = await leases(world, 'reset', '0', '--to', 'TRIM_HORIZON', '--execute');

    expect(running).toHaveLength(2);
    for (const row of running)
      expect(row).toMatchObject({ state: 'running', owner: 'worker-a', stillForMs: 0, lagMs: 0 });
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^shard .*\nshardId-000000000000 +running +worker-a +moving +\d+\n/);
    expect(table.stderr).toContain('2 running of 1 worker');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('[lease-held]') });

    const before = await world.sessions();
    const forced = await leases(world, 'reset', '0', '--to', 'TRIM_HORIZON', '--execute', '--force');
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringContaining('recognised for 32 days') });
    // The owner loses the lease, takes it anew as anybody may, and reads all again.
    await until(() => isAllOf(world, 'worker-a', 2));
    await checkpointed(world);
    expect(await world.sessions()).toEqual(before);
    expect(workers[0]?.output()).toContain('lease.lost');
  });

  it('that is dead says so after its failover time', async () => {
    const world = await engines.world(1);
    const worker = startWorker(world, 'worker-a');
    await until(() => isAllOf(world, 'worker-a', 1));
    worker.child.kill('SIGKILL');
    await worker.done;

    expect(await listed(world, '--once')).toMatchObject([{ state: 'held', stillForMs: null }]);
    expect(await listed(world, '--watch-ms', '300')).toMatchObject([{ state: 'expired?' }]);
    expect(await listed(world, '--watch-ms', '1500')).toMatchObject([
      { state: 'expired', owner: 'worker-a' },
    ]);
    expect((await leases(world, '0')).stdout).toMatch(/still ≥ 0\.\d s/);
  });

  it('release gives its leases to another worker within seconds, and a preview gives nothing', async () => {
    const world = await engines.world(2);
    const slow = { ...world, env: { ...world.env, SUPERSIM_FAILOVER_TIME_MS: '60000' } };
    const dead = startWorker(slow, 'worker-a');
    await until(() => isAllOf(world, 'worker-a', 2));
    dead.child.kill('SIGKILL');
    await dead.done;
    startWorker(slow, 'worker-b');

    const dry = await leases(slow, 'release', '--owner', 'worker-a');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('a preview') });
    expect(dry.stdout).toContain(`${FIRST}  would release`);
    expect(await ownersOf(world)).toEqual(['worker-a', 'worker-a']);

    const done = await leases(slow, 'release', '--owner', 'worker-a', '--execute', '--json');
    expect(rowsOf(done).map((row) => row['outcome'])).toEqual(['released', 'released']);
    const tookMs = await until(() => isAllOf(world, 'worker-b', 2));
    expect(tookMs).toBeLessThan(20_000);

    expect(await leases(slow, 'release', '--owner', 'worker-a')).toMatchObject({ code: 4 });
  });
});

describe('a parked shard', () => {
  it('is read on by the same worker after a reset by force has decided where', async () => {
    const world = await engines.world(1);
    const worker = startWorker(world, 'worker-a');
    await until(() => isAllOf(world, 'worker-a', 1));
    await put(world, 'before poison');
    await checkpointed(world);
    const poison = Array.from({ length: 1_500 }, (_, n) => ({
      partitionKey: 'x',
      data: new TextEncoder().encode(`poison ${n}`),
    }));
    const { kinesis } = engines.clients;
    await putRecords({ kinesis, clock: systemClock, random: systemRandom }, world.stream, poison);
    await until(async () => worker.output().includes('shard.parked'));
    await systemClock.sleep(5_100);

    const reset = await leases(world, 'reset', '0', '--to', 'LATEST', '--execute', '--force');
    await put(world, 'after poison');

    expect(reset).toMatchObject({ code: 0, stdout: expect.stringContaining('will never be read') });
    await until(() => isAllOf(world, 'worker-a', 1));
    await until(async () => {
      const counts = [...(await world.sessions()).values()].map((item) => Number(item['event_count']));
      return counts.reduce((a, b) => a + b, 0) === 2 * EVENTS;
    });
  });
});

describe('leases, with no worker', () => {
  let worldOfRefusals: Promise<World> | undefined;

  it('reset to the start, or to a time, reads all again and changes no number', async () => {
    const world = await engines.world(1);
    await put(world, 'read again');
    const first = summaryOf(await world.drain());
    const before = await world.sessions();
    expect([first.applied, first.duplicate]).toEqual([EVENTS, 0]);

    for (const to of ['TRIM_HORIZON', '2026-01-01T00:00:00Z']) {
      const checkpoint = (await world.items('leases'))[0]?.['checkpoint'];
      const dry = await leases(world, 'reset', FIRST, '--to', to, '--json');
      expect(lastJson(dry.stdout)).toMatchObject({ isExecuted: false, from: { checkpoint } });
      expect(summaryOf(await world.drain())).toMatchObject({ read: 0 });

      const done = await leases(world, 'reset', FIRST, '--to', to, '--json', '--execute');
      expect(lastJson(done.stdout)).toMatchObject({ isExecuted: true, warnings: [] });
      expect(summaryOf(await world.drain())).toMatchObject({ read: EVENTS, applied: 0, duplicate: EVENTS });
      expect(await world.sessions()).toEqual(before);
    }
  });

  it('reset to a record reads what is after it; to LATEST nothing, with a warning', async () => {
    const world = await engines.world(1);
    await put(world, 'from a record');
    await world.drain();
    const last = String((await world.items('leases'))[0]?.['checkpoint']);
    await systemClock.sleep(5_100);
    await put(world, 'from a record, later');
    summaryOf(await world.drain());

    expect(await leases(world, 'reset', '0', '--to', last, '--execute')).toMatchObject({ code: 0 });
    expect(summaryOf(await world.drain())).toMatchObject({ read: EVENTS, duplicate: EVENTS });

    // The word of before is understood too.
    await leases(world, 'reset', '0', '--to', last, '--yes');
    await systemClock.sleep(5_100);
    const latest = await leases(world, 'reset', '0', '--to', 'LATEST', '--execute');
    expect(latest.stdout).toContain('will never be read');
    expect(summaryOf(await world.drain())).toMatchObject({ read: 0 });
  });

  it.each([
    [['reset', '0', '--to', '1'], 1, 'position-refused'],
    [['reset', '0', '--to', 'yesterday'], 2, 'usage'],
    [['reset', '7', '--to', 'LATEST'], 4, 'not-found'],
    [['reset', '0'], 2, 'usage'],
    [['release'], 2, 'usage'],
    [['release', '0', '--owner', 'x'], 2, 'usage'],
    [['relaese', '0'], 4, 'not-found'],
    [['--watch-ms', 'x'], 2, 'usage'],
    [['import', '/nonexistent/file'], 2, 'usage'],
    [['--application', 'no-such-table'], 3, 'table-missing'],
  ])('%j ends with %d and [%s]', async (args, code, name) => {
    worldOfRefusals ??= engines.world(1).then(async (world) => {
      await put(world, 'refusals');
      await world.drain();
      return world;
    });
    const world = await worldOfRefusals;

    expect(await leases(world, ...args)).toMatchObject({
      code,
      stderr: expect.stringContaining(`[${name}]`),
    });
  });
  it('shows finished shards with --all, their children, and warns before one is read again', async () => {
    const world = await engines.world(1);
    await put(world, 'split');
    await engines.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: world.stream,
        ShardToSplit: FIRST,
        NewStartingHashKey: '170141183460469231731687303715884105728',
      }),
    );
    await systemClock.sleep(1_000);
    summaryOf(await world.drain());
    const before = await world.sessions();

    expect(await listed(world, '--once')).toHaveLength(2);
    const all = await leases(world, '--once', '--all');
    expect(all.stdout).toMatch(/shardId-000000000000 +finished +\S+ +- +SHARD_END +- +1,2 /);
    const again = await leases(world, 'reset', '0', '--to', 'TRIM_HORIZON', '--execute');
    expect(again.stdout).toContain('the shard was finished');
    expect((await listed(world, '--once')).map((row) => row['state'])).toEqual([
      'free',
      'waiting',
      'waiting',
    ]);

    expect(summaryOf(await world.drain())).toMatchObject({ read: EVENTS, duplicate: EVENTS });
    expect(await world.sessions()).toEqual(before);
  });

  it('exports and imports every row, byte for byte, and replaces only when told', async () => {
    const world = await engines.world(3);
    await put(world, 'exported');
    await world.drain();
    const [file, copy] = [join(folder, 'leases.jsonl'), join(folder, 'copy.jsonl')];
    await leases(world, 'export', '--out', file);
    for (const { leaseKey } of await world.items('leases'))
      await engines.clients.data.send(
        new DeleteCommand({ TableName: world.names.leases, Key: { leaseKey } }),
      );

    expect(await leases(world, 'import', file)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 row(s) to create'),
      stderr: expect.stringContaining('a preview'),
    });
    expect(await world.items('leases')).toEqual([]);
    expect(await leases(world, 'import', file, '--execute')).toMatchObject({ code: 0 });
    await leases(world, 'export', '--out', copy);
    expect(readFileSync(copy, 'utf8')).toBe(readFileSync(file, 'utf8'));
    expect(summaryOf(await world.drain())).toMatchObject({ read: 0 });

    // The drain has moved the counters: the rows are others now.
    expect(await leases(world, 'import', file, '--execute')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[lease-exists]'),
    });
    const replaced = await leases(world, 'import', file, '--execute', '--replace', '--json');
    expect(lastJson(replaced.stdout)).toMatchObject({ create: 0, replace: 3, isExecuted: true, changed: [] });

    writeFileSync(copy, 'no row\n');
    expect(await leases(world, 'import', copy)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('line 1 is no JSON object'),
    });
  });

  it('import replaces nothing that a live worker holds', async () => {
    const world = await engines.world(1);
    await put(world, 'held');
    await world.drain();
    const file = join(folder, 'held.jsonl');
    await leases(world, 'export', '--out', file);
    startWorker(world, 'worker-a');
    await until(() => isAllOf(world, 'worker-a', 1));

    expect(await leases(world, 'import', file, '--replace', '--execute')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[lease-held]'),
    });
    expect(await ownersOf(world)).toEqual(['worker-a']);
    expect(await leases(world, 'import', file, '--replace', '--execute', '--force')).toMatchObject({
      code: 0,
    });
    await until(() => isAllOf(world, 'worker-a', 1));
  });
});

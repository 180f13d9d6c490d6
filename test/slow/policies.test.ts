/** The roles of `infra/` are exactly what the programs need: each runs its whole life behind a proxy that denies all that
 *  its role's policy does not allow, and at the end nothing was denied and nothing allowed is left unused. */
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FAN_OUT } from '../../infra/lib/permissions.ts';
import { localEnvironment } from '../../src/local/local-clients.ts';
import { provisionStream, provisionTables } from '../../src/local/provision.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines } from '../support/engines.ts';
import { GuardingProxy, PolicyUse } from '../support/guarding-proxy.ts';
import { baseData } from '../support/realistic-event.ts';
import { type Allowed, policyOf, streamArn } from '../support/role-policy.ts';
import { sessionData, sessionSid, twilio } from '../support/stream-records.ts';
import { until } from '../support/until.ts';
import { type CliProcess, type Finished, lastJson, runCli, startCli } from '../support/worker-process.ts';

const STREAM = 'supersim-events';
const NAMING = { tablePrefix: 'supersim-meter', application: 'supersim-meter' };
const NAMES = tableNames(NAMING);
const SIM = `HS${'0'.repeat(31)}7`;

/** Allowed and not seen here, because it is a service that asks KMS, and no engine encrypts. */
const KMS_UNSEEN = /^kms:(Decrypt|GenerateDataKey) on arn of MeterStream|^kms:Decrypt on arn of MeterTables/;

function expectExact(use: PolicyUse): void {
  expect([...use.denied]).toEqual([]);
  expect(use.unused().filter((permission) => !KMS_UNSEEN.test(permission))).toEqual([]);
}

/** The template is of a worker that polls: what it would have beside. */
const fanOutPolicy = (): Allowed[] =>
  FAN_OUT.flatMap(({ action, on }) =>
    on.map((target) => ({
      action,
      resource: target === 'stream' ? streamArn(STREAM) : `${streamArn(STREAM)}/consumer/*`,
      viaService: undefined,
    })),
  );

let engines: Engines;
let proxies: GuardingProxy[];
let workers: CliProcess[];

beforeAll(async () => {
  engines = await startEngines();
  await provisionTables(engines.clients.dynamodb, tableDefinitions(NAMING));
  await provisionStream(engines.clients.kinesis, { stream: STREAM, shards: 2 });
});
afterAll(() => engines?.stop());
beforeEach(() => {
  proxies = [];
  workers = [];
});
afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await Promise.all(workers.map(({ done }) => done));
  await Promise.all(proxies.map((proxy) => proxy.stop()));
});

/** The environment of a program that may do what `use` allows. */
async function guardedBy(use: PolicyUse): Promise<Record<string, string>> {
  const [kinesis, dynamodb] = await Promise.all([
    GuardingProxy.open('kinesis', engines.kinesis.endpoint, use),
    GuardingProxy.open('dynamodb', engines.dynamodb.endpoint, use),
  ]);
  proxies.push(kinesis, dynamodb);
  return {
    ...localEnvironment(kinesis, dynamodb),
    SUPERSIM_STREAM: STREAM,
    SUPERSIM_APPLICATION: NAMING.application,
    SUPERSIM_TABLE_PREFIX: NAMING.tablePrefix,
    SUPERSIM_FAILOVER_TIME_MS: '1500',
    SUPERSIM_SHARD_SYNC_EVERY_MS: '500',
    SUPERSIM_IDLE_BETWEEN_READS_MS: '200',
    SUPERSIM_CHECKPOINT_EVERY_MS: '100',
  };
}

const put = (texts: readonly string[]): Promise<unknown> =>
  putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    STREAM,
    texts.map((text, n) => ({ partitionKey: `key-${n}`, data: new TextEncoder().encode(text) })),
  );

const life = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => twilio({ ...sessionData(name, from + n), sim_sid: SIM }));

/** What a SIM's state is made of. */
const attachment = (n: number): string =>
  twilio(
    baseData('attachment.accepted', {
      event_sid: `EZ${String(n).padStart(32, '0')}`,
      sim_sid: SIM,
      timestamp: `2026-03-01T00:0${n}:00Z`,
    }),
  );

async function start(env: Readonly<Record<string, string>>): Promise<CliProcess> {
  const worker = startCli(['run', '--json'], env);
  workers.push(worker);
  await until('the worker reads', 20_000, () => worker.output().includes('"lease.taken"'), worker.output);
  return worker;
}

async function stop(worker: CliProcess): Promise<Finished> {
  worker.child.kill('SIGTERM');
  return worker.done;
}

async function items(table: string): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await engines.clients.data.send(
    new ScanCommand({ TableName: table, ConsistentRead: true }),
  );
  return Items;
}

const untilCounted = (name: string, events: number): Promise<unknown> =>
  until(`${events} events of ${name} are counted`, 20_000, async () => {
    const sessions = await items(NAMES.sessions);
    const found = sessions.find((item) => item['data_session_sid'] === sessionSid(name));
    return Number(found?.['event_count'] ?? 0) === events;
  });

/** As a lease whose shard was closed and is past the retention: what it had not read is lost. */
const leaveLeaseOfLostShard = (): Promise<unknown> =>
  engines.clients.data.send(
    new PutCommand({
      TableName: NAMES.leases,
      Item: {
        leaseKey: 'shardId-000000000099',
        leaseCounter: 1,
        checkpoint: '49600000000000000000000000000000000000000000000000000000',
        checkpointSubSequenceNumber: 0,
        ownerSwitchesSinceCheckpoint: 0,
      },
    }),
  );

async function reshard(): Promise<void> {
  const { kinesis } = engines.clients;
  await kinesis.send(
    new SplitShardCommand({
      StreamName: STREAM,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '1000000000000000000000000000000000000',
    }),
  );
  await systemClock.sleep(500);
  await kinesis.send(
    new MergeShardsCommand({
      StreamName: STREAM,
      ShardToMerge: 'shardId-000000000003',
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  );
}

const isGone = (leaseKey: string) => async (): Promise<boolean> =>
  !(await items(NAMES.leases)).some((row) => row['leaseKey'] === leaseKey);

describe('the worker’s role', () => {
  it('allows all of its life, and nothing else', async () => {
    const use = new PolicyUse(policyOf('Worker'));
    const env = await guardedBy(use);
    await leaveLeaseOfLostShard();
    const batching = await start({ ...env, SUPERSIM_WRITE_MODE: 'batch' });
    await put([...life('first', 1, 40), attachment(1), '{', `{"sim_sid":"${SIM}"`]);
    await untilCounted('first', 40);
    // From the pages: its ring has forgotten them.
    await put(life('first', 1, 3));
    await reshard();
    await put([...life('first', 41, 60), attachment(2)]);
    await untilCounted('first', 60);
    await until('the finished lease is deleted', 20_000, isGone('shardId-000000000099'), batching.output);
    expect(await stop(batching)).toMatchObject({ code: 0 });
    const reasons = (await items(NAMES.deadLetters)).map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['gap', 'not-json']));

    const putting = await start({ ...env, SUPERSIM_WRITE_MODE: 'put' });
    await put([...life('first', 61, 80), attachment(3), ...life('second', 1, 40)]);
    await untilCounted('second', 40);
    await untilCounted('first', 80);
    expect(await stop(putting)).toMatchObject({ code: 0 });
    for (const row of await items(NAMES.leases))
      if (row['checkpoint'] !== 'SHARD_END') expect(row).not.toHaveProperty('leaseOwner');

    expectExact(use);
  });

  it('with a fan-out consumer allows what registers and finds it', async () => {
    const use = new PolicyUse([...policyOf('Worker'), ...fanOutPolicy()]);
    const env = await guardedBy(use);

    const worker = await start({ ...env, SUPERSIM_FAN_OUT_CONSUMER: 'meter' });
    expect(await stop(worker)).toMatchObject({ code: 0 });

    expect([...use.denied]).toEqual([]);
    const unused = new Set(use.unused().map((permission) => permission.split(' ')[0]));
    expect(unused).not.toContain('kinesis:DescribeStreamConsumer');
    expect(
      use.unused().filter((permission) => permission.startsWith('kinesis:RegisterStreamConsumer')),
    ).toEqual([`kinesis:RegisterStreamConsumer on ${streamArn(STREAM)}/consumer/*`]);
  });
});

describe('the operators’ roles', () => {
  const succeeded = (finished: Finished): Finished => {
    if (finished.code !== 0) throw new Error(`exit ${finished.code}: ${finished.stderr}${finished.stdout}`);
    return finished;
  };
  const empty = async (...tables: readonly string[]): Promise<void> => {
    for (const table of tableDefinitions(NAMING).filter(({ name }) => tables.includes(name)))
      for (const item of await items(table.name))
        await engines.clients.data.send(
          new DeleteCommand({
            TableName: table.name,
            Key: Object.fromEntries(table.key.map((name) => [name, item[name]])),
          }),
        );
  };

  it('to read dead letters allow that', async () => {
    const use = new PolicyUse(policyOf('ReadDeadLetters'));
    const env = await guardedBy(use);
    const [letter] = await items(NAMES.deadLetters);

    succeeded(await runCli(['dead-letters'], env));
    succeeded(await runCli(['dead-letters', '--shard', `a-stream:${letter?.['shard_id']}`], env));
    succeeded(
      await runCli(
        ['dead-letters', 'show', String(letter?.['shard_id']), String(letter?.['record_id'])],
        env,
      ),
    );

    expectExact(use);
  });

  it('to repair allow replay, redrive and purge', async () => {
    const use = new PolicyUse(policyOf('Repair'));
    const env = await guardedBy(use);
    for (const mode of ['batch', 'put']) {
      await empty(NAMES.sessions, NAMES.sims, NAMES.usage, NAMES.dedup);
      const replayed = await runCli(['replay', '--from', 'TRIM_HORIZON', '--execute', '--json'], {
        ...env,
        SUPERSIM_WRITE_MODE: mode,
      });
      expect(lastJson(succeeded(replayed).stdout)).toMatchObject({ applied: 123 });
    }
    // Counted already: found in the pages.
    succeeded(await runCli(['replay', '--from', 'TRIM_HORIZON', '--execute'], env));
    succeeded(await runCli(['dead-letters', 'redrive', '--execute'], env));
    succeeded(await runCli(['dead-letters', 'redrive', '--shard', 'a-stream:shardId-1'], env));
    succeeded(await runCli(['dead-letters', 'purge', '--reason', 'gap', '--execute'], env));

    expectExact(use);
  });

  it('to erase allow that', async () => {
    const use = new PolicyUse(policyOf('Erase'));
    const env = await guardedBy(use);

    succeeded(await runCli(['erase-sim', SIM, '--execute', '--settle-ms', '10'], env));

    expect(await items(NAMES.sessions)).toEqual([]);
    expectExact(use);
  });
});

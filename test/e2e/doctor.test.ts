/** `doctor` against what may be wrong: each has a line of its own, and an exit code. */
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { IncreaseStreamRetentionPeriodCommand } from '@aws-sdk/client-kinesis';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AwsLikeOptions, AwsLikeProxy } from '../support/aws-like-proxy.ts';
import { type Engines, startEngines, type World } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { type CliProcess, runCli, startCli } from '../support/worker-process.ts';

let engines: Engines;
const proxies: AwsLikeProxy[] = [];
const workers: CliProcess[] = [];
beforeAll(async () => {
  engines = await startEngines();
});
afterEach(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await Promise.all(workers.splice(0).map((worker) => worker.done));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
});
afterAll(() => engines?.stop());

type Env = Readonly<Record<string, string>>;
type Told = Omit<AwsLikeOptions, 'service' | 'upstream'>;

/** A world as AWS would have it: kept for a week, encrypted, backed up. */
async function givenWorld(shards = 2): Promise<World> {
  const world = await engines.world(shards);
  await engines.clients.kinesis.send(
    new IncreaseStreamRetentionPeriodCommand({ StreamName: world.stream, RetentionPeriodHours: 168 }),
  );
  return world;
}

async function likeAws(env: Env, kinesis: Told = {}, dynamodb: Told = {}): Promise<Env> {
  const opened = await Promise.all([
    AwsLikeProxy.open({ service: 'kinesis', upstream: engines.kinesis.endpoint, ...kinesis }),
    AwsLikeProxy.open({ service: 'dynamodb', upstream: engines.dynamodb.endpoint, ...dynamodb }),
  ]);
  proxies.push(...opened);
  const [k, d] = opened;
  return { ...env, AWS_ENDPOINT_URL_KINESIS: k.endpoint, AWS_ENDPOINT_URL_DYNAMODB: d.endpoint };
}

interface Found {
  readonly name: string;
  readonly status: string;
  readonly subject: string | null;
  readonly found: string;
  readonly fix: string | null;
}

/** What the doctor says; `troubles` are all that warn or fail but for what every test here has: embedded engines, and
 *  whatever Node runs it. */
async function doctor(env: Env) {
  const { code, stdout, stderr } = await runCli(['doctor', '--json'], env);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Found & { readonly kind: string });
  const checks = lines.filter(({ kind }) => kind === 'check');
  const isTrouble = ({ status, name }: Found): boolean =>
    (status === 'warn' || status === 'fail') && name !== 'endpoint' && name !== 'node';
  const troubles = checks.filter(isTrouble);
  const named = troubles.map(({ name, status, subject }) => [name, status, subject]);
  return {
    code,
    stderr,
    checks,
    troubles,
    named,
    of: (name: string) => checks.filter((check) => check.name === name),
  };
}

async function contentsOf(world: World): Promise<unknown> {
  const tables = Object.keys(world.names) as (keyof World['names'])[];
  return Promise.all(tables.map((table) => world.items(table)));
}

async function startWorker(world: World): Promise<void> {
  workers.push(startCli(['run'], world.env));
  await until(
    'both shards are read',
    20_000,
    async () => (await world.items('leases')).filter((row) => row['leaseOwner']).length === 2,
  );
}

describe('doctor', () => {
  it('finds nothing wrong with a healthy fleet, and changes nothing', async () => {
    const world = await givenWorld();
    await world.drain();
    const before = await contentsOf(world);
    const stopped = await doctor(await likeAws(world.env));
    expect(await contentsOf(world)).toEqual(before);
    await startWorker(world);

    const { code, named, checks, of } = await doctor(await likeAws(world.env));

    expect(stopped).toMatchObject({ code: 0, named: [['lease-owners', 'warn', null]] });
    expect([code, named]).toEqual([0, []]);
    expect(checks.filter(({ status }) => status === 'skipped')).toEqual([]);
    expect(of('permission')).toHaveLength(22);
    expect(of('lease-owners')).toMatchObject([{ found: '2 shard(s) are read by 1 worker(s)' }]);
  });

  it('reads for people: what is well in a line for each kind, what is not with what to do', async () => {
    const world = await engines.world(1);

    const { code, stdout, stderr } = await runCli(['doctor'], await likeAws(world.env));
    const all = await runCli(['doctor', '--all'], await likeAws(world.env));

    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {6} permission {4}22 actions: allowed$/m);
    expect(stdout).toMatch(
      /^warn {4} retention .* 24 h: .*\n +→ aws kinesis increase-stream-retention-period/m,
    );
    expect(all.stdout).toMatch(/^ok {6} permission {4}dynamodb:UpdateItem on app-\d+: allowed$/m);
    expect(stderr).toMatch(/^\d+ ok, \d warnings, 0 failed, \d skipped\n$/);
  });

  it('warns of a stream that is kept for 24 h', async () => {
    const world = await engines.world(1);

    const { code, named, troubles } = await doctor(await likeAws(world.env));

    expect([code, named]).toEqual([0, [['retention', 'warn', world.stream]]]);
    expect(troubles[0]?.fix).toContain('--retention-period-hours 168');
  });

  it('fails for a missing table', async () => {
    const world = await givenWorld(1);
    await engines.clients.dynamodb.send(new DeleteTableCommand({ TableName: world.names.usage }));

    const { code, named, troubles } = await doctor(await likeAws(world.env));

    expect([code, named]).toEqual([5, [['table', 'fail', world.names.usage]]]);
    expect(troubles[0]).toMatchObject({
      found: 'there is no such table in this account and region',
      fix: expect.stringContaining('provision'),
    });
  });

  it('fails for a table with another key', async () => {
    const world = await givenWorld(1);
    const TableName = world.names.sims;
    await engines.clients.dynamodb.send(new DeleteTableCommand({ TableName }));
    await engines.clients.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );

    const { code, named, troubles } = await doctor(await likeAws(world.env));

    expect([code, named]).toEqual([5, [['table', 'fail', TableName]]]);
    expect(troubles[0]?.found).toBe(`table "${TableName}" has the key id, expected sim_sid`);
  });

  it('fails for each action that the role lacks, with the action and the resource to allow', async () => {
    const world = await givenWorld(1);
    const env = await likeAws(world.env, { denied: ['GetRecords'] }, { denied: ['UpdateItem', 'Query'] });

    const { code, named, troubles } = await doctor(env);

    expect(code).toBe(5);
    expect(named).toEqual([
      ['permission', 'fail', `kinesis:GetRecords on ${world.stream}`],
      ['permission', 'fail', `dynamodb:Query on ${world.names.dedup}`],
      ['permission', 'fail', `dynamodb:UpdateItem on ${world.names.leases}`],
    ]);
    expect(troubles.map(({ fix }) => fix)).toEqual([
      `allow kinesis:GetRecords on arn:aws:kinesis:us-east-1:000000000000:stream/${world.stream}`,
      expect.stringMatching(`^allow dynamodb:Query on arn:aws:dynamodb:.*:table/${world.names.dedup}$`),
      expect.stringMatching(`^allow dynamodb:UpdateItem on arn:aws:dynamodb:.*:table/${world.names.leases}$`),
    ]);
  });

  it('fails for a role without any permission, and skips what it cannot look at', async () => {
    const world = await givenWorld(1);

    const { code, named, of } = await doctor(await likeAws(world.env, { denied: ['*'] }, { denied: ['*'] }));

    expect(code).toBe(5);
    expect(named).toEqual([
      ['stream', 'fail', world.stream],
      ...Object.values(world.names).map((table) => ['table', 'fail', table]),
    ]);
    expect(of('stream')).toMatchObject([{ fix: expect.stringContaining('kinesis:DescribeStreamSummary') }]);
    expect(of('lease-table')).toMatchObject([{ status: 'skipped' }]);
  });

  it('warns where statements are denied but puts are not: it works at ten times the CPU', async () => {
    const world = await givenWorld(1);
    const denied = ['BatchExecuteStatement', 'ExecuteTransaction'];

    const { code, troubles } = await doctor(await likeAws(world.env, {}, { denied }));
    const { code: codeOfBatch } = await doctor(
      await likeAws({ ...world.env, SUPERSIM_WRITE_MODE: 'batch' }, {}, { denied }),
    );

    expect([code, codeOfBatch]).toEqual([0, 5]);
    expect(new Set(troubles.map(({ status }) => status))).toEqual(new Set(['warn']));
    expect(troubles.at(-1)).toMatchObject({
      name: 'batch-writes',
      fix: expect.stringContaining('PartiQLInsert'),
    });
  });

  it.each([
    [600_000, 'our clock is 600 s behind AWS’s'],
    [-600_000, 'our clock is 600 s ahead of AWS’s'],
  ])('fails when AWS’s clock is ahead by %d ms', async (aheadMs, found) => {
    const world = await givenWorld(1);

    const { code, named, of } = await doctor(await likeAws(world.env, { aheadMs }, { aheadMs }));

    expect([code, named]).toEqual([5, [['clock', 'fail', null]]]);
    // The header has whole seconds.
    expect(of('clock')[0]?.found.replace(/599|601/, '600')).toBe(found);
  });

  it('fails for a hole in the hash range, naming the shard without a lease', async () => {
    const world = await givenWorld();
    await world.drain();
    const leaseKey = 'shardId-000000000001';
    await engines.clients.data.send(new DeleteCommand({ TableName: world.names.leases, Key: { leaseKey } }));

    const { code, named, of } = await doctor(await likeAws(world.env));

    expect([code, named]).toEqual([
      5,
      [
        ['lease-owners', 'warn', null],
        ['lease-holes', 'fail', null],
      ],
    ]);
    expect(of('lease-holes')[0]?.found).toBe(
      `nobody reads the hash keys ${2n ** 127n - 1n}–${2n ** 128n - 1n}: open shards without a lease: ${leaseKey}`,
    );
  });

  it('fails for a stale lease table of another stream', async () => {
    const [world, other] = [await givenWorld(1), await givenWorld(1)];
    await world.drain();

    const { code, named, of } = await doctor(await likeAws({ ...world.env, SUPERSIM_STREAM: other.stream }));

    expect([code, named]).toEqual([5, [['lease-table', 'fail', world.names.leases]]]);
    expect(of('lease-table')).toMatchObject([
      {
        found: expect.stringContaining('stream-recreated'),
        fix: expect.stringContaining('SUPERSIM_APPLICATION'),
      },
    ]);
    expect(of('lease-owners')).toMatchObject([{ status: 'skipped' }]);
  });

  it('without region or credentials says both, and asks nobody', async () => {
    const { AWS_REGION: _, AWS_ACCESS_KEY_ID: _k, ...env } = (await givenWorld(1)).env;

    const { code, named } = await doctor({ ...env, AWS_EC2_METADATA_DISABLED: 'true' });

    expect([code, named]).toEqual([
      5,
      [
        ['region', 'fail', null],
        ['credentials', 'fail', null],
      ],
    ]);
  });

  it('where nothing answers says so for each thing it asked for', async () => {
    const env = {
      AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9',
    };
    const world = await givenWorld(1);

    const { code, troubles } = await doctor({ ...world.env, ...env });

    expect([code, troubles.length]).toEqual([5, 7]);
    for (const { found } of troubles) expect(found).toBe('could not be asked (ECONNREFUSED)');
  });

  it('with settings that are wrong says which', async () => {
    const { code, troubles } = await doctor({ SUPERSIM_STREEM: 'x', SUPERSIM_PROCESSES: 'many' });

    expect([code, troubles.map(({ name }) => name)]).toEqual([5, ['settings']]);
    expect(troubles[0]?.found).toMatch(/SUPERSIM_STREEM.*SUPERSIM_PROCESSES/);
  });
});

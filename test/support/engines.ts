import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { toPlain } from '../../src/json.ts';
import { readStored, type StoredItems } from '../../src/local/compare-stored.ts';
import { type DynamoDbEngineName, startDynamoDb } from '../../src/local/dynamodb-engine.ts';
import { startKinesis } from '../../src/local/kinesis-engine.ts';
import { createLocalClients } from '../../src/local/local-clients.ts';
import { provisionStream, provisionTables } from '../../src/local/provision.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { engineFromEnv, nameInRun } from './engine-from-env.ts';
import { type Finished, lastJson, runCli } from './worker-process.ts';

/** A machine that runs many tests at once stands still for seconds: a lease lost by that is read twice, and its
 *  ignored records and dead letters are counted twice. */
const PATIENT = { SUPERSIM_FAILOVER_TIME_MS: '10000' };

export interface Summary {
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
}

/** Both engines, for one test file; or what stands for both, when the environment names it. */
export async function startEngines(engine: DynamoDbEngineName = 'auto') {
  const chosen = engineFromEnv();
  const [kinesis, dynamodb] =
    chosen.kind === 'endpoint'
      ? [chosen.engine, chosen.engine]
      : await Promise.all([startKinesis({}), startDynamoDb({ engine })]);
  const clients = createLocalClients({
    kinesisEndpoint: kinesis.endpoint,
    dynamodbEndpoint: dynamodb.endpoint,
  });
  let worlds = 0;
  return {
    kinesis,
    dynamodb,
    clients,
    /** A fresh stream and fresh tables. */
    world: (shards = 2) =>
      createWorld({ kinesis: kinesis.endpoint, dynamodb: dynamodb.endpoint }, clients, shards, worlds++),
    /** A fresh stream and fresh tables but the lease table: Java makes its own. */
    worldOfJava: (shards: number) =>
      createWorld({ kinesis: kinesis.endpoint, dynamodb: dynamodb.endpoint }, clients, shards, worlds++, {
        hasLeaseTable: false,
      }),
    /** The same stream into other tables under another application. */
    undisturbed: ({ stream }: { stream: string }) =>
      createWorld({ kinesis: kinesis.endpoint, dynamodb: dynamodb.endpoint }, clients, 1, worlds++, {
        stream,
      }),
    stop: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([kinesis.stop(), dynamodb.stop()]);
    },
  };
}

export type Engines = Awaited<ReturnType<typeof startEngines>>;
export type World = Awaited<ReturnType<Engines['world']>>;

async function createWorld(
  endpoints: { kinesis: string; dynamodb: string },
  clients: ReturnType<typeof createLocalClients>,
  shards: number,
  number: number,
  { stream = nameInRun(`stream-${number}`), hasLeaseTable = true } = {},
) {
  const naming = { tablePrefix: nameInRun(`meter-${number}`), application: nameInRun(`app-${number}`) };
  const names = tableNames(naming);
  const tables = tableDefinitions(naming).filter(({ name }) => hasLeaseTable || name !== names.leases);
  await provisionTables(clients.dynamodb, tables);
  await provisionStream(clients.kinesis, { stream, shards });
  const env: Record<string, string> = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    SUPERSIM_STREAM: stream,
    SUPERSIM_APPLICATION: naming.application,
    SUPERSIM_TABLE_PREFIX: naming.tablePrefix,
    SUPERSIM_FAILOVER_TIME_MS: '1500',
    SUPERSIM_IDLE_BETWEEN_READS_MS: '200',
    SUPERSIM_CHECKPOINT_EVERY_MS: '100',
  };
  const items = (table: keyof typeof names) => scan(clients.data, names[table]);
  return {
    naming,
    names,
    stream,
    env,
    items,
    /** Sessions, SIMs and usage as they are read, private attributes and all. */
    stored: (): Promise<StoredItems> => readStored(clients.data, names),
    /** Session items by sid, without what may differ between two runs over the same events. */
    sessions: async () =>
      new Map(
        (await items('sessions')).map(({ dedup: _, version: _v, updated_at: _u, ...item }) => [
          item['data_session_sid'],
          item,
        ]),
      ),
    /** Another application over the same stream and data tables. */
    anotherApplication: async (application: string): Promise<Record<string, string>> => {
      await provisionTables(clients.dynamodb, tableDefinitions({ ...naming, application }));
      return { ...env, SUPERSIM_APPLICATION: application };
    },
    /** To the tip. `main`: of another build than this one. */
    drain: (changes: Readonly<Record<string, string>> = {}, main?: string): Promise<Finished> =>
      runCli(['run', '--drain', '--json'], { ...env, ...PATIENT, ...changes }, main),
  };
}

async function scan(client: DynamoDBDocumentClient, table: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let startKey: Record<string, unknown> | undefined;
  do {
    const answer = await client.send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        ...(startKey ? { ExclusiveStartKey: startKey } : {}),
      }),
    );
    items.push(...(answer.Items ?? []).map((item) => toPlain(item) as Record<string, unknown>));
    startKey = answer.LastEvaluatedKey;
  } while (startKey);
  return items;
}

/** The summary of a drained run; also checks the identity that every run ends with. */
export function summaryOf(finished: Finished): Summary {
  if (finished.code !== 0) throw new Error(`exit ${finished.code}: ${finished.stderr}${finished.stdout}`);
  const summary = lastJson(finished.stdout) as unknown as Summary;
  if (summary.read !== summary.applied + summary.duplicate + summary.ignored + summary.deadLettered)
    throw new Error(`the books do not balance: ${JSON.stringify(summary)}`);
  return summary;
}

/** What engines keep between starts when they are given a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startDynamoDb } from '../../../src/local/dynamodb-engine.ts';
import { startKinesis } from '../../../src/local/kinesis-engine.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { provisionStream, provisionTables } from '../../../src/local/provision.ts';
import { putRecords } from '../../../src/local/put-records.ts';
import { tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';

type Clients = ReturnType<typeof createLocalClients>;
const NAMING = { tablePrefix: 'kept', application: 'kept' };
const STREAM = 'kept';

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'supersim-data-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function withKinesis<T>(task: (clients: Clients) => Promise<T>): Promise<T> {
  const engine = await startKinesis({ dataDir });
  const clients = createLocalClients({ kinesisEndpoint: engine.endpoint });
  try {
    return await task(clients);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
    await engine.stop();
  }
}

async function withDynamoDb<T>(
  engine: 'auto' | 'dynalite',
  task: (clients: Clients) => Promise<T>,
): Promise<T> {
  const running = await startDynamoDb({ engine, dataDir });
  const clients = createLocalClients({ dynamodbEndpoint: running.endpoint });
  try {
    return await task(clients);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
    await running.stop();
  }
}

it('kinesis-local keeps a stream and its records', async () => {
  await withKinesis(async ({ kinesis }) => {
    await provisionStream(kinesis, { stream: STREAM, shards: 1 });
    const record = { partitionKey: 'key', data: Buffer.from('kept') };
    await putRecords({ kinesis, clock: systemClock, random: systemRandom }, STREAM, [record]);
  });

  const texts = await withKinesis(async ({ kinesis }) => {
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: STREAM,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    return Records?.map(({ Data }) => Buffer.from(Data ?? []).toString());
  });

  expect(texts).toEqual(['kept']);
});

it.each(['auto', 'dynalite'] as const)('DynamoDB engine %s keeps tables and items', async (engine) => {
  const item = { data_session_sid: 'PI0', version: 'kept' };
  const { sessions } = tableNames(NAMING);
  await withDynamoDb(engine, async ({ dynamodb, data }) => {
    await provisionTables(dynamodb, tableDefinitions(NAMING));
    await data.send(new PutCommand({ TableName: sessions, Item: item }));
  });

  const kept = await withDynamoDb(engine, async ({ dynamodb, data }) => {
    await provisionTables(dynamodb, tableDefinitions(NAMING));
    return data.send(new GetCommand({ TableName: sessions, Key: { data_session_sid: 'PI0' } }));
  });

  expect(kept.Item).toEqual(item);
});

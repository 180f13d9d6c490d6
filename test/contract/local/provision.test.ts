/** Tables are made, found again and checked alike on every engine that this machine can run. */
import { createRequire } from 'node:module';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DynamoDbEngineName, startDynamoDb } from '../../../src/local/dynamodb-engine.ts';
import type { Engine } from '../../../src/local/engine-process.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { provisionTables } from '../../../src/local/provision.ts';
import { tableDefinitions, verifyTables } from '../../../src/store/tables.ts';

const require = createRequire(import.meta.url);
const isPackaged = (name: string): boolean => {
  try {
    return require.resolve(`${name}/package.json`) !== '';
  } catch {
    return false;
  }
};

/** dynalite runs everywhere. The others are asked for by what they need, so that one that is there and does not
 *  start fails: the native binary's package, and Java. */
const ENGINES: readonly DynamoDbEngineName[] = [
  'dynalite',
  ...(isPackaged(`@dynoxide/${process.platform}-${process.arch}`) ? (['dynoxide'] as const) : []),
];

const givenTable = (client: DynamoDBClient, name: string, key: string, type: 'S' | 'N') =>
  client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: type }],
    }),
  );

describe.each(ENGINES)('provisioning on %s', (name) => {
  let engine: Engine;
  let client: DynamoDBClient;
  let worlds = 0;
  beforeAll(async () => {
    engine = await startDynamoDb({ engine: name });
    client = createLocalClients({ dynamodbEndpoint: engine.endpoint }).dynamodb;
  });
  afterAll(async () => {
    client.destroy();
    await engine.stop();
  });

  /** Definitions under names of their own. */
  const givenDefinitions = () => {
    worlds += 1;
    return tableDefinitions({ tablePrefix: `prefix-${worlds}`, application: `application-${worlds}` });
  };
  const ttlOf = async (table: string) =>
    (await client.send(new DescribeTimeToLiveCommand({ TableName: table }))).TimeToLiveDescription;

  it('makes every table once, active and on demand; repeating it changes nothing', async () => {
    const definitions = givenDefinitions();

    await provisionTables(client, definitions);
    await provisionTables(client, definitions);

    expect(await verifyTables(client, definitions)).toEqual([]);
    for (const { name: table, indexes } of definitions) {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
      expect(Table).toMatchObject({
        TableStatus: 'ACTIVE',
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      });
      const projections = Table?.GlobalSecondaryIndexes?.map(({ IndexName, Projection }) => [
        IndexName,
        Projection?.ProjectionType,
      ]);
      expect(projections ?? []).toEqual(Object.keys(indexes).map((index) => [index, 'KEYS_ONLY']));
    }
  });

  it('names each table that is missing', async () => {
    const definitions = givenDefinitions();

    const problems = await verifyTables(client, definitions);

    expect(problems.map(({ kind }) => kind)).toEqual(definitions.map(() => 'missing'));
  });

  it.each([
    ['id', 'S', 'has the key id, expected leaseKey'],
    ['leaseKey', 'N', 'has the key leaseKey (N), expected leaseKey'],
  ] as const)('leaves a table with the key %s of type %s as it is, and says so', async (key, type, words) => {
    const definitions = givenDefinitions();
    const leases = definitions.at(-1)?.name ?? '';
    await givenTable(client, leases, key, type);

    await expect(provisionTables(client, definitions)).rejects.toMatchObject({
      code: 'table-mismatch',
      message: `table "${leases}" ${words}`,
    });
    expect((await verifyTables(client, definitions)).map(({ kind }) => kind)).toEqual(['mismatch']);
  });

  if (name === 'dynalite') {
    it('goes without expiry: the engine knows none', async () => {
      const update = new UpdateTimeToLiveCommand({
        TableName: 'any',
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
      });

      await expect(client.send(update)).rejects.toMatchObject({ name: 'UnknownOperationException' });
    });
    return;
  }

  it('lets items expire where their table says so', async () => {
    const definitions = givenDefinitions();
    await provisionTables(client, definitions);

    for (const { name: table, ttlAttribute } of definitions)
      expect([table, (await ttlOf(table))?.AttributeName]).toEqual([table, ttlAttribute]);
  });

  it('refuses a table whose items expire by another attribute', async () => {
    const definitions = givenDefinitions();
    const dedup = definitions.find(({ name }) => name.endsWith('-dedup'));
    await provisionTables(
      client,
      definitions.map((definition) =>
        definition === dedup ? { ...definition, ttlAttribute: 'other' } : definition,
      ),
    );

    await expect(provisionTables(client, definitions)).rejects.toMatchObject({
      code: 'table-mismatch',
      message: `table "${dedup?.name}" expires its items by other, expected expires_at`,
    });
  });
});

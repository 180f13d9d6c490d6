/** The benchmark's DynamoDB keeps the rules that the real engines keep, over HTTP, and those that no engine here
 *  has: batches of statements, transactions, and their units. */

import {
  BatchExecuteStatementCommand,
  PutCommand,
  ScanCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { provisionTables } from '../../../src/local/provision.ts';
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';
import { Latency } from '../../bench/stub/latency.ts';
import { StubDynamoDb } from '../../bench/stub/stub-dynamodb.ts';
import { StubServer } from '../../bench/stub/stub-server.ts';
import { dynamoDbContract } from '../../support/dynamodb-contract.ts';
import { storeContract } from '../../support/store-contract.ts';

async function startStub() {
  const stub = new StubDynamoDb();
  const latency = new Latency({ p50Ms: 0, p99Ms: 0 }, new Chance(seededRandom(1)));
  const server = new StubServer({ dynamodb: stub, latency });
  const dynamodbEndpoint = await server.open();
  const all: ReturnType<typeof createLocalClients>[] = [];
  const clients = () => {
    const made = createLocalClients({ dynamodbEndpoint });
    all.push(made);
    return made;
  };
  const stop = (): Promise<void> => {
    for (const { kinesis, dynamodb } of all) for (const client of [kinesis, dynamodb]) client.destroy();
    return server.close();
  };
  return { stub, clients, connect: () => clients().dynamodb, dynamodb: clients().dynamodb, stop };
}

dynamoDbContract('the benchmark’s stub', startStub, { returnsRowOfFailure: true, reportsCapacity: true });
storeContract('the benchmark’s stub', startStub);

describe('the benchmark’s stub', () => {
  let running: Awaited<ReturnType<typeof startStub>>;
  let data: ReturnType<typeof createLocalClients>['data'];
  beforeAll(async () => {
    running = await startStub();
    ({ data } = running.clients());
  });
  afterAll(() => running.stop());
  const given = async (table: string, ...items: object[]): Promise<void> => {
    await provisionTables(running.dynamodb, [{ name: table, key: ['id'], indexes: {} }]);
    for (const Item of items) await data.send(new PutCommand({ TableName: table, Item: { ...Item } }));
    running.stub.reset();
  };
  const insert = (table: string, ...parameters: unknown[]) => ({
    Statement: `INSERT INTO "${table}" VALUE {'id':?,'n':?}`,
    Parameters: parameters,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  });
  const update = (table: string, set: string, ...parameters: unknown[]) => ({
    Statement: `UPDATE "${table}" ${set} WHERE "id"=? AND "n"=?`,
    Parameters: parameters,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  });
  const execute = (...Statements: ReturnType<typeof insert>[]) =>
    data.send(new BatchExecuteStatementCommand({ Statements }));
  const rows = async (table: string) => {
    const { Items = [] } = await data.send(new ScanCommand({ TableName: table }));
    return Object.fromEntries(Items.map(({ id, ...rest }) => [id, JSON.parse(JSON.stringify(rest))]));
  };
  const number = (n: number) => ({ value: String(n) });

  it('each statement of a batch has its own condition and its own outcome, and costs as a write alone', async () => {
    await given(
      'batch',
      { id: 'a', n: 1, old: 'x' },
      { id: 'b', n: 2 },
      { id: 'c', n: 3, s: 'y'.repeat(3000) },
    );

    const { Responses } = await execute(
      update('batch', 'SET "n"=?, "s"=? REMOVE "old"', 2, 'new', 'a', 1),
      update('batch', 'SET n=? SET s=?', 3, 'new', 'b', 1),
      insert('batch', 'c', 9),
      insert('batch', 'd', 4),
      update('batch', 'SET "n"=?', 9, 'e', 1),
    );

    const codes = Responses?.map(({ Error: error }) => [error?.Code, error?.Item?.['n']]);
    expect(JSON.parse(JSON.stringify(codes))).toEqual([
      [null, null],
      ['ConditionalCheckFailed', number(2)],
      ['DuplicateItem', null],
      [null, null],
      ['ConditionalCheckFailed', null],
    ]);
    expect(await rows('batch')).toEqual({
      a: { n: number(2), s: 'new' },
      b: { n: number(2) },
      c: { n: number(3), s: 'y'.repeat(3000) },
      d: { n: number(4) },
    });
    // 1 for each, and 3 for the failed insert, whose item has 3 KB.
    expect(running.stub.units.report().byOperation['BatchExecuteStatement']?.write).toBe(7);
  });

  it('a batch with an item twice, or with 26 statements, changes nothing', async () => {
    await given('whole');
    const many = Array.from({ length: 26 }, (_, n) => insert('whole', `i${n}`, n));

    const twice = execute(insert('whole', 'a', 1), update('whole', 'SET "s"=?', 2, 'a', 1));
    await expect(twice).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(execute(...many)).rejects.toMatchObject({ name: 'ValidationException' });

    expect(await rows('whole')).toEqual({});
    expect((await execute(...many.slice(1))).Responses).toHaveLength(25);
  });

  it('a transaction is done whole at twice the price, or cancelled whole with a reason for each', async () => {
    await given('marks', { id: 'seen' });
    await given('sums', { id: 's', n: 5 });
    const count = (marker: string) =>
      data.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Update: {
                TableName: 'sums',
                Key: { id: 's' },
                UpdateExpression: 'ADD n :n',
                ExpressionAttributeValues: { ':n': 2 },
              },
            },
            {
              Put: {
                TableName: 'marks',
                Item: { id: marker },
                ConditionExpression: 'attribute_not_exists(id)',
              },
            },
          ],
        }),
      );

    await expect(count('seen')).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    expect(await rows('sums')).toEqual({ s: { n: number(5) } });
    running.stub.reset();
    await count('new');

    expect(await rows('sums')).toEqual({ s: { n: number(7) } });
    expect(Object.keys(await rows('marks')).sort()).toEqual(['new', 'seen']);
    expect(running.stub.units.report().byOperation['TransactWriteItems']).toEqual({ read: 0, write: 4 });
    expect(running.stub.requests['TransactWriteItems']).toBe(1);
  });
});

/** What the policies' proof leans on: the proxy denies whatever is not allowed, and says what was never used. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { BatchExecuteStatementCommand, BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { LOCAL_AWS } from '../../../src/local/local-clients.ts';
import { GuardingProxy, PolicyUse } from '../../support/guarding-proxy.ts';
import { type Allowed, policyOf, streamArn, tableArn } from '../../support/role-policy.ts';

const allow = (action: string, resource: string): Allowed => ({ action, resource, viaService: undefined });
const POLICY = [
  allow('dynamodb:DescribeTable', tableArn('ours')),
  allow('dynamodb:BatchGetItem', tableArn('ours')),
  allow('dynamodb:PartiQLUpdate', tableArn('ours')),
  allow('dynamodb:Query', tableArn('ours')),
  allow('kinesis:GetShardIterator', streamArn('ours')),
  allow('kinesis:GetRecords', streamArn('other')),
];

let engine: Server;
let asked: string[];
let use: PolicyUse;
let proxies: GuardingProxy[];
let dynamodb: DynamoDBClient;
let kinesis: KinesisClient;

beforeEach(async () => {
  asked = [];
  engine = createServer((request, response) => {
    request.resume();
    asked.push(String(request.headers['x-amz-target']).split('.')[1] ?? '');
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end('{"ShardIterator":"the iterator"}');
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  use = new PolicyUse(POLICY);
  proxies = [
    await GuardingProxy.open('dynamodb', upstream, use),
    await GuardingProxy.open('kinesis', upstream, use),
  ];
  const settings = (proxy: GuardingProxy | undefined) => ({
    endpoint: proxy?.endpoint ?? '',
    region: LOCAL_AWS.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
  dynamodb = new DynamoDBClient(settings(proxies[0]));
  kinesis = new KinesisClient(settings(proxies[1]));
});
afterEach(async () => {
  dynamodb.destroy();
  kinesis.destroy();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  engine.closeAllConnections();
  await new Promise((resolve) => engine.close(resolve));
});

const DENIED = { name: 'AccessDeniedException' };

describe('the guarding proxy', () => {
  it('passes what is allowed, and denies the same on another table', async () => {
    await dynamodb.send(new DescribeTableCommand({ TableName: 'ours' }));
    await expect(dynamodb.send(new DescribeTableCommand({ TableName: 'other' }))).rejects.toMatchObject(
      DENIED,
    );

    expect(asked).toEqual(['DescribeTable']);
    expect([...use.denied]).toEqual([`dynamodb:DescribeTable on ${tableArn('other')}`]);
  });

  it('denies a batch of which one part is not allowed, an index, and what it does not know', async () => {
    const keys = { Keys: [{ id: '1' }] };
    const statements = ['UPDATE "ours" SET "a"=1', `INSERT INTO "ours" VALUE {'id':'1'}`];
    for (const command of [
      new BatchGetCommand({ RequestItems: { ours: keys, other: keys } }),
      new BatchExecuteStatementCommand({ Statements: statements.map((Statement) => ({ Statement })) }),
      new QueryCommand({ TableName: 'ours', IndexName: 'by-x', KeyConditionExpression: 'x = y' }),
      new UpdateTableCommand({ TableName: 'ours' }),
    ])
      await expect(dynamodb.send(command as UpdateTableCommand)).rejects.toMatchObject(DENIED);

    expect(asked).toEqual([]);
    expect([...use.denied]).toEqual([
      `dynamodb:BatchGetItem on ${tableArn('other')}`,
      `dynamodb:PartiQLInsert on ${tableArn('ours')}`,
      `dynamodb:Query on ${tableArn('ours')}/index/by-x`,
      'UpdateTable: not known what dynamodb:UpdateTable needs',
    ]);
  });

  it('knows whose iterator it is', async () => {
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: 'ours',
        ShardId: 'shardId-0',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    await expect(kinesis.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject(DENIED);

    expect([...use.denied]).toEqual([`kinesis:GetRecords on ${streamArn('ours')}`]);
    expect(use.unused()).toContain(`kinesis:GetRecords on ${streamArn('other')}`);
  });
});

it('a role’s policy is read from the template, and a role that is not there is an error', () => {
  const policy = policyOf('VendorSink');

  expect(policy).toContainEqual(allow('kinesis:PutRecords', streamArn('supersim-events')));
  expect(policy).toContainEqual({
    action: 'kms:GenerateDataKey',
    resource: expect.stringMatching(/^arn of MeterStreamKey/),
    viaService: 'kinesis.us-east-1.amazonaws.com',
  });
  expect(() => policyOf('Nobody')).toThrow('0 roles Nobody');
});

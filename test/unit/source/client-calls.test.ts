/** What the clients tell of their calls: over real HTTP, since it is the SDK that is asked. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsClients, type ClientName, createClients, type OnCallEnd } from '../../../src/aws-clients.ts';

type End = { readonly client: ClientName } & Parameters<OnCallEnd>[0];

const KEYS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
const SHORT = { connectionTimeoutMs: 500, requestTimeoutMs: 500, attemptsMax: 3 };

let server: Server;
let answers: { status: number; body: object }[];
let ends: End[];
let clients: AwsClients;

beforeEach(async () => {
  answers = [];
  ends = [];
  server = createServer((request, response) => {
    request.resume();
    const { status, body } = answers.shift() ?? { status: 200, body: {} };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  Object.assign(process.env, KEYS, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
  clients = createClients({
    limits: { kinesis: SHORT, leases: SHORT, data: SHORT },
    onCall: (client) => (result) => ends.push({ client, ...result }),
  });
});

afterEach(async () => {
  clients.close();
  for (const name of [...Object.keys(KEYS), 'AWS_ENDPOINT_URL']) delete process.env[name];
  await new Promise((resolve) => server.close(resolve));
});

const get = (client: 'leases' | 'data') =>
  clients[client].send(new GetCommand({ TableName: 't', Key: { k: '1' } }));
const FAILED = { status: 500, body: { __type: 'InternalServerError', message: 'x' } };

describe('a call', () => {
  it('that is answered is told with its client, and with the attempts that it took', async () => {
    answers.push(FAILED);

    await get('data');
    await get('leases');

    expect(ends).toEqual([
      { client: 'data', attempts: 2 },
      { client: 'leases', attempts: 1 },
    ]);
  });

  it('that fails is told with its error, after all attempts', async () => {
    answers.push(FAILED, FAILED, FAILED);

    await expect(get('data')).rejects.toMatchObject({ name: 'InternalServerError' });

    expect(ends).toMatchObject([{ client: 'data', attempts: 3, error: { name: 'InternalServerError' } }]);
  });

  it('that is refused is told with the refusal', async () => {
    answers.push({ status: 400, body: { __type: 'ResourceNotFoundException', message: 'x' } });

    await expect(
      clients.kinesis.send(
        new GetShardIteratorCommand({ StreamName: 's', ShardId: 'x', ShardIteratorType: 'LATEST' }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });

    expect(ends).toMatchObject([{ client: 'kinesis', error: { $fault: 'client' } }]);
  });
});

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListShardsCommand } from '@aws-sdk/client-kinesis';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AwsClients,
  CLIENT_LIMITS,
  type ClientName,
  createClients,
  endpointOverrides,
} from '../../../src/aws-clients.ts';
import { classify, isThrottle } from '../../../src/errors.ts';

/** The real limits in seconds would make slow tests: the same, thirty times shorter. */
const SHORT = Object.fromEntries(
  Object.entries(CLIENT_LIMITS).map(([name, limits]) => [
    name,
    { ...limits, requestTimeoutMs: limits.requestTimeoutMs / 30 },
  ]),
) as typeof CLIENT_LIMITS;

const NAMES: readonly ClientName[] = ['leases', 'data', 'kinesis'];
const VARIABLES = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

let clients: AwsClients;
let bodies: string[] = [];
let respond: (response: ServerResponse, number: number) => void;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    bodies.push(body);
    respond(response, bodies.length);
  });
});

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
};

const call = (name: ClientName): Promise<unknown> =>
  name === 'kinesis'
    ? clients.kinesis.send(new ListShardsCommand({ StreamName: 's' }))
    : clients[name].send(new ListTablesCommand({}) as never);

const failureOf = (name: ClientName): Promise<unknown> =>
  call(name).then(
    () => 'no failure',
    (error: unknown) => error,
  );

beforeEach(async () => {
  bodies = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, VARIABLES, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  clients = createClients({ limits: SHORT });
});
afterEach(async () => {
  clients.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  for (const name of [...Object.keys(VARIABLES), 'AWS_ENDPOINT_URL']) delete process.env[name];
});

describe('each client', () => {
  it.each(NAMES)(
    '%s: a server that never answers is a retryable timeout after all attempts',
    async (name) => {
      respond = () => {};
      const startedAtMs = performance.now();

      const error = await failureOf(name);

      const { attemptsMax, requestTimeoutMs } = SHORT[name];
      expect([(error as Error).name, classify(error)]).toEqual(['TimeoutError', 'retryable']);
      expect(bodies).toHaveLength(attemptsMax);
      // Between attempts the SDK waits some 100 ms at most.
      expect(performance.now() - startedAtMs).toBeLessThan(attemptsMax * (requestTimeoutMs + 400));
    },
  );

  it.each(NAMES)('%s: a body that stands still ends too', async (name) => {
    respond = (response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '100' });
      response.write('{"Ta');
    };

    expect(classify(await failureOf(name))).toBe('retryable');
  });

  it.each(NAMES)('%s: a truncated body is retryable', async (name) => {
    respond = (response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end('{"Tables');
    };

    expect(classify(await failureOf(name))).toBe('retryable');
  });

  // A refused connection is not tested here: its error comes from Node's own realm, which in jest is not the
  // SDK's, so that the SDK wraps it and its code is lost. Outside jest the code arrives.
  it.each(NAMES)('%s: 500, also with a body that is no JSON, is retryable', async (name) => {
    respond = (response) => json(response, 500, { __type: 'InternalServerError' });
    expect(classify(await failureOf(name))).toBe('retryable');

    respond = (response) => response.writeHead(502).end('<html>bad gateway');
    expect(classify(await failureOf(name))).toBe('retryable');
  });

  it('throttling is retryable and known as throttling', async () => {
    respond = (response) => json(response, 400, { __type: 'ProvisionedThroughputExceededException' });

    const error = await failureOf('leases');

    expect([classify(error), isThrottle(error)]).toEqual(['retryable', true]);
  });

  it('access denied is fatal, after one attempt', async () => {
    respond = (response) => json(response, 400, { __type: 'AccessDeniedException' });

    expect(classify(await failureOf('data'))).toBe('fatal');
    expect(bodies).toHaveLength(1);
  });

  it('keeps its connection for the next call', async () => {
    const ports = new Set<number | undefined>();
    respond = (response) => {
      ports.add(response.socket?.remotePort);
      json(response, 200, { Shards: [] });
    };

    for (let n = 0; n < 5; n += 1) await call('kinesis');

    expect(ports.size).toBe(1);
  });
});

describe('retries', () => {
  it('of one client are not used up by another', async () => {
    respond = (response) => json(response, 500, { __type: 'InternalServerError' });
    await Promise.all(Array.from({ length: 40 }, () => failureOf('data')));

    await clients.leases.send(new ListTablesCommand({ Limit: 7 }) as never).catch(() => {});

    // By its own mark: a late request of the others, given up by the client on a busy machine, may still arrive.
    expect(bodies.filter((body) => body.includes('"Limit":7'))).toHaveLength(
      CLIENT_LIMITS.leases.attemptsMax,
    );
  });
});

describe('numbers', () => {
  it.each(['data', 'leases'] as const)('of the %s client are exact, of any size', async (name) => {
    respond = (response) =>
      json(response, 200, { Item: { n: { N: '9007199254740993.5' }, small: { N: '7' } } });
    const get = new GetCommand({ TableName: 't', Key: { id: 'a' } });

    const { Item } = await clients[name].send(get);

    expect([String(Item?.['n']?.value), String(Item?.['small']?.value)]).toEqual(['9007199254740993.5', '7']);
  });

  it('that are bigint are written exactly, and what is undefined is left out', async () => {
    respond = (response) => json(response, 200, {});

    await clients.data.send(new PutCommand({ TableName: 't', Item: { n: 2n ** 60n, nothing: undefined } }));

    expect(JSON.parse(bodies[0] as string)).toMatchObject({ Item: { n: { N: String(2n ** 60n) } } });
    expect(bodies[0]).not.toContain('nothing');
  });
});

describe('endpoint overrides', () => {
  it('are told by variable and host, without what else the URL holds', () => {
    expect(
      endpointOverrides({
        AWS_ENDPOINT_URL: 'http://user:secret@localhost:4566/path',
        AWS_ENDPOINT_URL_KINESIS: 'nonsense',
        AWS_ENDPOINT_URL_S3: 'http://elsewhere',
      }),
    ).toEqual([
      { variable: 'AWS_ENDPOINT_URL', endpoint: 'localhost:4566' },
      { variable: 'AWS_ENDPOINT_URL_KINESIS', endpoint: 'not a URL' },
    ]);
  });

  it('are none by default, or when the SDK ignores them', () => {
    expect(endpointOverrides({})).toEqual([]);
    expect(
      endpointOverrides({ AWS_ENDPOINT_URL: 'http://x', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }),
    ).toEqual([]);
  });
});

/** Each fault does to a call what its name says, and what the proxy reports of it is true. */
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchGetItemCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { classify } from '../../../src/errors.ts';
import { systemClock } from '../../../src/time.ts';
import type { Fault, FaultKind } from '../../support/fault-plan.ts';
import { FaultCounts, FaultProxy } from '../../support/fault-proxy.ts';
import { until } from '../../support/until.ts';

const BODY = '{"Attributes":{"leaseCounter":{"N":"7"}}}';

let engine: Server;
/** Bodies that reached the engine. */
let arrived: string[];
let applied: string[];
let faults: (Partial<Fault> & { kind: FaultKind })[];
let counts: FaultCounts;
let isDown = false;
let proxy: FaultProxy;

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function startProxy(service: 'kinesis' | 'dynamodb'): Promise<FaultProxy> {
  return FaultProxy.open({
    name: 'caller',
    service,
    upstream: `http://127.0.0.1:${(engine.address() as AddressInfo).port}`,
    plan: {
      next: () => {
        const fault = faults.shift();
        return fault && { ms: 0, share: 0.5, isOtherForm: false, ...fault };
      },
    },
    counts,
    isDown: () => isDown,
    onApplied: ({ request: asked }) => applied.push(String(asked['n'])),
  });
}

beforeEach(async () => {
  [arrived, applied, faults] = [[], [], []];
  counts = new FaultCounts();
  isDown = false;
  engine = createServer((incoming, outgoing) => {
    void textOf(incoming).then((body) => {
      arrived.push(body);
      outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      outgoing.end(BODY);
    });
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
  proxy = await startProxy('dynamodb');
});
afterEach(async () => {
  await proxy.stop();
  engine.closeAllConnections();
  await new Promise((resolve) => engine.close(resolve));
});

/** The answer's status and text, or `hung up`. */
const call = (n: number, operation = 'UpdateItem', signal?: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const sent = request(
      proxy.endpoint,
      {
        method: 'POST',
        agent: false,
        headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` },
        ...(signal ? { signal } : {}),
      },
      (answer) => {
        textOf(answer).then(
          (text) => resolve(`${answer.statusCode} ${text}`),
          () => resolve('hung up in the middle'),
        );
      },
    );
    sent.once('error', () => resolve('hung up'));
    sent.end(JSON.stringify({ n }));
  });

describe('a call that meets', () => {
  it('no fault is passed on', async () => {
    expect(await call(1)).toBe(`200 ${BODY}`);
    expect([arrived, applied, counts.faults, counts.appliedUnanswered, counts.calls]).toEqual([
      ['{"n":1}'],
      ['1'],
      0,
      0,
      1,
    ]);
  });

  it('drop-request never reaches the engine', async () => {
    faults = [{ kind: 'drop-request' }];

    expect(await call(1)).toBe('hung up');
    expect([arrived, applied, counts.appliedUnanswered]).toEqual([[], [], 0]);
    expect([...counts.byKind]).toEqual([['drop-request', 1]]);
  });

  it('cut-answer is done, and its caller does not hear of it', async () => {
    faults = [{ kind: 'cut-answer' }];

    expect(await call(1)).toBe('hung up');
    expect([arrived, applied]).toEqual([['{"n":1}'], ['1']]);
    await until('the end is seen', 1_000, () => counts.appliedUnanswered === 1);
  });

  it('delay is answered late', async () => {
    faults = [{ kind: 'delay', ms: 150 }];
    const startedAtMs = systemClock.monotonicMs();

    expect(await call(1)).toBe(`200 ${BODY}`);
    expect(systemClock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(145);
    expect(counts.appliedUnanswered).toBe(0);
  });

  it('truncate-answer gets a part, and sees that more was announced', async () => {
    faults = [{ kind: 'truncate-answer', isOtherForm: true }];

    expect(await call(1)).toBe('hung up in the middle');
    expect(applied).toEqual(['1']);
    await until('the end is seen', 1_000, () => counts.appliedUnanswered === 1);
  });

  it('truncate-answer of the other form gets broken JSON', async () => {
    faults = [{ kind: 'truncate-answer' }];

    expect(await call(1)).toBe(`200 ${BODY.slice(0, Math.floor(BODY.length / 2))}`);
    expect(counts.appliedUnanswered).toBe(1);
  });

  it('truncate-answer is never an empty answer', async () => {
    faults = [{ kind: 'truncate-answer', share: 0 }];

    expect(await call(1)).toBe('200 {');
  });

  it('hold-and-apply is done although its caller has given up, and after what came later', async () => {
    faults = [{ kind: 'hold-and-apply', ms: 300 }];
    const hangUp = new AbortController();
    const held = call(1, 'UpdateItem', hangUp.signal);
    await until('it is held', 1_000, () => counts.faults === 1);
    hangUp.abort();
    expect(await held).toBe('hung up');

    await call(2);
    expect(applied).toEqual(['2']);
    await proxy.settled();

    expect(applied).toEqual(['2', '1']);
    expect(counts.appliedUnanswered).toBe(1);
  });

  it('an outage is refused, whatever the plan says, and is no fault of the plan', async () => {
    isDown = true;
    faults = [{ kind: 'delay' }];

    expect(await call(1)).toBe('hung up');
    expect([arrived, counts.faults, counts.byKind.get('outage'), faults.length]).toEqual([[], 0, 1, 1]);
  });
});

it('a read whose answer is lost is no write whose answer is lost', async () => {
  faults = [{ kind: 'cut-answer' }];

  await call(1, 'GetItem');
  await proxy.settled();

  expect(counts.appliedUnanswered).toBe(0);
});

describe('what the services answer is taken by the SDK for', () => {
  const settings = (endpoint: string) => ({
    region: 'us-east-1',
    endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler({}),
  });
  const dynamodb = () => new DynamoDBClient(settings(proxy.endpoint));
  const update = () => dynamodb().send(new UpdateItemCommand({ TableName: 't', Key: { id: { S: '1' } } }));
  const errorOf = (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => Promise.reject(new Error('it worked')),
      (error: Error) => error,
    );

  it.each<[string, Partial<Fault> & { kind: FaultKind }, string]>([
    ['an internal error', { kind: 'error-500' }, 'InternalServerError'],
    ['a throttle', { kind: 'throttle' }, 'ProvisionedThroughputExceededException'],
    ['another throttle', { kind: 'throttle', isOtherForm: true }, 'ThrottlingException'],
    ['broken JSON', { kind: 'truncate-answer' }, 'SyntaxError'],
  ])('%s of DynamoDB, to be repeated', async (_what, fault, name) => {
    faults = [fault];

    const error = await errorOf(update());

    expect([error.name, classify(error)]).toEqual([name, 'retryable']);
  });

  it('keys that were not processed', async () => {
    faults = [{ kind: 'throttle', isOtherForm: true }];
    const RequestItems = { t: { Keys: [{ id: { S: '1' } }] } };

    const answer = await dynamodb().send(new BatchGetItemCommand({ RequestItems }));

    expect([answer.Responses, answer.UnprocessedKeys]).toEqual([{ t: [] }, RequestItems]);
    expect(arrived).toEqual([]);
  });

  it.each<[FaultKind, string]>([
    ['error-500', 'InternalFailureException'],
    ['throttle', 'ProvisionedThroughputExceededException'],
  ])('%s of Kinesis, to be repeated', async (kind, name) => {
    await proxy.stop();
    proxy = await startProxy('kinesis');
    faults = [{ kind }];

    const error = await errorOf(
      new KinesisClient(settings(proxy.endpoint)).send(new GetRecordsCommand({ ShardIterator: 'i' })),
    );

    expect([error.name, classify(error)]).toEqual([name, 'retryable']);
  });
});

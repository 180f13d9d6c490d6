/** Enhanced fan-out over real sockets, with the SDK's own clients: what breaks a connection, and what is left
 *  open when it is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsClients, createClients } from '../../../src/aws-clients.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import type { FanOutDeps } from '../../../src/source/fan-out-options.ts';
import { openReader, type ReaderOptions } from '../../../src/source/open-reader.ts';
import { Prefetch, PrefetchBudget } from '../../../src/source/prefetch.ts';
import type { NextPage, RecordPage } from '../../../src/source/record.ts';
import { StreamConsumer } from '../../../src/source/stream-consumer.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { EventStreamServer, type ServedSubscription } from '../../support/event-stream-server.ts';
import { FakeKinesis } from '../../support/fake-kinesis.ts';

const SEED = 20_261_123;
const VARIABLES = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };

let kinesis: FakeKinesis;
let server: EventStreamServer;
let clients: Pick<AwsClients, 'kinesis' | 'kinesisStreaming' | 'close'>;
let stopping: AbortController;

beforeEach(async () => {
  kinesis = new FakeKinesis(systemClock);
  server = await EventStreamServer.start(kinesis);
  server.resubscribeAfterMs = 0;
  Object.assign(process.env, VARIABLES, { AWS_ENDPOINT_URL_KINESIS: server.endpoint });
  const local = createLocalClients({ kinesisEndpoint: server.jsonEndpoint });
  const made = createClients();
  clients = {
    kinesis: local.kinesis,
    kinesisStreaming: made.kinesisStreaming,
    close: () => {
      made.close();
      local.kinesis.destroy();
    },
  };
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  clients.close();
  await server.stop();
  for (const name of [...Object.keys(VARIABLES), 'AWS_ENDPOINT_URL_KINESIS']) delete process.env[name];
});

/** Waits for what happens elsewhere; the suite's own time-out ends it. */
async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await sleep(5);
}

function givenReader(options: Partial<ReaderOptions> = {}) {
  const failures: string[] = [];
  const silent = (): void => {};
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const deps: FanOutDeps = {
    ...clients,
    clock: systemClock,
    // Back-off without the waiting: a tenth.
    random: { ...systemRandom, next: () => systemRandom.next() / 10 },
    log,
    metrics: {
      recordsRead: silent,
      readFailed: (name) => void failures.push(name),
    },
  };
  const consumer = new StreamConsumer(
    { ...deps, kinesis: clients.kinesis },
    { stream: 'supersim-events', consumerName: 'meter' },
  );
  const reader = openReader(deps, {
    stream: 'supersim-events',
    shardId: kinesis.shardId(0),
    startAt: 'TRIM_HORIZON',
    consumer,
    silenceMs: 1_000,
    stallAfterMs: 10_000,
    resubscribeAfterMs: 5,
    idleBetweenReadsMs: 200,
    ...options,
  });
  const outcome = (): Promise<NextPage> => reader.next(stopping.signal);
  const next = async (): Promise<RecordPage> => {
    const page = await outcome();
    if (typeof page === 'string') throw new Error(`no page but ${page}; ${failures}`);
    return page;
  };
  const read = async (count: number): Promise<string[]> => {
    const texts: string[] = [];
    while (texts.length < count) texts.push(...textsOf(await next()));
    return texts;
  };
  return { reader, outcome, next, read, failures };
}

const textsOf = (page: RecordPage): string[] =>
  page.records.map(({ data }) => new TextDecoder().decode(data));

const putMany = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => {
    kinesis.put(`r${from + n}`);
    return `r${from + n}`;
  });

/** Every way a connection breaks that the server can bring about. */
const BREAKS: Readonly<Record<string, (subscription: ServedSubscription) => void>> = {
  'a cut socket': (subscription) => subscription.cutSocket(),
  'RST_STREAM INTERNAL_ERROR': (subscription) => subscription.reset(2),
  'RST_STREAM REFUSED_STREAM': (subscription) => subscription.reset(7),
  GOAWAY: (subscription) => subscription.goAway(),
  'a truncated frame': (subscription) =>
    subscription.sendTruncated({ Records: [], ContinuationSequenceNumber: '1', MillisBehindLatest: 0 }),
  'an exception message': (subscription) => {
    subscription.sendException('InternalFailureException');
    subscription.end();
  },
  'an unknown exception': (subscription) => {
    subscription.sendException('SomethingNew');
    subscription.end();
  },
  'the end': (subscription) => subscription.end(),
};

describe('a subscription', () => {
  it('brings every record once, in order, and then that it is caught up', async () => {
    const texts = putMany(1_000);
    const { read, next, failures } = givenReader();

    const early = await read(1_000);
    const late = putMany(10, 1_000);
    const rest = await read(10);

    expect([early, rest]).toEqual([texts, late]);
    expect((await next()).isAtTip).toBe(true);
    expect([failures, server.sessionsEver]).toEqual([[], 1]);
    expect(server.consumers.calls).toContain('RegisterStreamConsumer');
  });

  it('begins at a checkpoint with the record it names', async () => {
    putMany(3);
    const sequenceNumber = kinesis.put('checkpointed');
    kinesis.put('next');
    const { read, failures } = givenReader({ startAt: { sequenceNumber, subSequenceNumber: 0 } });

    expect(await read(2)).toEqual(['checkpointed', 'next']);
    expect(failures).toEqual([]);
  });

  it('begins at a time', async () => {
    putMany(3);
    await sleep(30);
    const timestampMs = systemClock.wallMs();
    await sleep(30);
    kinesis.put('after');

    expect(await givenReader({ startAt: { timestampMs } }).read(1)).toEqual(['after']);
  });

  it('ends a split shard with its children', async () => {
    putMany(5);
    const children = kinesis.split(kinesis.shardId(0));
    const { next } = givenReader();
    const texts: string[] = [];
    let page = await next();
    for (; !page.shardEnd; page = await next()) texts.push(...textsOf(page));
    texts.push(...textsOf(page));

    expect(texts).toHaveLength(5);
    expect(page.shardEnd.childShards.map(({ shardId }) => shardId)).toEqual(children);
    await until(() => server.openCount === 0 && server.sessions.size === 0);
  });

  it('that names no children leaves the end to polling', async () => {
    kinesis.habits.namesChildren = false;
    const texts = putMany(5);
    const { read, next } = givenReader({ endCheckEveryMs: 200 });
    server.script = async (subscription) => {
      subscription.begin();
      const { Records = [] } = await recordsOf(kinesis);
      const ContinuationSequenceNumber = Records.at(-1)?.SequenceNumber;
      subscription.send({ Records, ContinuationSequenceNumber, MillisBehindLatest: 0 });
      for (; subscription.isOpen; await sleep(20))
        subscription.send({ Records: [], ContinuationSequenceNumber, MillisBehindLatest: 0 });
    };
    expect(await read(5)).toEqual(texts);
    const children = kinesis.split(kinesis.shardId(0));

    let page = await next();
    while (!page.shardEnd) page = await next();

    expect(page.shardEnd.childShards.map(({ shardId }) => shardId)).toEqual(children);
    await until(() => server.sessions.size === 0);
  });
});

async function recordsOf(fake: FakeKinesis): Promise<GetRecordsCommandOutput> {
  const iterator = (await fake.send(
    new GetShardIteratorCommand({
      StreamName: 'supersim-events',
      ShardId: fake.shardId(0),
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )) as { ShardIterator: string };
  return (await fake.send(new GetRecordsCommand(iterator))) as GetRecordsCommandOutput;
}

describe('a broken connection', () => {
  it.each(Object.keys(BREAKS))('%s: goes on after what was handed out', async (name) => {
    const texts = putMany(20);
    server.recordsPerEvent = 5;
    const { read } = givenReader();
    const early = await read(20);
    const [first] = server.subscriptions;

    if (first) BREAKS[name]?.(first);
    const late = putMany(5, 20);
    const rest = await read(5);

    expect([early, rest]).toEqual([texts, late]);
    expect(server.subscriptions).toHaveLength(2);
    await until(() => server.sessions.size === 1);
  });

  it.each(Object.keys(BREAKS))('%s: before the first message, too', async (name) => {
    const texts = putMany(5);
    server.script = (subscription, number) =>
      number > 0 ? server.serve(subscription) : BREAKS[name]?.(subscription);
    const { read, failures } = givenReader();

    expect(await read(5)).toEqual(texts);
    expect(failures.length).toBeGreaterThanOrEqual(1);
  });

  it(`50 times at random loses and doubles nothing (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const breaks = Object.values(BREAKS);
    server.recordsPerEvent = 7;
    server.script = async (subscription, number) => {
      void server.serve(subscription);
      if (number >= 50) return;
      await sleep(random.next() * 20);
      breaks[Math.floor(random.next() * breaks.length)]?.(subscription);
    };
    const { read } = givenReader({ stallAfterMs: 60_000 });
    const texts: string[] = [];
    const reading = (async () => {
      while (server.subscriptions.length <= 50) texts.push(...(await read(1)));
    })();
    let put = 0;
    while (server.subscriptions.length <= 50) {
      putMany(3, put);
      put += 3;
      await sleep(3);
    }
    putMany(1, put);
    put += 1;
    await reading;
    while (texts.length < put) texts.push(...(await read(1)));

    expect(texts).toEqual(Array.from({ length: put }, (_, n) => `r${n}`));
    await until(() => server.sessions.size === 1);
  });

  it('hundreds of times leaves one connection', async () => {
    server.script = (subscription) => void server.serve(subscription, 5);
    const { outcome } = givenReader({ resubscribeAfterMs: 0 });

    while (server.subscriptions.length < 300) await outcome();

    await until(() => server.sessions.size <= 1);
    expect(server.sessionsEver).toBe(server.subscriptions.length);
  });
});

describe('a half-open connection', () => {
  it('is opened anew, then stalled; nothing stays open', async () => {
    putMany(1);
    server.script = (subscription, number) => {
      if (number === 0) void server.serve(subscription);
      else subscription.begin();
    };
    const { read, outcome } = givenReader({ silenceMs: 100, stallAfterMs: 400 });
    await read(1);
    // From here on it says nothing, and the connection stays.
    server.idleEventEveryMs = 1e9;
    let last = await outcome();
    while (last !== 'stalled') last = await outcome();

    expect(server.subscriptions.length).toBeGreaterThanOrEqual(3);
    await until(() => server.openCount === 0 && server.sessions.size === 0);
  });

  it('that takes the request and never answers is given up too', async () => {
    putMany(1);
    server.resubscribeAfterMs = 0;
    const { outcome, failures } = givenReader({ silenceMs: 100, stallAfterMs: 300 });
    server.script = () => {};

    expect(await outcome()).toBe('stalled');
    expect(new Set(failures)).toEqual(new Set(['TimeoutError']));
    await until(() => server.sessions.size === 0);
  });
});

describe('an abort', () => {
  it.each(['between messages', 'before the first message'])('%s ends promptly and closes', async (when) => {
    server.script = (subscription) => (when === 'between messages' ? subscription.begin() : undefined);
    const { outcome } = givenReader({ silenceMs: 60_000 });
    const waiting = outcome();
    await until(() => server.openCount === 1);
    await sleep(30);
    const abortedAtMs = performance.now();

    stopping.abort();

    expect(await waiting).toBe('aborted');
    expect(performance.now() - abortedAtMs).toBeLessThan(100);
    await until(() => server.openCount === 0 && server.sessions.size === 0);
  });

  it('of a full buffer closes the connection, though nobody reads on', async () => {
    for (let n = 0; n < 50; n += 1) kinesis.put(new Uint8Array(100_000));
    const prefetch = new Prefetch(givenReader().reader, new PrefetchBudget(300_000));
    await prefetch.next(stopping.signal);
    await sleep(100);
    expect(server.openCount).toBe(1);

    await prefetch.close();

    await until(() => server.openCount === 0 && server.sessions.size === 0);
  });
});

describe('a consumer that is slow', () => {
  it('holds the server back: what waits for it stays small, and nothing is lost', async () => {
    const EVENTS = 400;
    const BYTES = 100_000;
    let sent = 0;
    server.script = async (subscription) => {
      subscription.begin();
      for (; sent < EVENTS && subscription.isOpen; sent += 1) {
        const Records = [{ SequenceNumber: String(sent), PartitionKey: 'k', Data: new Uint8Array(BYTES) }];
        const more = { ContinuationSequenceNumber: String(sent), MillisBehindLatest: 1 };
        if (!subscription.send({ Records, ...more })) await subscription.drained();
      }
    };
    const { next } = givenReader();
    await next();
    await sleep(300);
    // One window and one event are on their way, whatever the server would like to send.
    const sentWhileSlow = sent;

    let bytes = BYTES;
    while (bytes < EVENTS * BYTES) bytes += (await next()).bytes;

    expect(sentWhileSlow).toBeLessThan(10);
    expect(bytes).toBe(EVENTS * BYTES);
    expect(server.subscriptions).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('ResourceInUse is waited out', async () => {
    putMany(3);
    server.resubscribeAfterMs = 300;
    server.script = (subscription, number) =>
      number > 0 ? server.serve(subscription) : subscription.cutSocket();
    const { read, failures } = givenReader();

    expect(await read(3)).toEqual(['r0', 'r1', 'r2']);
    expect(failures).toContain('ResourceInUseException');
    expect(server.subscriptions).toHaveLength(2);
  });

  it('of a consumer that was deregistered has it registered anew', async () => {
    putMany(3);
    const { read } = givenReader();
    await read(3);
    server.consumers.deregister('meter');
    server.subscriptions[0]?.cutSocket();
    putMany(1, 3);

    expect(await read(1)).toEqual(['r3']);
    expect(server.consumers.calls.filter((call) => call === 'RegisterStreamConsumer')).toHaveLength(2);
  });

  it('of a shard that retention took is left to polling, which ends it with its gap and its children', async () => {
    const children = kinesis.split(kinesis.shardId(0));
    kinesis.expireShard(kinesis.shardId(0));
    server.script = (subscription) => {
      subscription.sendException('ResourceNotFoundException');
      subscription.end();
    };

    const end = await givenReader().outcome();

    expect(end).toMatchObject({ gap: { after: 'TRIM_HORIZON' }, records: [] });
    expect(typeof end === 'object' && end.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(
      children,
    );
  });
});

/** One suite on the fake and on a real engine: what unit tests learn from the fake holds for Kinesis. */
import {
  CreateStreamCommand,
  type KinesisClient,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startKinesis } from '../../../src/local/kinesis-engine.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import type { KinesisSender } from '../../../src/source/kinesis-reader.ts';
import { listShards } from '../../../src/source/list-shards.ts';
import type { RecordPage, StreamRecord } from '../../../src/source/record.ts';
import { ShardPoller, type ShardPollerOptions } from '../../../src/source/shard-poller.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { FakeKinesis } from '../../support/fake-kinesis.ts';

const SHARD = 'shardId-000000000000';
const OTHER_SHARD = 'shardId-000000000001';
const NEVER = new AbortController().signal;
const LOW_HASH_KEY = '0';

/** What the suite does to a stream of two shards. */
interface World {
  readonly stream: string;
  readonly kinesis: KinesisSender;
  put(text: string): Promise<string>;
  split(): Promise<void>;
  merge(): Promise<void>;
}

function fakeWorld(): World {
  const fake = new FakeKinesis(systemClock, { stream: 'events', shards: 2 });
  return {
    stream: 'events',
    kinesis: fake.client,
    put: async (text) => fake.put(text, SHARD),
    split: async () => void fake.split(SHARD),
    merge: async () => void fake.merge(SHARD, OTHER_SHARD),
  };
}

async function realWorld(client: KinesisClient, stream: string): Promise<World> {
  await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 2 }));
  // The engine takes a few ms until the stream is there.
  const deps = { kinesis: client, clock: systemClock, random: systemRandom };
  const untilShards = async (count: number): Promise<void> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const shards = await listShards(deps, stream, NEVER).catch(() => []);
      if (shards.length >= count) return;
      await systemClock.sleep(25);
    }
    throw new Error(`the engine shows no ${count} shards`);
  };
  await untilShards(2);
  return {
    stream,
    kinesis: client,
    put: async (text) => {
      const answer = await client.send(
        new PutRecordCommand({
          StreamName: stream,
          Data: new TextEncoder().encode(text),
          PartitionKey: 'key',
          ExplicitHashKey: LOW_HASH_KEY,
        }),
      );
      return answer.SequenceNumber ?? '';
    },
    split: async () => {
      const middle = String(2n ** 126n);
      await client.send(
        new SplitShardCommand({ StreamName: stream, ShardToSplit: SHARD, NewStartingHashKey: middle }),
      );
      await untilShards(4);
    },
    merge: async () => {
      await client.send(
        new MergeShardsCommand({
          StreamName: stream,
          ShardToMerge: SHARD,
          AdjacentShardToMerge: OTHER_SHARD,
        }),
      );
      await untilShards(3);
    },
  };
}

function givenPoller(world: World, options: Partial<ShardPollerOptions> = {}) {
  const silent = () => {};
  const poller = new ShardPoller(
    {
      kinesis: world.kinesis,
      clock: systemClock,
      random: systemRandom,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { recordsRead: silent, readFailed: silent },
    },
    {
      stream: world.stream,
      shardId: SHARD,
      startAt: 'TRIM_HORIZON',
      idleBetweenReadsMs: 200,
      ...options,
    },
  );
  const next = async (): Promise<RecordPage> => {
    const page = await poller.next(NEVER);
    if (typeof page === 'string') throw new Error(`${page} without being asked`);
    return page;
  };
  const read = async (count: number): Promise<StreamRecord[]> => {
    const records: StreamRecord[] = [];
    while (records.length < count) records.push(...(await next()).records);
    return records;
  };
  return { poller, next, read };
}

const textsOf = (records: readonly StreamRecord[]): string[] =>
  records.map(({ data }) => new TextDecoder().decode(data));

describe.each(['the fake', 'kinesis-local'] as const)('reading from %s', (name) => {
  let stop = async (): Promise<void> => {};
  let client: KinesisClient | undefined;
  let worlds = 0;
  const givenWorld = async (): Promise<World> => {
    worlds += 1;
    return client ? realWorld(client, `events-${worlds}`) : fakeWorld();
  };

  beforeAll(async () => {
    if (name === 'the fake') return;
    const engine = await startKinesis({});
    client = createLocalClients({ kinesisEndpoint: engine.endpoint }).kinesis;
    stop = async () => {
      client?.destroy();
      await engine.stop();
    };
  });
  afterAll(() => stop());

  it('TRIM_HORIZON gives every record once, in order, page by page, up to no lag', async () => {
    const world = await givenWorld();
    const sequenceNumbers: string[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e']) sequenceNumbers.push(await world.put(text));
    const { read, next } = givenPoller(world, { recordsPerReadMax: 2 });

    const records = await read(5);

    expect(textsOf(records)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(records.map(({ sequenceNumber }) => sequenceNumber)).toEqual(sequenceNumbers);
    expect(records[0]).toMatchObject({ partitionKey: 'key' });
    expect(Math.abs((records[0]?.arrivedAtMs ?? 0) - systemClock.wallMs())).toBeLessThan(60_000);
    expect(await next()).toMatchObject({ records: [], bytes: 0, millisBehindLatest: 0 });
  });

  it('a checkpoint gives the checkpointed record first', async () => {
    const world = await givenWorld();
    await world.put('a');
    const sequenceNumber = await world.put('b');
    await world.put('c');

    const { read } = givenPoller(world, { startAt: { sequenceNumber, subSequenceNumber: 0 } });

    expect(textsOf(await read(2))).toEqual(['b', 'c']);
  });

  it('LATEST gives what comes after the first read', async () => {
    const world = await givenWorld();
    await world.put('before');
    const { next, read } = givenPoller(world, { startAt: 'LATEST' });
    expect((await next()).records).toEqual([]);

    await world.put('after');

    expect(textsOf(await read(1))).toEqual(['after']);
  });

  it('a time gives what arrived since', async () => {
    const world = await givenWorld();
    await world.put('before');
    await systemClock.sleep(50);
    const timestampMs = systemClock.wallMs();
    await systemClock.sleep(50);
    await world.put('after');

    const { read } = givenPoller(world, { startAt: { timestampMs } });

    expect(textsOf(await read(1))).toEqual(['after']);
  });

  it('a split shard ends after its last record, and names its children', async () => {
    const world = await givenWorld();
    await world.put('last');
    await world.split();
    const { next } = givenPoller(world);
    const texts: string[] = [];
    let page = await next();
    for (; !page.shardEnd; page = await next()) texts.push(...textsOf(page.records));
    texts.push(...textsOf(page.records));

    const shards = await listShards(
      { kinesis: world.kinesis, clock: systemClock, random: systemRandom },
      world.stream,
      NEVER,
    );

    expect(texts).toEqual(['last']);
    const children = shards.filter(({ parentShardIds }) => parentShardIds.includes(SHARD));
    expect(children).toHaveLength(2);
    expect([...page.shardEnd.childShards].sort((a, b) => (a.shardId < b.shardId ? -1 : 1))).toEqual(
      children.map(({ shardId, parentShardIds, startingHashKey, endingHashKey }) => ({
        shardId,
        parentShardIds,
        startingHashKey,
        endingHashKey,
      })),
    );
    expect(shards.find(({ shardId }) => shardId === SHARD)?.endingSequenceNumber).toMatch(/^\d+$/);
  });

  it('a merged shard names one child with both parents', async () => {
    const world = await givenWorld();
    await world.merge();
    const { next } = givenPoller(world);
    let page = await next();
    while (!page.shardEnd) page = await next();

    expect(page.shardEnd.childShards).toHaveLength(1);
    expect([...(page.shardEnd.childShards[0]?.parentShardIds ?? [])].sort()).toEqual([SHARD, OTHER_SHARD]);
  });

  it('a sequence number of another stream is refused, and nothing is read instead', async () => {
    const world = await givenWorld();
    await world.put('a');
    const startAt = { sequenceNumber: '1', subSequenceNumber: 0 };
    const { poller } = givenPoller(world, { startAt });

    await expect(poller.next(NEVER)).rejects.toMatchObject({ code: 'position-refused' });
  });

  it('a missing stream is said to be', async () => {
    const { kinesis } = await givenWorld();
    const deps = { kinesis, clock: systemClock, random: systemRandom };

    await expect(listShards(deps, 'no-such-stream', NEVER)).rejects.toMatchObject({ code: 'stream-missing' });
  });
});

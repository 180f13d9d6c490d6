/** One suite on the simulated Kinesis and on a real engine: what unit tests and the simulation learn from the one
 *  holds for the other. */
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  type ShardIteratorType,
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

function simulatedWorld(): World {
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

describe.each(['the simulated Kinesis', 'kinesis-local'] as const)('reading from %s', (name) => {
  let stop = async (): Promise<void> => {};
  let client: KinesisClient | undefined;
  let worlds = 0;
  const givenWorld = async (): Promise<World> => {
    worlds += 1;
    return client ? realWorld(client, `events-${worlds}`) : simulatedWorld();
  };

  beforeAll(async () => {
    if (name === 'the simulated Kinesis') return;
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

  describe('by single calls', () => {
    const iteratorOf = async ({ kinesis, stream }: World, place: object): Promise<string> => {
      const input = {
        StreamName: stream,
        ShardId: SHARD,
        ShardIteratorType: 'TRIM_HORIZON' as const,
        ...place,
      };
      return (await kinesis.send(new GetShardIteratorCommand(input))).ShardIterator ?? '';
    };
    const read = async ({ kinesis }: World, ShardIterator: string, Limit = 10) => {
      const { Records, NextShardIterator } = await kinesis.send(
        new GetRecordsCommand({ ShardIterator, Limit }),
      );
      const texts = (Records ?? []).map(({ Data }) => new TextDecoder().decode(Data));
      return { texts, next: NextShardIterator ?? undefined };
    };

    it('an iterator stays where it is, and each page gives the next', async () => {
      const world = await givenWorld();
      for (const text of ['a', 'b', 'c']) await world.put(text);
      const iterator = await iteratorOf(world, {});

      const [first, again] = [await read(world, iterator, 2), await read(world, iterator, 2)];

      expect(first.texts).toEqual(['a', 'b']);
      expect(again.texts).toEqual(['a', 'b']);
      expect((await read(world, first.next ?? '', 2)).texts).toEqual(['c']);
    });

    it('at and after a sequence number, and to the end of a closed shard from any place', async () => {
      const world = await givenWorld();
      const first = await world.put('a');
      const last = await world.put('b');
      await world.split();
      const from = async (ShardIteratorType: ShardIteratorType, StartingSequenceNumber: string) =>
        read(world, await iteratorOf(world, { ShardIteratorType, StartingSequenceNumber }));

      expect((await from('AT_SEQUENCE_NUMBER', first)).texts).toEqual(['a', 'b']);
      expect((await from('AFTER_SEQUENCE_NUMBER', first)).texts).toEqual(['b']);
      expect(await from('AFTER_SEQUENCE_NUMBER', last)).toEqual({ texts: [], next: undefined });
    });

    it('shards are listed by the stream’s name or by a token, never by both', async () => {
      const { kinesis, stream } = await givenWorld();
      const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName: stream }));

      expect(Shards?.map(({ ShardId }) => ShardId)).toEqual([SHARD, OTHER_SHARD]);
      const [first, second] = (Shards ?? []).map(({ HashKeyRange }) => HashKeyRange);
      expect([first?.StartingHashKey, second?.EndingHashKey]).toEqual(['0', String(2n ** 128n - 1n)]);
      expect(BigInt(second?.StartingHashKey ?? 0)).toBe(BigInt(first?.EndingHashKey ?? 0) + 1n);
      const both = new ListShardsCommand({ StreamName: stream, NextToken: 'any' });
      await expect(kinesis.send(both)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    });
  });

  it('a missing stream is said to be', async () => {
    const { kinesis } = await givenWorld();
    const deps = { kinesis, clock: systemClock, random: systemRandom };

    await expect(listShards(deps, 'no-such-stream', NEVER)).rejects.toMatchObject({ code: 'stream-missing' });
  });
});

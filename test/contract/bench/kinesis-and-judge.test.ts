/** The benchmark's Kinesis as the SDK sees it, and that wrong results are found. */

import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';
import { systemClock } from '../../../src/time.ts';
import { judge } from '../../bench/stub/judge.ts';
import { Latency } from '../../bench/stub/latency.ts';
import { makeLoad } from '../../bench/stub/make-load.ts';
import { StubDynamoDb } from '../../bench/stub/stub-dynamodb.ts';
import { StubKinesis } from '../../bench/stub/stub-kinesis.ts';
import { StubServer } from '../../bench/stub/stub-server.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';

const LOAD = makeLoad({
  shards: 2,
  devices: 40,
  updatesPerSession: 4,
  duplicateRate: 0.2,
  lateRate: 0.2,
  lateMs: 900_000,
});

async function start(options: { arrivalsPerSecond?: number; isLimited?: boolean } = {}) {
  const kinesis = new StubKinesis(LOAD, {
    stream: 's',
    arrivalsPerSecond: 0,
    backlogSeconds: 0,
    isLimited: false,
    ...options,
  });
  const latency = new Latency({ p50Ms: 0, p99Ms: 0 }, new Chance(seededRandom(1)));
  const server = new StubServer({ dynamodb: new StubDynamoDb(), kinesis, latency });
  const clients = createLocalClients({ kinesisEndpoint: await server.open() });
  const open = async (ShardId: string, more: object = { ShardIteratorType: 'TRIM_HORIZON' }) =>
    (
      await clients.kinesis.send(
        new GetShardIteratorCommand({ StreamName: 's', ShardId, ShardIteratorType: undefined, ...more }),
      )
    ).ShardIterator;
  const read = (ShardIterator: string | undefined, Limit = 10_000) =>
    clients.kinesis.send(new GetRecordsCommand({ ShardIterator, Limit }));
  const stop = (): Promise<void> => {
    clients.kinesis.destroy();
    clients.dynamodb.destroy();
    return server.close();
  };
  return { kinesis, clients, open, read, stop };
}

describe('the benchmark’s Kinesis', () => {
  let running: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running.stop());

  it('gives each record of the load once, in order and in pages', async () => {
    const { Shards = [] } = await running.clients.kinesis.send(new ListShardsCommand({ StreamName: 's' }));
    const texts: string[][] = [];
    for (const { ShardId = '' } of Shards) {
      let iterator = await running.open(ShardId);
      const inShard: string[] = [];
      for (let lag = 1; lag > 0; ) {
        const page = await running.read(iterator, 7);
        expect(page.Records?.length).toBeLessThanOrEqual(7);
        inShard.push(...(page.Records ?? []).map(({ Data }) => Buffer.from(Data ?? '').toString()));
        iterator = page.NextShardIterator;
        lag = page.MillisBehindLatest ?? 0;
      }
      texts.push(inShard);
    }

    expect(texts).toEqual(LOAD.shards.map((records) => records.map(({ text }) => text)));
    expect(texts.flat().length).toBe(LOAD.records);
    expect(LOAD.records).toBeGreaterThan(LOAD.truth.totals.distinct);
  });

  it('starts at and after a sequence number, and at the end', async () => {
    const shard = 'shardId-000000000001';
    const { Records = [] } = await running.read(await running.open(shard), 3);
    const at = { StartingSequenceNumber: Records[1]?.SequenceNumber };
    const first = async (type: string) => {
      const page = await running.read(await running.open(shard, { ShardIteratorType: type, ...at }), 1);
      return page.Records?.[0]?.SequenceNumber;
    };

    expect(await first('AT_SEQUENCE_NUMBER')).toBe(Records[1]?.SequenceNumber);
    expect(await first('AFTER_SEQUENCE_NUMBER')).toBe(Records[2]?.SequenceNumber);
    expect(await first('LATEST')).toBeUndefined();
  });

  it('refuses the sixth read of a second, and no read of another shard', async () => {
    const limited = await start({ isLimited: true });
    const [one, two] = [
      await limited.open('shardId-000000000000'),
      await limited.open('shardId-000000000001'),
    ];
    for (let reads = 0; reads < 5; reads += 1) limited.kinesis.perform('GetRecords', { ShardIterator: one });

    const sixth = (): string => limited.kinesis.perform('GetRecords', { ShardIterator: one });
    expect(sixth).toThrow(expect.objectContaining({ name: 'ProvisionedThroughputExceededException' }));
    expect((await limited.read(two, 1)).Records).toHaveLength(1);
    await limited.stop();
  });

  it('shows records as they arrive', async () => {
    const paced = await start({ arrivalsPerSecond: 1 });
    const atMs = systemClock.wallMs();
    const shown = async () => {
      const pages = await Promise.all(
        ['shardId-000000000000', 'shardId-000000000001'].map(async (id) => paced.read(await paced.open(id))),
      );
      return pages.flatMap(({ Records = [] }) => Records);
    };
    let records = await shown();
    for (; records.length === 0; records = await shown()) await systemClock.sleep(100);

    const elapsedS = (systemClock.wallMs() - atMs) / 1_000;
    expect(records.length).toBeLessThanOrEqual(elapsedS + 2);
    for (const { ApproximateArrivalTimestamp: arrival } of records)
      expect(arrival?.getTime()).toBeGreaterThanOrEqual(atMs);
    await paced.stop();
  });
});

describe('the benchmark’s judge', () => {
  const exact = (): Item[] =>
    Object.entries(LOAD.truth.sessions).map(
      ([data_session_sid, truth]) =>
        ({
          data_session_sid,
          ...Object.fromEntries(
            Object.entries(truth).map(([name, value]) => [
              name,
              typeof value === 'number' ? NumberValue.from(String(value)) : value,
            ]),
          ),
        }) as Item,
    );
  const [first, ...others] = exact() as [Item, ...Item[]];
  const wrong = { ...first, counted_upload_bytes: NumberValue.from('1') };

  it.each([
    ['the truth', [first, ...others], [], 0, true],
    ['a missing session', others, [], 0, false],
    ['a session too many', [first, ...others, { data_session_sid: 'PI0' }], [], 0, false],
    ['a wrong sum', [wrong, ...others], [], 0, false],
    ['a wrong sum among the attributes that count', [wrong, ...others], ['counted_upload_bytes'], 0, false],
    ['a wrong attribute that the design does not keep', [wrong, ...others], ['event_count'], 0, true],
    ['a dead letter', [first, ...others], [], 1, false],
  ] as const)('given %s', (_, items, attributes, letters, isExact) => {
    expect(judge(items, LOAD.truth, attributes, letters).isExact).toBe(isExact);
  });
});

describe('the benchmark’s latency', () => {
  it('has the percentiles asked for', () => {
    const latency = new Latency({ p50Ms: 5, p99Ms: 25 }, new Chance(seededRandom(3)));
    const drawn = Array.from({ length: 20_000 }, () => latency.draw()).sort((a, b) => a - b);

    expect(drawn[10_000]).toBeCloseTo(5, 0);
    expect(drawn[19_800]).toBeGreaterThan(22);
    expect(drawn[19_800]).toBeLessThan(28);
  });
});

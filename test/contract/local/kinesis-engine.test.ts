/** What the embedded Kinesis does where the worker depends on it. */
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  ListShardsCommand,
  MergeShardsCommand,
  type ShardIteratorType,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Engine } from '../../../src/local/engine-process.ts';
import { startKinesis } from '../../../src/local/kinesis-engine.ts';
import { createLocalClients } from '../../../src/local/local-clients.ts';
import { provisionStream } from '../../../src/local/provision.ts';
import { putRecords } from '../../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';

const SHARD = 'shardId-000000000000';
const PAGE = 2;

/** A page, as far as readers look. */
const shown = ({ Records, MillisBehindLatest, NextShardIterator, ChildShards }: GetRecordsCommandOutput) => ({
  count: Records?.length,
  behind: MillisBehindLatest,
  hasNext: NextShardIterator !== undefined,
  children: ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ...(ParentShards ?? [])]),
});
const middle = (count: number, behind: number) => ({ count, behind, hasNext: true, children: undefined });

describe('kinesis-local', () => {
  let engine: Engine;
  let clients: ReturnType<typeof createLocalClients>;
  let streams = 0;
  beforeAll(async () => {
    engine = await startKinesis({});
    clients = createLocalClients({ kinesisEndpoint: engine.endpoint });
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) client.destroy();
    await engine.stop();
  });

  async function givenStream(shards = 1) {
    const { kinesis } = clients;
    const stream = `stream-${streams++}`;
    await provisionStream(kinesis, { stream, shards });
    const open = async (shardId: string, type: ShardIteratorType = 'TRIM_HORIZON') =>
      (
        await kinesis.send(
          new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: type }),
        )
      ).ShardIterator;
    const listed = async () =>
      (await kinesis.send(new ListShardsCommand({ StreamName: stream }))).Shards ?? [];
    return {
      stream,
      shards: listed,
      put: (count: number) =>
        putRecords(
          { kinesis, clock: systemClock, random: systemRandom },
          stream,
          Array.from({ length: count }, (_, at) => ({
            partitionKey: `key ${at}`,
            data: Buffer.from(`record ${at}`),
          })),
        ),
      /** Up to so many pages of a shard, from an iterator. */
      read: async (pages: number, shardId = SHARD, type?: ShardIteratorType) => {
        const seen: GetRecordsCommandOutput[] = [];
        let iterator = await open(shardId, type);
        while (iterator !== undefined && seen.length < pages) {
          const page: GetRecordsCommandOutput = await kinesis.send(
            new GetRecordsCommand({ ShardIterator: iterator, Limit: PAGE }),
          );
          seen.push(page);
          iterator = page.NextShardIterator;
        }
        return seen;
      },
      untilShards: async (count: number) => {
        for (let looks = 0; looks < 200; looks += 1) {
          if ((await listed()).length === count) return;
          await systemClock.sleep(25);
        }
        throw new Error(`the engine shows no ${count} shards`);
      },
    };
  }

  it('keeps a stream that is there when it is provisioned again', async () => {
    const { stream } = await givenStream(2);

    await provisionStream(clients.kinesis, { stream, shards: 5 });

    const answer = await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }));
    expect(answer.StreamDescriptionSummary).toMatchObject({ OpenShardCount: 2, StreamStatus: 'ACTIVE' });
  });

  it('gives back what was put, in order, byte for byte', async () => {
    const { put, read } = await givenStream();
    await put(5);

    const records = (await read(4)).flatMap((page) => page.Records ?? []);

    expect(records.map(({ Data }) => Buffer.from(Data ?? []).toString())).toEqual(
      [0, 1, 2, 3, 4].map((at) => `record ${at}`),
    );
    const numbers = records.map(({ SequenceNumber }) => BigInt(SequenceNumber ?? 0));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('says 0 behind while records of the same call are left: only a short page is the tip', async () => {
    const { put, read } = await givenStream();
    await put(4);

    expect((await read(4)).map(shown)).toEqual([middle(2, 0), middle(2, 0), middle(0, 0), middle(0, 0)]);
  });

  it('says by how much a page’s last record is older than the tip’s, not than now', async () => {
    const { put, read } = await givenStream();
    await put(2);
    await systemClock.sleep(300);
    await put(1);

    const [first, last] = await read(2);

    expect(first?.MillisBehindLatest).toBeGreaterThanOrEqual(300);
    expect(first?.MillisBehindLatest).toBeLessThan(5_000);
    expect(last?.MillisBehindLatest).toBe(0);
  });

  it('says 0 behind for a shard that was never written to, from either end', async () => {
    const { read } = await givenStream();

    for (const type of ['TRIM_HORIZON', 'LATEST'] as const)
      expect((await read(1, SHARD, type)).map(shown)).toEqual([middle(0, 0)]);
  });

  it('names the children on a split shard’s last page, which has records and no iterator', async () => {
    const { stream, put, read, untilShards } = await givenStream();
    await put(3);
    await clients.kinesis.send(
      new SplitShardCommand({
        StreamName: stream,
        ShardToSplit: SHARD,
        NewStartingHashKey: String(2n ** 127n),
      }),
    );
    await untilShards(3);

    const children = [
      ['shardId-000000000001', SHARD],
      ['shardId-000000000002', SHARD],
    ];
    const last = { behind: 0, hasNext: false, children };
    expect((await read(9)).map(shown)).toEqual([middle(2, 0), { count: 1, ...last }]);
    expect((await read(9, SHARD, 'LATEST')).map(shown)).toEqual([{ count: 0, ...last }]);
  });

  it('names the one child of a merge on both parents’ last pages', async () => {
    const { stream, read, untilShards } = await givenStream(2);
    const other = 'shardId-000000000001';
    await clients.kinesis.send(
      new MergeShardsCommand({ StreamName: stream, ShardToMerge: SHARD, AdjacentShardToMerge: other }),
    );
    await untilShards(3);

    const last = {
      count: 0,
      behind: 0,
      hasNext: false,
      children: [['shardId-000000000002', SHARD, other]],
    };
    expect((await read(9)).map(shown)).toEqual([last]);
    expect((await read(9, other)).map(shown)).toEqual([last]);
  });

  it('reshards by count: the old shards are closed, and every new one has a parent', async () => {
    const { stream, shards, untilShards } = await givenStream(2);
    await clients.kinesis.send(
      new UpdateShardCountCommand({
        StreamName: stream,
        TargetShardCount: 4,
        ScalingType: 'UNIFORM_SCALING',
      }),
    );
    await untilShards(6);

    const all = await shards();
    const isOpen = all.map(({ SequenceNumberRange: range }) => range?.EndingSequenceNumber === undefined);
    expect(isOpen).toEqual([false, false, true, true, true, true]);
    expect(all.slice(2).every(({ ParentShardId }) => ParentShardId !== undefined)).toBe(true);
  });

  it('runs twice on one machine', async () => {
    const second = await startKinesis({});

    await second.stop();
    expect(second.endpoint).not.toBe(engine.endpoint);
  });
});

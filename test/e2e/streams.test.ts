/** Streams on real engines: several in one worker, one made anew, LATEST across a crash. */
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provisionStream } from '../../src/local/provision.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { sessionData, twilio } from '../support/stream-records.ts';
import { startCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const put = (stream: string, texts: readonly string[]): Promise<unknown> =>
  putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    stream,
    texts.map((text, index) => ({ partitionKey: `key-${index}`, data: new TextEncoder().encode(text) })),
  );
const updates = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => twilio(sessionData(name, from + index, 'updated')));
const leaseRows = (world: World) => world.items('leases');
const isGone = async (stream: string): Promise<boolean> =>
  engines.clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream })).then(
    () => false,
    () => true,
  );
const until = async (isReached: () => Promise<boolean>): Promise<void> => {
  while (!(await isReached())) await systemClock.sleep(50);
};

describe('several streams', () => {
  it('are read by one worker into one table, under KCL’s multi-stream keys, also across a split', async () => {
    const world = await engines.world(2);
    const other = `${world.stream}-other`;
    await provisionStream(engines.clients.kinesis, { stream: other, shards: 1 });
    await put(world.stream, updates('one', 1, 20));
    await put(other, updates('two', 1, 20));
    await engines.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: other,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: (1n << 127n).toString(),
      }),
    );
    await put(other, updates('two', 21, 30));

    const both = { SUPERSIM_STREAM: `${world.stream},${other}` };
    const summary = summaryOf(await world.drain(both));

    expect(summary).toMatchObject({ read: 50, applied: 50 });
    const counts = (await world.items('sessions')).map((item) => Number(item['event_count']));
    expect(counts.sort()).toEqual([20, 30]);
    const keys = (await leaseRows(world)).map((row) => String(row['leaseKey']));
    expect(keys).toHaveLength(5);
    const key = new RegExp(`^\\d+:${world.stream}(-other)?:\\d+:shardId-\\d{12}$`);
    for (const found of keys) expect(found).toMatch(key);

    // What is there is not read again, nor by a worker of one stream.
    expect(summaryOf(await world.drain(both)).applied).toBe(0);
    const alone = await world.drain();
    expect([alone.code, alone.stderr]).toEqual([3, expect.stringContaining('lease-table-mode')]);
  });
});

describe('a stream made anew under its name', () => {
  it('is refused with a clear error, and nothing is read', async () => {
    const world = await engines.world(1);
    await put(world.stream, updates('before', 1, 5));
    summaryOf(await world.drain());
    await engines.clients.kinesis.send(new DeleteStreamCommand({ StreamName: world.stream }));
    await until(() => isGone(world.stream));
    await systemClock.sleep(1_100); // creation times may have a resolution of a second
    await engines.clients.kinesis.send(new CreateStreamCommand({ StreamName: world.stream, ShardCount: 1 }));
    await provisionStream(engines.clients.kinesis, { stream: world.stream, shards: 1 });
    await put(world.stream, updates('after', 1, 5));

    const refused = await world.drain();

    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('stream-recreated')]);
    expect(refused.stderr).toContain('another application name');
    expect(await world.items('sessions')).toHaveLength(1);
    const fresh = await world.anotherApplication(`${world.naming.application}-again`);
    expect(summaryOf(await world.drain(fresh)).applied).toBe(5);
  });
});

describe('LATEST', () => {
  it('loses nothing when the first worker is killed before its first checkpoint', async () => {
    const world = await engines.world(1);
    const latest = { SUPERSIM_INITIAL_POSITION: 'LATEST', SUPERSIM_FAILOVER_TIME_MS: '1500' };
    const first = startCli(['run'], { ...world.env, ...latest });
    await until(async () => (await leaseRows(world)).some((row) => row['leaseOwner'] !== undefined));
    first.child.kill('SIGKILL');
    await first.done;
    // Nobody reads now: KCL would begin at the LATEST of the next owner, and never see these.
    await put(world.stream, updates('window', 1, 10));

    const summary = summaryOf(await world.drain(latest));

    expect(summary.applied).toBe(10);
  });
});

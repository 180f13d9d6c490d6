/** The main job on real engines, by real processes, as a user runs it. */
import {
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putRecords } from '../../src/local/put-records.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { type Engines, startEngines, summaryOf, type World } from '../support/engines.ts';
import { POISON_RECORDS } from '../support/poison-records.ts';
import { twilioEvent } from '../support/realistic-event.ts';
import { iso, kore, sessionData, sessionSid, stringly, twilio } from '../support/stream-records.ts';
import { startCli } from '../support/worker-process.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines?.stop());

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? new TextEncoder().encode(text) : text;

async function put(world: World, texts: readonly (string | Uint8Array)[]): Promise<void> {
  await putRecords(
    { kinesis: engines.clients.kinesis, clock: systemClock, random: systemRandom },
    world.stream,
    texts.map((text, index) => ({ partitionKey: `key-${index}`, data: bytesOf(text) })),
  );
}

const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value, index) => ({ value, key: (index * 7919) % 101 }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);

describe('a drained stream', () => {
  const whole = (name: string, schemaOf: (n: number) => 1 | 2 = () => 2): string[] => [
    twilio(sessionData(name, 0, 'started')),
    ...numbers(1, 9).map((n) => twilio(sessionData(name, n, 'updated', { schema: schemaOf(n) }))),
    twilio(sessionData(name, 10, 'ended', { schema: schemaOf(10) })),
  ];
  const complete = {
    status: 'ended',
    started_at: iso(0),
    ended_at: iso(10),
    usage_through: iso(10),
    download_bytes: 10_000n,
    upload_bytes: 1_000n,
    total_bytes: 11_000n,
    counted_download_bytes: 10_000n,
    counted_upload_bytes: 1_000n,
    missing_bytes: 0n,
    event_count: 11n,
    update_count: 9n,
  };
  const scenarios: readonly (readonly [name: string, records: readonly string[], expected: object])[] = [
    ['each event twice', whole('each event twice').flatMap((text) => [text, text]), complete],
    ['shuffled', shuffled(whole('shuffled')), complete],
    ['schema v1 only', whole('schema v1 only', () => 1), complete],
    ['v1, then v2', whole('v1, then v2', (n) => (n < 5 ? 1 : 2)), complete],
    ['v2, then v1', whole('v2, then v1', (n) => (n < 5 ? 2 : 1)), complete],
    [
      'both envelopes',
      [sessionData('both envelopes', 1), sessionData('both envelopes', 2)].flatMap((data) => [
        twilio(data),
        kore(data),
      ]),
      { status: 'open', total_bytes: 2_200n, event_count: 2n, missing_bytes: 0n },
    ],
    [
      'data as text',
      [1, 2].map((n) => stringly(sessionData('data as text', n))),
      { total_bytes: 2_200n, event_count: 2n },
    ],
    [
      'in an array',
      [`[${[1, 2, 3].map((n) => kore(sessionData('in an array', n))).join(',')}]`],
      { total_bytes: 3_300n, event_count: 3n },
    ],
    [
      'only ended',
      [twilio(sessionData('only ended', 10, 'ended'))],
      {
        ...complete,
        counted_download_bytes: 1_000n,
        counted_upload_bytes: 100n,
        event_count: 1n,
        update_count: 0n,
      },
    ],
    [
      'only updated',
      numbers(1, 4).map((n) => twilio(sessionData('only updated', n))),
      { status: 'open', total_bytes: 4_400n, missing_bytes: 0n, update_count: 4n, usage_through: iso(4) },
    ],
    [
      'from its middle',
      numbers(6, 8).map((n) => twilio(sessionData('from its middle', n))),
      { total_bytes: 8_800n, counted_download_bytes: 3_000n, missing_bytes: 0n },
    ],
    [
      'with a gap',
      [1, 2, 5].map((n) => twilio(sessionData('with a gap', n))),
      { total_bytes: 5_500n, counted_download_bytes: 3_000n, missing_bytes: 2_200n },
    ],
    [
      'digits as text',
      [
        twilio(
          sessionData('digits as text', 1, 'updated', {
            data_download: '9007199254740993',
            data_session_data_download: '9007199254740993',
          }),
        ),
      ],
      { download_bytes: 9_007_199_254_740_993n, counted_download_bytes: 9_007_199_254_740_993n },
    ],
    [
      'failed',
      [
        twilio(sessionData('failed', 1)),
        twilio(sessionData('failed', 2, 'failed', { error: { code: 83701, message: 'x' } })),
      ],
      { status: 'failed', error: { code: 83701n, message: 'x' } },
    ],
  ];

  let world: World;
  let sessions: Map<unknown, Record<string, unknown>>;
  let summary: ReturnType<typeof summaryOf>;
  let output = '';
  beforeAll(async () => {
    world = await engines.world(3);
    const others = [
      '{"specversion":"1.0","type":"com.twilio.eventstreams.test-event","source":"Sink","id":"AC1","data":{"test_id":"4f8a1b2c-0d3e-4f5a-8b6c-7d8e9f0a1b2c"}}',
      '{"data":{},"id":"fff521c2-c7db-4b53-a5a0-c5d5d01f66ce","type":"com.kore.eventstreams.test.event","specversion":"1.0"}',
      '{"type":"com.twilio.voice.insights.call-summary.complete","id":"NO1","data":{"call_sid":"CA1"}}',
    ];
    await put(world, [...scenarios.flatMap(([, records]) => records), ...others]);
    const finished = await world.drain();
    output = finished.stdout + finished.stderr;
    summary = summaryOf(finished);
    sessions = await world.sessions();
  });

  it.each(scenarios)('counts a session %s to the byte', (name, _records, expected) => {
    expect(sessions.get(sessionSid(name))).toMatchObject(expected);
  });

  it('holds no other session, and its books balance', () => {
    const counts = [...sessions.values()].map((item) => Number(item['event_count']));

    expect(sessions.size).toBe(scenarios.length);
    expect(summary).toMatchObject({
      applied: counts.reduce((a, b) => a + b, 0),
      duplicate: 11 + 2,
      ignored: 3,
      deadLettered: 0,
    });
  });

  it('logs the test id that validates a sink, and nothing personal', () => {
    expect(output).toContain('4f8a1b2c-0d3e-4f5a-8b6c-7d8e9f0a1b2c');
    for (const secret of [
      '732123000000001',
      '358600000000001',
      '89883070000005381783',
      '100.68.56.159',
      '118.57',
      '34.16',
    ])
      expect(output).not.toContain(secret);
  });

  it('has all shards checkpointed and their leases free', async () => {
    const leases = await world.items('leases');

    expect(leases).toHaveLength(3);
    for (const lease of leases) expect(lease).toMatchObject({ checkpoint: expect.stringMatching(/^\d+$/) });
    for (const lease of leases) expect(lease).not.toHaveProperty('leaseOwner');
  });

  it('is not read again by the next run, and changes nothing under a new application’s name', async () => {
    expect(summaryOf(await world.drain())).toMatchObject({ read: 0 });

    const again = summaryOf(await world.drain(await world.anotherApplication('replay')));

    expect(again).toMatchObject({ read: summary.read, applied: 0 });
    expect(await world.sessions()).toEqual(sessions);
  });
});

describe('poison', () => {
  it('of every kind is kept with its reason, and stops no shard', async () => {
    const world = await engines.world(1);
    // Kinesis refuses records without bytes; what is a day ahead depends on when the record arrives.
    const ahead = [
      'from 2099',
      JSON.stringify(twilioEvent(sessionData('ahead', 1, 'updated', { timestamp: '2099-01-01T00:00:00Z' }))),
      'timestamp-out-of-range',
    ] as const;
    const poison = [
      ...POISON_RECORDS.filter(([what, bytes]) => bytes.length > 0 && !what.includes('day ahead')),
      ahead,
    ];
    await put(world, [...poison.map(([, bytes]) => bytes), twilio(sessionData('after poison', 1))]);

    const finished = await world.drain({
      SUPERSIM_RECORD_MAX_BYTES: '16384',
      SUPERSIM_UNZIPPED_MAX_BYTES: '65536',
    });

    expect(summaryOf(finished)).toMatchObject({
      read: poison.length + 1,
      applied: 1,
      deadLettered: poison.length,
    });
    const letters = await world.items('deadLetters');
    const reasons = letters.map((letter) => letter['reason']).sort();
    expect(reasons).toEqual(poison.map(([, , reason]) => reason).sort());
    expect(new Set(reasons).size).toBeGreaterThanOrEqual(20);
    for (const letter of letters)
      expect(letter).toMatchObject({
        shard_id: 'shardId-000000000000',
        raw: expect.anything(),
        expires_at: expect.anything(),
      });
  });
});

describe('resharding', () => {
  it('reads children after their parents, and a merge after both, with nothing lost or doubled', async () => {
    const world = await engines.world(2);
    const { kinesis } = engines.clients;
    const events = numbers(1, 90).map((n) => twilio(sessionData('resharded', n)));
    await put(world, events.slice(0, 30));
    await kinesis.send(
      new SplitShardCommand({
        StreamName: world.stream,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: '1000000000000000000000000000000000000',
      }),
    );
    await systemClock.sleep(300);
    await put(world, events.slice(30, 60));
    await kinesis.send(
      new MergeShardsCommand({
        StreamName: world.stream,
        ShardToMerge: 'shardId-000000000003',
        AdjacentShardToMerge: 'shardId-000000000001',
      }),
    );
    await systemClock.sleep(300);
    await put(world, events.slice(60));

    expect(summaryOf(await world.drain())).toMatchObject({ read: 90, applied: 90 });
    const { Shards: shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: world.stream }));
    const leases = new Map(
      (await world.items('leases')).map((lease) => [lease['leaseKey'], lease['checkpoint']]),
    );
    for (const { ShardId: id, SequenceNumberRange: range } of shards)
      if (range?.EndingSequenceNumber) expect([id, leases.get(id)]).toEqual([id, 'SHARD_END']);
    expect((await world.sessions()).get(sessionSid('resharded'))).toMatchObject({
      event_count: 90n,
      total_bytes: 99_000n,
      missing_bytes: 0n,
    });
  });
});

describe('a session of thousands of events', () => {
  it('is counted once, and read again under another name changes nothing: the dedup pages hold', async () => {
    const world = await engines.world(2);
    await put(
      world,
      numbers(1, 2_400).map((n) => twilio(sessionData('long', n))),
    );
    const slowly = { SUPERSIM_RECORDS_PER_READ_MAX: '50', SUPERSIM_CHECKPOINT_EVERY_MS: '1000' };

    expect(summaryOf(await world.drain(slowly))).toMatchObject({ applied: 2_400 });
    const before = await world.sessions();
    const again = await world.drain({ ...(await world.anotherApplication('long-again')), ...slowly });

    expect(summaryOf(again)).toMatchObject({ read: 2_400, applied: 0, duplicate: 2_400 });
    expect(before.get(sessionSid('long'))).toMatchObject({ event_count: 2_400n, total_bytes: 2_640_000n });
    expect(await world.sessions()).toEqual(before);
    expect((await world.items('dedup')).length).toBeGreaterThan(40);
  });
});

describe('several workers', () => {
  it('that drain one stream together end when all of it is read, each event counted by one of them', async () => {
    const world = await engines.world(4);
    await put(
      world,
      numbers(1, 200).map((n) => twilio(sessionData(`shared ${n % 5}`, n))),
    );

    const summaries = (await Promise.all([world.drain(), world.drain(), world.drain()])).map(summaryOf);

    expect(summaries.reduce((total, { applied }) => total + applied, 0)).toBe(200);
    const counted = [...(await world.sessions()).values()].map((item) => Number(item['event_count']));
    expect(counted.reduce((a, b) => a + b, 0)).toBe(200);
  });

  it('take over from one that got SIGTERM at once, and it exits 0 with its leases freed', async () => {
    const world = await engines.world(2);
    await put(
      world,
      numbers(1, 20).map((n) => twilio(sessionData('handed on', n))),
    );
    const first = startCli(['run', '--json'], { ...world.env, SUPERSIM_FAILOVER_TIME_MS: '60000' });
    while (!first.output().includes('lease.taken')) await systemClock.sleep(50);
    await systemClock.sleep(1_000);

    first.child.kill('SIGTERM');

    expect(await first.done).toMatchObject({ code: 0 });
    for (const lease of await world.items('leases')) expect(lease).not.toHaveProperty('leaseOwner');
    await engines.clients.kinesis.send(
      new PutRecordCommand({
        StreamName: world.stream,
        PartitionKey: 'x',
        Data: bytesOf(twilio(sessionData('handed on', 21))),
      }),
    );
    expect(summaryOf(await world.drain({ SUPERSIM_FAILOVER_TIME_MS: '60000' }))).toMatchObject({
      read: 1,
      applied: 1,
    });
  });
});

describe('the probes of a running worker', () => {
  it('answer on the address given, and the health command asks them', async () => {
    const world = await engines.world(1);
    const worker = startCli(['run', '--http', '127.0.0.1:0'], world.env);
    const listening = (): string | undefined => /"address":"([^"]+)"/.exec(worker.output())?.[1];
    while (!listening() || !worker.output().includes('lease.taken')) await systemClock.sleep(50);
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://${listening()}${path}`);
      return [response.status, await response.text()];
    };

    expect(await get('/livez')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
    expect((await get('/metrics'))[1]).toContain('supersim_');
    const health = await startCli(['health', '--http', listening() ?? ''], {}).done;
    expect(health).toMatchObject({ code: 0, stdout: expect.stringContaining('"live":true') });

    worker.child.kill('SIGTERM');
    expect(await worker.done).toMatchObject({ code: 0 });
  });
});

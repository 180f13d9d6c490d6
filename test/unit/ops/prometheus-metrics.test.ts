import { describe, expect, it } from '@jest/globals';
import type { FleetCounts } from '../../../src/leases/index.ts';
import { PrometheusMetrics, type PrometheusOptions } from '../../../src/ops/prometheus-metrics.ts';
import { Tally } from '../../../src/tally.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SHARD = 'shardId-000000000003';

function givenMetrics(options: Partial<PrometheusOptions> = {}) {
  const clock = new VirtualClock();
  const metrics = new PrometheusMetrics({
    clock,
    stream: 'events',
    version: '1.2.3',
    node: 'v24.0.0',
    ...options,
  });
  /** The values of a series by its labels, the stream's left out. */
  const values = async (name: string): Promise<Record<string, number>> => {
    const { body } = await metrics.render();
    const lines = body.split('\n').filter((line) => line.startsWith(`supersim_${name}{`));
    return Object.fromEntries(
      lines.map((line) => {
        const [, labels = '', value] = /\{(.*)\} (.*)$/.exec(line) ?? [];
        return [labels.replace(/,?stream="events"/, ''), Number(value)];
      }),
    );
  };
  /** Those that are not zero. */
  const counted = async (name: string): Promise<Record<string, number>> =>
    Object.fromEntries(Object.entries(await values(name)).filter(([, value]) => value !== 0));
  return { clock, metrics, values, counted };
}

function givenTally(): Tally {
  const tally = new Tally();
  tally.applied = 3;
  tally.duplicate = 2;
  tally.downloadBytes = 700n;
  tally.uploadBytes = 30n;
  tally.ignore('test-event');
  tally.deadLetter('not-json');
  tally.deadLetter('not-json');
  tally.anomalies.set('total-mismatch', 1);
  tally.appliedByType.set('data-session.updated', 2);
  tally.appliedByType.set('attachment.accepted', 1);
  return tally;
}

const pageOf = (records: number, millisBehindLatest?: number) => ({
  records: { length: records },
  bytes: records * 100,
  millisBehindLatest,
});

describe('a batch', () => {
  it('is counted by outcome, in series and in totals, and the outcomes add up', async () => {
    const { metrics, values } = givenMetrics();

    metrics.countBatch(givenTally());
    metrics.countBatch(givenTally());

    expect(await values('events_total')).toEqual({
      'outcome="applied",reason=""': 6,
      'outcome="duplicate",reason=""': 4,
      'outcome="ignored",reason="test-event"': 2,
      'outcome="dead_lettered",reason="not-json"': 4,
    });
    expect(await values('applied_events_total')).toEqual({
      'type="data-session.updated"': 4,
      'type="attachment.accepted"': 2,
    });
    expect(await values('metered_bytes_total')).toEqual({
      'direction="download"': 1_400,
      'direction="upload"': 60,
    });
    expect(metrics.snapshot()).toMatchObject({
      read: 16,
      applied: 6,
      duplicate: 4,
      ignored: 2,
      deadLettered: 4,
      ignoredByReason: { 'test-event': 2 },
      deadLetteredByReason: { 'not-json': 4 },
      anomalies: { 'total-mismatch': 2 },
      appliedByType: { 'data-session.updated': 4, 'attachment.accepted': 2 },
      downloadBytes: 1_400n,
    });
  });

  it('that does not add up is a broken invariant, and is not counted', () => {
    const { metrics } = givenMetrics();
    const batch = { ...givenTally(), read: 9, ignored: new Map(), deadLettered: new Map() };

    expect(() => metrics.countBatch(batch)).toThrow(expect.objectContaining({ code: 'invariant-broken' }));
    expect(metrics.snapshot().read).toBe(0);
  });
});

describe('a shard', () => {
  it('has its lag in seconds, and no sample while that is unknown', async () => {
    const { metrics, values } = givenMetrics();
    metrics.readPage(SHARD, pageOf(2, 1_500));
    expect(await values('consumer_lag_seconds')).toEqual({ [`shard="${SHARD}"`]: 1.5 });

    metrics.readPage(SHARD, pageOf(2));
    expect(await values('consumer_lag_seconds')).toEqual({});
    expect(metrics.snapshot()).toMatchObject({ records: 4, recordBytes: 400 });
  });

  it('has a part in the worker’s one lag: the largest, none while all are unknown', async () => {
    const { metrics, values } = givenMetrics();
    expect(await values('consumer_lag_max_seconds')).toEqual({});

    metrics.readPage(SHARD, pageOf(2, 1_500));
    metrics.readPage('shardId-000000000004', pageOf(2, 90_000));
    metrics.readPage('shardId-000000000005', pageOf(2));

    expect(await values('consumer_lag_max_seconds')).toEqual({ '': 90 });
    expect(await values('consumer_lag_unknown_shards')).toEqual({ '': 1 });
  });

  it('of which nothing is stored falls behind by the time that passes, and is stuck after five minutes', async () => {
    const { clock, metrics, values } = givenMetrics();
    metrics.readPage(SHARD, pageOf(2, 1_000));

    await clock.advance(59_000);
    expect(await values('consumer_lag_max_seconds')).toEqual({ '': 1 });
    await clock.advance(240_000);
    expect(await values('consumer_lag_max_seconds')).toEqual({ '': 300 });
    expect(await values('stuck_shards')).toEqual({ '': 0 });
    await clock.advance(1_000);
    expect(await values('stuck_shards')).toEqual({ '': 1 });
    expect(metrics.shards.stuck()).toEqual([
      {
        kind: 'shard-stuck',
        subject: SHARD,
        text: `nothing of ${SHARD} was stored for 5 min`,
        forMs: 300_000,
      },
    ]);

    metrics.readPage(SHARD, pageOf(0, 0));
    expect(await values('stuck_shards')).toEqual({ '': 0 });
    expect(await values('consumer_lag_max_seconds')).toEqual({ '': 0 });
  });

  it('ages from its last checkpoint while records wait for one, and not while it is idle', async () => {
    const { clock, metrics, values } = givenMetrics();
    const age = async () => Object.values(await values('checkpoint_age_seconds'));
    metrics.recordsRead(SHARD, 20);

    await clock.advance(5_000);
    metrics.readPage(SHARD, pageOf(0, 0));
    expect(await age()).toEqual([0]);

    await clock.advance(4_000);
    metrics.readPage(SHARD, pageOf(1, 0));
    await clock.advance(3_000);
    metrics.readPage(SHARD, pageOf(0, 0));
    expect(await age()).toEqual([7]);

    metrics.checkpointed(SHARD);
    expect(await age()).toEqual([0]);
  });

  it('that stands still in its first page ages too', async () => {
    const { clock, metrics, values } = givenMetrics();
    metrics.recordsRead(SHARD, 20);
    await clock.advance(60_000);

    expect(Object.values(await values('checkpoint_age_seconds'))).toEqual([60]);
  });

  it('given away leaves no series behind', async () => {
    const { metrics, values } = givenMetrics();
    metrics.readPage(SHARD, pageOf(1, 0));
    metrics.forgetShard(SHARD);

    expect(await values('consumer_lag_seconds')).toEqual({});
    expect(await values('checkpoint_age_seconds')).toEqual({});
  });
});

describe('the rest', () => {
  it('is counted under the names that the runbook gives', async () => {
    const { metrics, values, counted } = givenMetrics();
    metrics.leasesHeld(4);
    metrics.leaseChanged('taken');
    metrics.wrote('session', 2);
    metrics.conflicted();
    metrics.dedupPagesRead();
    metrics.batchDone(250);
    metrics.readFailed('ProvisionedThroughputExceededException', true);

    expect(await values('leases')).toEqual({ '': 4 });
    expect(await counted('lease_changes_total')).toEqual({ 'change="taken"': 1 });
    expect(await counted('store_writes_total')).toEqual({ 'kind="session"': 1 });
    expect(await counted('write_units_total')).toEqual({ 'kind="session"': 2 });
    expect(await values('store_conflicts_total')).toEqual({ '': 1 });
    expect(await counted('throttles_total')).toEqual({ 'service="kinesis"': 1 });
    expect(await values('batch_duration_seconds_sum')).toEqual({ '': 0.25 });
    expect(await values('build_info')).toEqual({ 'version="1.2.3",node="v24.0.0"': 1 });
    expect(metrics.snapshot()).toMatchObject({ writes: 1, writeUnits: 2, conflicts: 1, throttles: 1 });
  });

  it('names from outside are bounded: the flood is counted as other', async () => {
    const { metrics, values } = givenMetrics();
    for (let n = 0; n < 1_000; n += 1) metrics.awsFailed('dynamodb', `Error${n}`);

    const series = await values('aws_errors_total');

    expect(Object.keys(series)).toHaveLength(65);
    expect(series['service="dynamodb",error="other"']).toBe(936);
  });

  it('a second registry does not meet the first', () => {
    expect(() => [givenMetrics(), givenMetrics()]).not.toThrow();
  });
});

describe('bytes that are missing', () => {
  it('are counted as they are found and made up, and so are the sessions', async () => {
    const { metrics, counted } = givenMetrics();
    metrics.missed(0n, 0n);
    expect(await counted('missing_bytes_total')).toEqual({});

    metrics.missed(0n, 700n);
    metrics.missed(700n, 900n);
    metrics.missed(900n, 400n);
    metrics.missed(0n, 50n);
    metrics.missed(50n, 0n);

    expect(await counted('missing_bytes_total')).toEqual({ 'change="found"': 950, 'change="made_up"': 550 });
    expect(await counted('short_sessions_total')).toEqual({ 'change="found"': 2, 'change="made_up"': 1 });
    expect(metrics.snapshot()).toMatchObject({ missingBytes: 400n, shortSessions: 1 });
  });
});

describe('from arrival to durable', () => {
  it('is counted for each event whose arrival is known; a clock that is ahead counts as none', async () => {
    const { clock, metrics, values } = givenMetrics();
    const nowMs = clock.wallMs();

    metrics.madeDurable([{ arrivedAtMs: nowMs - 700 }, { arrivedAtMs: 0 }, { arrivedAtMs: nowMs + 50 }]);

    expect(await values('durable_delay_seconds_sum')).toEqual({ '': 0.7 });
    expect(await values('durable_delay_seconds_count')).toEqual({ '': 2 });
    expect(await values('durable_delay_seconds_bucket')).toMatchObject({ 'le="0.5"': 1, 'le="1"': 2 });
  });
});

describe('what others know', () => {
  it('is looked up at each scrape', async () => {
    let fleet: FleetCounts | undefined;
    const { metrics, values } = givenMetrics({
      sources: {
        heldLeases: () => [{ state: 'running' }, { state: 'running' }, { state: 'parked' }] as never,
        fleet: () => fleet,
        unanswered: () => [['dynamodb', 95_000]],
        retentionMs: () => 86_400_000,
      },
      outcomes: [['dead_lettered', 'not-json']],
      eventTypes: ['data-session.updated'],
    });
    expect(await values('fleet_workers')).toEqual({});
    fleet = { leases: { held: 3, expired: 1, free: 0, waiting: 2, finished: 4 }, workers: 2, holes: 1 };

    expect(await values('fleet_workers')).toEqual({ '': 2 });
    expect(await values('fleet_leases')).toMatchObject({ 'state="expired"': 1, 'state="held"': 3 });
    expect(await values('hash_range_holes')).toEqual({ '': 1 });
    expect(await values('shards')).toEqual({
      'state="running"': 2,
      'state="parked"': 1,
      'state="ending"': 0,
    });
    expect(await values('aws_unanswered_seconds')).toEqual({ 'service="dynamodb"': 95 });
    expect(await values('stream_retention_seconds')).toEqual({ '': 86_400 });
    // An alert on an increase must see the first one.
    expect(await values('events_total')).toEqual({ 'outcome="dead_lettered",reason="not-json"': 0 });
    expect(await values('applied_events_total')).toEqual({ 'type="data-session.updated"': 0 });
    expect(metrics.look()).toMatchObject({ unansweredMaxMs: 95_000, fleet: { workers: 2 } });
  });
});

describe('a label', () => {
  it('never takes an error’s name that is none: it may quote something', async () => {
    const { metrics, values } = givenMetrics();
    for (const name of [
      'HS0123456789abcdef0123456789abcdef',
      'session PI1 failed',
      'E310170845466094',
      '',
      'a'.repeat(65),
    ])
      metrics.awsFailed('dynamodb', name);
    metrics.awsFailed('kinesis', 'Http2Refused');

    expect(await values('aws_errors_total')).toEqual({
      'service="dynamodb",error="other"': 5,
      'service="kinesis",error="Http2Refused"': 1,
    });
  });
});

describe('the price of coordination', () => {
  it('is requests per shard and second held, and unknown before a shard was held', async () => {
    const clock = new VirtualClock();
    const metrics = new PrometheusMetrics({ clock, stream: 's', version: '1', node: 'v24' });
    const rate = async (kind: string): Promise<string | undefined> =>
      (await metrics.render()).body
        .split('\n')
        .find(
          (line) => line.startsWith('supersim_lease_table_requests_per_shard_second{') && line.includes(kind),
        );
    metrics.leaseTableRequested('read');
    expect(await rate('read')).toBeUndefined();

    metrics.leasesHeld(4);
    await clock.advance(5_000);
    metrics.leasesHeld(2);
    await clock.advance(10_000);
    for (let n = 0; n < 12; n += 1) metrics.leaseTableRequested('write');

    expect(await rate('write')).toMatch(/ 0\.3$/);
    expect(await rate('read')).toMatch(/ 0\.025$/);
  });
});

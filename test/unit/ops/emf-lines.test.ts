import { describe, expect, it } from '@jest/globals';
import { EMF_METRICS, EmfLines } from '../../../src/ops/emf-lines.ts';
import { PrometheusMetrics } from '../../../src/ops/prometheus-metrics.ts';
import { Tally } from '../../../src/tally.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CONFIG = { stream: 'events', emfNamespace: 'SupersimMeter' };
/** What a process may write at once without being torn apart. Source: Linux's PIPE_BUF. */
const LINE_MAX_BYTES = 4_096;

function givenLines() {
  const clock = new VirtualClock();
  const metrics = new PrometheusMetrics({
    clock,
    stream: 'events',
    version: '1',
    node: 'v24',
    sources: {
      heldLeases: () => [{ state: 'running' }, { state: 'parked' }] as never,
      fleet: () => ({
        leases: { held: 5, expired: 1, free: 2, waiting: 1, finished: 3 },
        workers: 3,
        holes: 0,
      }),
      unanswered: () => [
        ['kinesis', 0],
        ['dynamodb', 95_000],
      ],
      retentionMs: () => undefined,
    },
  });
  const lines: string[] = [];
  const emf = new EmfLines({ clock, metrics, printLine: (line) => lines.push(line) }, CONFIG);
  return { clock, metrics, lines, emf, last: () => JSON.parse(lines.at(-1) ?? '') };
}

function tallyOf(deadLetters: number): Tally {
  const tally = new Tally();
  tally.applied = 7;
  tally.downloadBytes = 1_000n;
  tally.uploadBytes = 24n;
  for (let n = 0; n < deadLetters; n += 1) tally.deadLetter('not-json');
  return tally;
}

describe('a line for CloudWatch', () => {
  it('names each metric with its unit once, has its value, and one set of dimensions', () => {
    const { clock, metrics, emf, last } = givenLines();
    metrics.readPage('shard-1', { records: { length: 9 }, bytes: 900, millisBehindLatest: 1_500 });
    emf.print();

    const { _aws: header, StreamName, ...values } = last();
    expect(header).toMatchObject({
      Timestamp: clock.wallMs(),
      CloudWatchMetrics: [{ Namespace: 'SupersimMeter', Dimensions: [['StreamName']] }],
    });
    expect(StreamName).toBe('events');
    const named = header.CloudWatchMetrics[0].Metrics as { Name: string; Unit: string }[];
    expect(named.map(({ Name, Unit }) => [Name, Unit])).toEqual(EMF_METRICS);
    expect(Object.keys(values)).toEqual(EMF_METRICS.map(([name]) => name));
    expect(values).toMatchObject({
      MillisBehindLatest: 1_500,
      AwsUnansweredMillis: 95_000,
      RecordsProcessed: 9,
      CurrentLeases: 2,
      ShardsParked: 1,
      TotalLeases: 12,
      ExpiredLeases: 1,
      FreeLeases: 2,
      NumWorkers: 3,
    });
  });

  it('counts what was added since the line before', () => {
    const { metrics, emf, last } = givenLines();
    metrics.countBatch(tallyOf(2));
    metrics.leaseChanged('lost');
    metrics.missed(0n, 300n);
    emf.print();
    expect(last()).toMatchObject({
      EventsApplied: 7,
      DeadLetters: 2,
      BytesMetered: 1_024,
      LostLeases: 1,
      MissingBytes: 300,
      ConservationBreaches: 1,
    });

    metrics.countBatch(tallyOf(0));
    metrics.missed(300n, 0n);
    emf.print();
    expect(last()).toMatchObject({
      EventsApplied: 7,
      DeadLetters: 0,
      LostLeases: 0,
      MissingBytes: -300,
      ConservationBreaches: -1,
    });
  });

  it('comes once a minute', async () => {
    const { clock, lines, emf } = givenLines();
    for (let s = 0; s < 180; s += 1) {
      await clock.advance(1_000);
      emf.whenDue();
    }

    expect(lines).toHaveLength(3);
  });

  it('has no data point for what is not known: unknown is not zero', () => {
    const { emf, last } = givenLines();
    emf.print();

    expect(last()).not.toHaveProperty('MillisBehindLatest');
    expect(JSON.stringify(last()._aws)).not.toContain('MillisBehindLatest');
  });

  it('is one line, short enough to be written whole, with large numbers too', () => {
    const { metrics, lines, emf } = givenLines();
    const tally = tallyOf(0);
    tally.downloadBytes = 2n ** 52n;
    metrics.countBatch(tally);
    emf.print();

    expect(lines[0]).not.toContain('\n');
    expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThan(LINE_MAX_BYTES);
  });
});

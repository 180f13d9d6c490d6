/** What alarms, when, and what silence means. */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { MeterMetrics } from './meter-metrics.ts';

export interface AlarmSpec {
  /** Also the heading of docs/runbook.md that says what to do. */
  readonly runbook: string;
  /** After the runbook's name, where one heading has two alarms. */
  readonly suffix?: string;
  readonly text: string;
  readonly metric: IMetric;
  /** Alarms when over it; `isBelow`: when under it. */
  readonly threshold: number;
  readonly isBelow?: boolean;
  /** Periods of the metric, all of them. */
  readonly periods: number;
  /** Whether silence is the worst news (`breaching`), or no news (`notBreaching`). */
  readonly missing: 'breaching' | 'notBreaching';
}

const HOUR_MS = 3_600_000;
const minutes = Duration.minutes;

/** Of what should always be 0: any is one too many, and silence is none. */
const trouble = (
  runbook: string,
  text: string,
  metric: IMetric,
  changes: Partial<AlarmSpec> = {},
): AlarmSpec => ({
  runbook,
  text,
  metric,
  threshold: 0,
  periods: 1,
  missing: 'notBreaching',
  ...changes,
});

export const alarmSpecs = (metrics: MeterMetrics, retentionHours: number): readonly AlarmSpec[] => [
  ...lagSpecs(metrics, retentionHours),
  ...fleetSpecs(metrics),
  ...shardSpecs(metrics),
  ...dataSpecs(metrics),
  ...serviceSpecs(metrics),
];

function lagSpecs(metrics: MeterMetrics, retentionHours: number): readonly AlarmSpec[] {
  const age = metrics.iteratorAge(minutes(5));
  const share = (percent: number): number => (retentionHours * HOUR_MS * percent) / 100;
  return [
    {
      runbook: 'falling-behind',
      text: 'The slowest shard has been more than 5 minutes behind for 10, or no worker says how far behind it is.',
      metric: metrics.worker('MillisBehindLatest', Stats.MAXIMUM),
      threshold: 300_000,
      periods: 10,
      missing: 'breaching',
    },
    trouble(
      'data-loss-near',
      'The oldest unread record has used up a quarter of the stream’s retention.',
      age,
      {
        suffix: '-25-percent',
        threshold: share(25),
      },
    ),
    trouble(
      'data-loss-near',
      'The oldest unread record has used up half of the stream’s retention, or nobody has read for half an hour.',
      age,
      { threshold: share(50), periods: 6, missing: 'breaching' },
    ),
  ];
}

function fleetSpecs(metrics: MeterMetrics): readonly AlarmSpec[] {
  const unowned = new MathExpression({
    label: 'leases that nobody renews',
    expression: 'expired + free',
    usingMetrics: {
      expired: metrics.worker('ExpiredLeases', Stats.MAXIMUM),
      free: metrics.worker('FreeLeases', Stats.MAXIMUM),
    },
    period: minutes(1),
  });
  return [
    {
      runbook: 'nobody-reading',
      text: 'For 3 minutes no worker has held a lease, or none has said so.',
      metric: metrics.worker('CurrentLeases', Stats.MAXIMUM),
      threshold: 1,
      isBelow: true,
      periods: 3,
      missing: 'breaching',
    },
    trouble('shard-without-owner', 'For 5 minutes a shard has had no owner that renews its lease.', unowned, {
      periods: 5,
    }),
    trouble(
      'leases-moving',
      'For 30 minutes workers have lost leases again and again: the fleet is not stable.',
      metrics.worker('LostLeases', Stats.SUM, minutes(10)),
      { threshold: 3, periods: 3 },
    ),
  ];
}

const shardSpecs = (metrics: MeterMetrics): readonly AlarmSpec[] => [
  trouble(
    'hash-range-hole',
    'A part of the hash range has no lease: nobody reads what falls into it.',
    metrics.worker('HashRangeHoles', Stats.MAXIMUM),
  ),
  trouble('shard-parked', 'A shard waits for a person.', metrics.worker('ShardsParked', Stats.MAXIMUM)),
  trouble(
    'shard-stuck',
    'A shard has records behind, and nothing of it was stored for 5 minutes.',
    metrics.worker('ShardsStuck', Stats.MAXIMUM),
  ),
  trouble(
    'checkpoint-old',
    'What is processed has not been checkpointed for 10 minutes.',
    metrics.worker('CheckpointAgeMillis', Stats.MAXIMUM),
    { threshold: 600_000, periods: 5 },
  ),
];

function dataSpecs(metrics: MeterMetrics): readonly AlarmSpec[] {
  const quarter = minutes(15);
  const letters = metrics.worker('DeadLetters', Stats.SUM, quarter);
  const percent = new MathExpression({
    label: 'dead letters in percent of events',
    expression: '100 * letters / (letters + FILL(applied, 0) + FILL(duplicate, 0))',
    usingMetrics: {
      letters,
      applied: metrics.worker('EventsApplied', Stats.SUM, quarter),
      duplicate: metrics.worker('EventsDuplicate', Stats.SUM, quarter),
    },
    period: quarter,
  });
  return [
    trouble('dead-letters', 'A record could not be decoded or stored in the last 15 minutes.', letters),
    trouble('many-dead-letters', 'More than 1 % of the last 15 minutes’ events are dead letters.', percent, {
      threshold: 1,
    }),
    trouble(
      'records-lost',
      'A checkpoint was older than the retention: records were lost unread.',
      metrics.worker('Gaps', Stats.SUM, minutes(5)),
    ),
    trouble(
      'bytes-missing',
      'In 6 hours more bytes went missing in sessions than were made up.',
      metrics.worker('MissingBytes', Stats.SUM, minutes(360)),
      { threshold: 1_000 },
    ),
  ];
}

function serviceSpecs(metrics: MeterMetrics): readonly AlarmSpec[] {
  const throttled = (of: 'reads' | 'writes'): AlarmSpec =>
    trouble(
      'throttled',
      `For 15 minutes ${of === 'reads' ? 'Kinesis or DynamoDB' : 'DynamoDB'} has refused ${of}.`,
      metrics.throttles(of, minutes(5)),
      { suffix: `-${of}`, periods: 3 },
    );
  return [
    trouble(
      'aws-failing',
      'For 5 minutes Kinesis, DynamoDB or the lease table has not answered for more than a minute.',
      metrics.worker('AwsUnansweredMillis', Stats.MAXIMUM),
      { threshold: 60_000, periods: 5 },
    ),
    throttled('reads'),
    throttled('writes'),
    {
      runbook: 'stream-quiet',
      text: 'For 30 minutes no record came into the stream: the vendor’s sink may be broken, and gives up after 4 hours.',
      metric: metrics.stream('IncomingRecords', Stats.SUM, minutes(5)),
      threshold: 1,
      isBelow: true,
      periods: 6,
      missing: 'breaching',
    },
  ];
}

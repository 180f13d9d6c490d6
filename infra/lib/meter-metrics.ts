/** The metrics that alarms, scaling and dashboard read: the worker's own, which it writes into its log as embedded
 *  metrics (docs/metrics.md), and AWS's. */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** Names of the worker's metrics; a test holds them against what it writes. */
export const WORKER_METRICS = [
  'MillisBehindLatest',
  'CheckpointAgeMillis',
  'AwsUnansweredMillis',
  'RecordsProcessed',
  'EventsApplied',
  'EventsDuplicate',
  'DeadLetters',
  'MissingBytes',
  'Gaps',
  'LostLeases',
  'CurrentLeases',
  'ShardsParked',
  'ShardsStuck',
  'TotalLeases',
  'ExpiredLeases',
  'FreeLeases',
  'NumWorkers',
  'HashRangeHoles',
] as const;
export type WorkerMetric = (typeof WORKER_METRICS)[number];

export interface MetricSource {
  /** Of the worker's own metrics. */
  readonly namespace: string;
  readonly streamName: string;
  readonly tableNames: readonly string[];
  /** The fan-out consumer, where shards are not polled. */
  readonly consumerName: string | undefined;
}

const MINUTE = Duration.minutes(1);

export class MeterMetrics {
  private readonly source: MetricSource;

  constructor(source: MetricSource) {
    this.source = source;
  }

  worker(metricName: WorkerMetric, statistic: string, period = MINUTE): Metric {
    return new Metric({
      namespace: this.source.namespace,
      metricName,
      dimensionsMap: { StreamName: this.source.streamName },
      statistic,
      period,
    });
  }

  stream(metricName: string, statistic: string, period = MINUTE): Metric {
    return new Metric({
      namespace: 'AWS/Kinesis',
      metricName,
      dimensionsMap: { StreamName: this.source.streamName },
      statistic,
      period,
    });
  }

  /** How old the oldest record is that was read last, as Kinesis sees it: also true when the worker's own numbers are
   *  wrong. Unit: ms. */
  iteratorAge(period = MINUTE): Metric {
    const { streamName, consumerName } = this.source;
    if (consumerName === undefined)
      return this.stream('GetRecords.IteratorAgeMilliseconds', Stats.MAXIMUM, period);
    return new Metric({
      namespace: 'AWS/Kinesis',
      metricName: 'SubscribeToShardEvent.MillisBehindLatest',
      dimensionsMap: { StreamName: streamName, ConsumerName: consumerName },
      statistic: Stats.MAXIMUM,
      period,
    });
  }

  /** Calls that Kinesis or DynamoDB refused because there were too many. Reads and writes apart: an alarm may look at
   *  ten metrics. */
  throttles(of: 'reads' | 'writes', period: Duration): IMetric {
    const usingMetrics: Record<string, IMetric> =
      of === 'reads' ? { kinesis: this.stream('ReadProvisionedThroughputExceeded', Stats.SUM, period) } : {};
    for (const [at, TableName] of this.source.tableNames.entries())
      usingMetrics[`${of}${at}`] = new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: of === 'reads' ? 'ReadThrottleEvents' : 'WriteThrottleEvents',
        dimensionsMap: { TableName },
        statistic: Stats.SUM,
        period,
      });
    // AWS publishes these only when there is something to say: silence is no throttle.
    const terms = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
    return new MathExpression({
      label: `refused ${of}`,
      expression: terms.join(' + '),
      usingMetrics,
      period,
    });
  }
}

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { MeterMetrics } from './meter-metrics.ts';

export interface MeterAlarmsProps {
  readonly name: string;
  readonly metrics: MeterMetrics;
  readonly retentionHours: number;
  readonly topic: ITopic;
}

interface AlarmSpec {
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

const ROLLBACK: ReadonlySet<string> = new Set(['many-dead-letters', 'shard-parked']);
const HOUR_MS = 3_600_000;
const minutes = Duration.minutes;

/** Each alarm says what is wrong and where to read what to do. Silence of what must always speak alarms: a fleet that
 *  is gone reports nothing. */
export class MeterAlarms extends Construct {
  readonly alarms: readonly Alarm[];
  /** Those that call a deployment off. Not the lag: a worker that begins with a week's records is behind, and silence
   *  before the first deployment would call that one off. */
  readonly rollbackAlarms: readonly Alarm[];
  private readonly props: MeterAlarmsProps;

  constructor(scope: Construct, id: string, props: MeterAlarmsProps) {
    super(scope, id);
    this.props = props;
    this.alarms = [...this.lag(), ...this.fleet(), ...this.data(), ...this.services()].map((spec) =>
      this.makeAlarm(spec),
    );
    this.rollbackAlarms = this.alarms.filter(({ node }) => ROLLBACK.has(node.id));
  }

  private makeAlarm(spec: AlarmSpec): Alarm {
    const name = `${spec.runbook}${spec.suffix ?? ''}`;
    const alarm = new Alarm(this, name, {
      alarmName: `${this.props.name}-${name}`,
      alarmDescription: `${spec.text} What to do: docs/runbook.md#${spec.runbook}`,
      metric: spec.metric,
      threshold: spec.threshold,
      comparisonOperator: spec.isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: spec.periods,
      treatMissingData:
        spec.missing === 'breaching' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.props.topic));
    alarm.addOkAction(new SnsAction(this.props.topic));
    return alarm;
  }

  private lag(): readonly AlarmSpec[] {
    const { metrics, retentionHours } = this.props;
    const age = metrics.iteratorAge(minutes(5));
    const share = (percent: number) => (retentionHours * HOUR_MS * percent) / 100;
    return [
      {
        runbook: 'falling-behind',
        text: 'The slowest shard has been more than 5 minutes behind for 10, or no worker says how far behind it is.',
        metric: metrics.worker('MillisBehindLatest', Stats.MAXIMUM),
        threshold: 300_000,
        periods: 10,
        missing: 'breaching',
      },
      {
        runbook: 'data-loss-near',
        suffix: '-25-percent',
        text: 'The oldest unread record has used up a quarter of the stream’s retention.',
        metric: age,
        threshold: share(25),
        periods: 1,
        missing: 'notBreaching',
      },
      {
        runbook: 'data-loss-near',
        text: 'The oldest unread record has used up half of the stream’s retention, or nobody has read for half an hour.',
        metric: age,
        threshold: share(50),
        periods: 6,
        missing: 'breaching',
      },
    ];
  }

  private fleet(): readonly AlarmSpec[] {
    const { metrics } = this.props;
    const trouble = (runbook: string, text: string, metric: IMetric, periods: number): AlarmSpec => ({
      runbook,
      text,
      metric,
      threshold: 0,
      periods,
      missing: 'notBreaching',
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
      trouble(
        'shard-without-owner',
        'For 5 minutes a shard has had no owner that renews its lease.',
        metrics.worker('ExpiredLeases', Stats.MAXIMUM),
        5,
      ),
      trouble(
        'hash-range-hole',
        'A part of the hash range has no lease: nobody reads what falls into it.',
        metrics.worker('HashRangeHoles', Stats.MAXIMUM),
        3,
      ),
      trouble(
        'shard-parked',
        'A shard waits for a person.',
        metrics.worker('ShardsParked', Stats.MAXIMUM),
        1,
      ),
      trouble(
        'shard-stuck',
        'A shard has records behind, and nothing of it was stored for 5 minutes.',
        metrics.worker('ShardsStuck', Stats.MAXIMUM),
        1,
      ),
      {
        ...trouble(
          'checkpoint-old',
          'What is processed has not been checkpointed for 10 minutes.',
          metrics.worker('CheckpointAgeMillis', Stats.MAXIMUM),
          3,
        ),
        threshold: 600_000,
      },
    ];
  }

  private data(): readonly AlarmSpec[] {
    const { metrics } = this.props;
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
    const spec = (runbook: string, text: string, metric: IMetric, threshold = 0): AlarmSpec => ({
      runbook,
      text,
      metric,
      threshold,
      periods: 1,
      missing: 'notBreaching',
    });
    return [
      spec('dead-letters', 'A record could not be decoded or stored in the last 15 minutes.', letters),
      spec('many-dead-letters', 'More than 1 % of the last 15 minutes’ events are dead letters.', percent, 1),
      spec(
        'records-lost',
        'A checkpoint was older than the retention: records were lost unread.',
        metrics.worker('Gaps', Stats.SUM, minutes(5)),
      ),
      spec(
        'bytes-missing',
        'For 6 hours more bytes went missing in sessions than were made up.',
        metrics.worker('ConservationBreaches', Stats.SUM, minutes(360)),
      ),
    ];
  }

  private services(): readonly AlarmSpec[] {
    const { metrics } = this.props;
    const throttled = (of: 'reads' | 'writes'): AlarmSpec => ({
      runbook: 'throttled',
      suffix: `-${of}`,
      text: `For 15 minutes ${of === 'reads' ? 'Kinesis or DynamoDB' : 'DynamoDB'} has refused ${of}.`,
      metric: metrics.throttles(of, minutes(5)),
      threshold: 0,
      periods: 3,
      missing: 'notBreaching',
    });
    return [
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
      {
        runbook: 'leases-moving',
        text: 'For 30 minutes workers have lost leases again and again: the fleet is not stable.',
        metric: metrics.worker('LostLeases', Stats.SUM, minutes(10)),
        threshold: 3,
        periods: 3,
        missing: 'notBreaching',
      },
    ];
  }
}

import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmSpec, alarmSpecs } from './alarm-specs.ts';
import type { MeterMetrics } from './meter-metrics.ts';

export interface MeterAlarmsProps {
  /** Before each alarm's name. */
  readonly name: string;
  readonly metrics: MeterMetrics;
  readonly retentionHours: number;
  readonly topic: ITopic;
}

const ROLLBACK: ReadonlySet<string> = new Set(['many-dead-letters', 'shard-parked']);

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
    this.alarms = alarmSpecs(props.metrics, props.retentionHours).map((spec) => this.makeAlarm(spec));
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
}

import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import type { MeterMetrics } from './meter-metrics.ts';

export interface MeterDashboardProps {
  readonly name: string;
  readonly metrics: MeterMetrics;
  readonly service: FargateService;
  readonly alarms: readonly Alarm[];
}

const HALF = 12;

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left: [...left], right: [...right], width: HALF, leftYAxis: { min: 0 } });

/** One page in the order of an operator's questions: is anything wrong, is it behind, is it counting, who works, is it
 *  held back. */
export class MeterDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, metrics, service, alarms }: MeterDashboardProps) {
    super(scope, id);
    const sum = (...names: Parameters<MeterMetrics['worker']>[0][]): IMetric[] =>
      names.map((metricName) => metrics.worker(metricName, Stats.SUM));
    const max = (...names: Parameters<MeterMetrics['worker']>[0][]): IMetric[] =>
      names.map((metricName) => metrics.worker(metricName, Stats.MAXIMUM));
    const minute = Duration.minutes(1);
    new Dashboard(this, 'Dashboard', {
      dashboardName: name,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 2 * HALF, height: 4 })],
        [
          graph('Behind (ms)', [...max('MillisBehindLatest', 'CheckpointAgeMillis'), metrics.iteratorAge()]),
          graph('Events a minute', sum('EventsApplied', 'EventsDuplicate', 'DeadLetters', 'Gaps')),
        ],
        [
          graph('Into and out of the stream, records a minute', [
            metrics.stream('IncomingRecords', Stats.SUM),
            ...sum('RecordsProcessed'),
          ]),
          graph('Leases', max('TotalLeases', 'ExpiredLeases', 'NumWorkers'), sum('LostLeases')),
        ],
        [
          graph('Workers: CPU and memory (%)', [
            service.metricCpuUtilization({ period: minute }),
            service.metricMemoryUtilization({ period: minute }),
          ]),
          graph('Refused calls a minute', [
            metrics.throttles('reads', minute),
            metrics.throttles('writes', minute),
          ]),
        ],
      ],
    });
  }
}

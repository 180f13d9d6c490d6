import { Duration, Stack } from 'aws-cdk-lib';
import {
  AdjustmentType,
  CfnScalingPolicy,
  ScalableTarget,
  ServiceNamespace,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import {
  type CfnAlarm,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { MeterMetrics } from './meter-metrics.ts';

export interface MeterScalingProps {
  readonly service: FargateService;
  readonly metrics: MeterMetrics;
  readonly workersMin: number;
  /** A fuse; the number of open shards bounds it anyway. */
  readonly workersMax: number;
}

/** A lag that a worker more would cure: longer than a rolling deployment or a lost worker causes. Unit: ms. */
const LAG_MS = 300_000;
const LONG_LAG_MS = 1_800_000;
const CPU_TARGET_PERCENT = 60;
const MINUTE = Duration.minutes(1);

/** More workers when the slowest shard is behind or they are busy, fewer when they are idle, never more than there are
 *  open shards: a worker more than that reads nothing. On-demand streams change their shards by themselves, so the
 *  bound is in the metric: with a worker for each shard the lag counts as none, and the CPU as never over its target. */
export class MeterScaling extends Construct {
  private readonly props: MeterScalingProps;

  constructor(scope: Construct, id: string, props: MeterScalingProps) {
    super(scope, id);
    this.props = props;
    const { service } = props;
    // Not the service's own `autoScaleTaskCount`: it hides its target, which the CPU's policy needs.
    const target = new ScalableTarget(this, 'Target', {
      serviceNamespace: ServiceNamespace.ECS,
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
      minCapacity: props.workersMin,
      maxCapacity: props.workersMax,
      role: Role.fromRoleArn(this, 'Role', this.serviceLinkedRole()),
    });
    const byLag = target.scaleOnMetric('Lag', {
      metric: this.lag(),
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      // Only up: when to go down, the CPU says. Two that pull in different directions would swing.
      scalingSteps: [
        { lower: 0, upper: LAG_MS, change: 0 },
        { lower: LAG_MS, upper: LONG_LAG_MS, change: 1 },
        { lower: LONG_LAG_MS, change: 2 },
      ],
      evaluationPeriods: 3,
      cooldown: Duration.minutes(5),
    });
    // Silence has an alarm of its own; more workers would not cure it.
    (byLag.upperAlarm?.node.defaultChild as CfnAlarm).treatMissingData = TreatMissingData.NOT_BREACHING;
    this.followCpu(target);
  }

  /** Application Auto Scaling makes it at the first use. */
  private serviceLinkedRole(): string {
    return Stack.of(this).formatArn({
      service: 'iam',
      region: '',
      resource: 'role/aws-service-role/ecs.application-autoscaling.amazonaws.com',
      resourceName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
    });
  }

  private get bounds(): Record<string, IMetric> {
    const { metrics, service } = this.props;
    return {
      shards: metrics.worker('TotalLeases', Stats.MAXIMUM),
      workers: new Metric({
        namespace: 'ECS/ContainerInsights',
        metricName: 'RunningTaskCount',
        dimensionsMap: { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName },
        statistic: Stats.AVERAGE,
        period: MINUTE,
      }),
    };
  }

  private lag(): MathExpression {
    return new MathExpression({
      label: 'lag that another worker could cure',
      expression: 'IF(workers < shards, lag, 0)',
      usingMetrics: {
        ...this.bounds,
        lag: this.props.metrics.worker('MillisBehindLatest', Stats.MAXIMUM),
      },
      period: MINUTE,
    });
  }

  /** CDK's own target tracking takes no expression. */
  private followCpu(target: ScalableTarget): void {
    const { service } = this.props;
    const cpu = service.metricCpuUtilization({ statistic: Stats.AVERAGE, period: MINUTE });
    const metrics = Object.entries({ ...this.bounds, cpu }).map(([id, metric]) => dataQuery(id, metric));
    new CfnScalingPolicy(this, 'Cpu', {
      policyName: 'cpu',
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.scalableTargetId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue: CPU_TARGET_PERCENT,
        scaleInCooldown: 600,
        scaleOutCooldown: 120,
        customizedMetricSpecification: {
          metrics: [
            ...metrics,
            {
              id: 'bounded',
              expression: `IF(workers < shards, cpu, MIN([cpu, ${CPU_TARGET_PERCENT}]))`,
              label: 'CPU that another worker could share',
              returnData: true,
            },
          ],
        },
      },
    });
  }
}

function dataQuery(id: string, metric: IMetric): CfnScalingPolicy.TargetTrackingMetricDataQueryProperty {
  const { metricStat } = metric.toMetricConfig();
  if (!metricStat) throw new Error(`${id} is no metric of one source`);
  const { namespace, metricName, dimensions = [], statistic } = metricStat;
  return {
    id,
    returnData: false,
    metricStat: {
      stat: statistic,
      metric: {
        namespace,
        metricName,
        dimensions: dimensions.map(({ name, value }) => ({ name, value: String(value) })),
      },
    },
  };
}

import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import type { Alarm, CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import {
  AlarmBehavior,
  AwsLogDriverMode,
  Capability,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargatePlatformVersion,
  FargateService,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  PropagatedTagSource,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface TaskSize {
  /** Default 512: a worker uses one core at most. Unit: 1/1024 vCPU. */
  readonly cpu?: number;
  /** Default 1024. Unit: MiB. */
  readonly memoryMiB?: number;
}

export interface MeterServiceProps extends TaskSize {
  readonly name: string;
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: ISecurityGroup;
  readonly image: { readonly repository: IRepository; readonly digest: string };
  readonly taskRole: IRole;
  readonly environment: Readonly<Record<string, string>>;
  /** Alarms that call a deployment off. */
  readonly rollbackAlarms: readonly Alarm[];
  readonly logRetention?: RetentionDays;
}

/** As in the image: distroless's `nonroot`. */
const USER = '65532:65532';
/** ECS's most for Fargate. The worker's own grace is shorter. */
export const STOP_TIMEOUT_SECONDS = 120;
/** Of the container's memory; the rest is Node's own, buffers and the session cache (docs/performance.md). */
const HEAP_SHARE = 0.6;
const OPEN_FILES_MAX = 16_384;
/** Lines that wait while CloudWatch Logs is away; then they are dropped, and the worker goes on. */
const LOG_BUFFER = Size.mebibytes(16);

/** The workers: a service without a door. Nothing connects to them. */
export class MeterService extends Construct {
  readonly service: FargateService;
  readonly cluster: Cluster;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: MeterServiceProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/supersim-meter/${props.name}`,
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: props.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    this.service = new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition(props),
      assignPublicIp: false,
      vpcSubnets: { subnets: [...props.subnets] },
      securityGroups: [props.securityGroup],
      platformVersion: FargatePlatformVersion.VERSION1_4,
      // No desired count: scaling owns it, and a deployment must not set it back. One at a time is replaced: each
      // replacement moves leases.
      minHealthyPercent: 50,
      maxHealthyPercent: 150,
      circuitBreaker: { enable: true, rollback: true },
      deploymentAlarms: {
        alarmNames: props.rollbackAlarms.map((alarm) =>
          String((alarm.node.defaultChild as CfnAlarm).alarmName),
        ),
        behavior: AlarmBehavior.ROLLBACK_ON_ALARM,
      },
      enableECSManagedTags: true,
      propagateTags: PropagatedTagSource.SERVICE,
    });
  }

  private taskDefinition(props: MeterServiceProps): FargateTaskDefinition {
    const { cpu = 512, memoryMiB = 1024 } = props;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu,
      memoryLimitMiB: memoryMiB,
      taskRole: props.taskRole,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    const { repository, digest } = props.image;
    repository.grantPull(task.obtainExecutionRole());
    const container = task.addContainer('worker', {
      image: ContainerImage.fromRegistry(repository.repositoryUriForDigest(digest)),
      essential: true,
      user: USER,
      readonlyRootFilesystem: true,
      privileged: false,
      linuxParameters: this.linuxParameters(),
      // The heap's limit follows from the memory's: past it Node says so and ends, instead of being killed unheard.
      memoryLimitMiB: memoryMiB,
      environment: {
        NODE_OPTIONS: `--max-semi-space-size=16 --max-old-space-size=${Math.floor(memoryMiB * HEAP_SHARE)}`,
        AWS_REGION: Stack.of(this).region,
        ...props.environment,
      },
      stopTimeout: Duration.seconds(STOP_TIMEOUT_SECONDS),
      healthCheck: {
        command: ['CMD', '/nodejs/bin/node', 'dist/main.js', 'health'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(10),
        retries: 3,
        startPeriod: Duration.seconds(60),
      },
      logging: LogDrivers.awsLogs({
        logGroup: this.logGroup,
        streamPrefix: props.name,
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: LOG_BUFFER,
      }),
    });
    container.addUlimits({ name: UlimitName.NOFILE, softLimit: OPEN_FILES_MAX, hardLimit: OPEN_FILES_MAX });
    return task;
  }

  /** An init process passes signals on and buries orphans; no capability is needed by a program that only calls out. */
  private linuxParameters(): LinuxParameters {
    const parameters = new LinuxParameters(this, 'LinuxParameters', { initProcessEnabled: true });
    parameters.dropCapabilities(Capability.ALL);
    return parameters;
  }
}

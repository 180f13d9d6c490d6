/** All of it as one construct, for an app of your own. `bin/app.ts` is the one that we ship. */
import { CfnOutput } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { type IPrincipal, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { readConfig, type SettingName, variableOf } from '../../src/config.ts';
import { tableDefinitions } from '../../src/store/tables.ts';
import { EventStream, type ExistingStream, type NewStream } from './event-stream.ts';
import { MeterAlarms } from './meter-alarms.ts';
import { MeterDashboard } from './meter-dashboard.ts';
import { MeterMetrics } from './meter-metrics.ts';
import { type ExistingNetwork, MeterNetwork } from './meter-network.ts';
import { MeterRoles } from './meter-roles.ts';
import { MeterScaling } from './meter-scaling.ts';
import { MeterService, STOP_TIMEOUT_SECONDS, type TaskSize } from './meter-service.ts';
import { MeterTables } from './meter-tables.ts';
import { Access } from './places.ts';

/** What the constructs decide themselves. */
type OwnSetting = 'stream' | 'application' | 'tablePrefix' | 'http' | 'emf' | 'shutdownGraceMs' | 'workerId';

export interface SupersimMeterProps {
  /** The worker's application name, and so the lease table's; also names alarms, dashboard and log. */
  readonly application: string;
  readonly tablePrefix: string;
  readonly stream: NewStream | ExistingStream;
  /** Default: a VPC of two isolated subnets with endpoints. */
  readonly network?: ExistingNetwork;
  /** Default: made here. */
  readonly existingTables?: { readonly key?: IKey; readonly deadLetterKey?: IKey };
  readonly image: { readonly repository: IRepository; readonly digest: string };
  readonly vendor: { readonly accountId: string; readonly externalId: string };
  /** The worker's other settings, by their names in src/settings.ts. A wrong one fails the synthesis. */
  readonly settings?: Readonly<Partial<Record<Exclude<SettingName, OwnSetting>, string>>>;
  readonly task?: TaskSize;
  /** Default 2, so that one is there while the other is replaced. */
  readonly workersMin?: number;
  /** Default: the stream's shards, for on-demand streams 16. */
  readonly workersMax?: number;
  readonly operators?: IPrincipal;
  /** Who hears of alarms. Default: a topic made here, to subscribe to. */
  readonly alarmTopic?: ITopic;
  readonly logRetention?: RetentionDays;
}

/** Below ECS's timeout by what giving leases back may take, and then some. */
const SHUTDOWN_GRACE_MS = (STOP_TIMEOUT_SECONDS - 15) * 1_000;
const ON_DEMAND_WORKERS_MAX = 16;

export class SupersimMeter extends Construct {
  readonly stream: EventStream;
  readonly tables: MeterTables;
  readonly roles: MeterRoles;
  readonly workers: MeterService;
  readonly alarms: readonly Alarm[];
  readonly alarmTopic: ITopic;
  /** Reads by enhanced fan-out. */
  readonly isFanOut: boolean;

  constructor(scope: Construct, id: string, props: SupersimMeterProps) {
    super(scope, id);
    this.stream = new EventStream(this, 'Stream', props.stream);
    const environment = environmentOf(props, this.stream.streamName);
    const { config } = readConfig(environment);
    if (this.stream.retentionHours >= config.dedupHorizonDays * 24)
      throw new Error(
        `The stream keeps records for ${this.stream.retentionHours} hours, and event ids are remembered for ${config.dedupHorizonDays} days (dedupHorizonDays): a record read again after that would count twice.`,
      );
    const { projections } = config;
    const naming = { tablePrefix: props.tablePrefix, application: props.application, projections };
    this.tables = new MeterTables(this, 'Tables', {
      ...naming,
      ...(props.existingTables ? { existing: props.existingTables } : {}),
    });
    this.isFanOut = config.fanOutConsumer !== '';
    this.roles = this.makeRoles(props);
    const metrics = new MeterMetrics({
      namespace: config.emfNamespace,
      streamName: this.stream.streamName,
      tableNames: tableDefinitions(naming).map(({ name }) => name),
      consumerName: config.fanOutConsumer || undefined,
    });
    this.alarmTopic = props.alarmTopic ?? this.makeTopic();
    const alarms = new MeterAlarms(this, 'Alarms', {
      name: props.application,
      metrics,
      retentionHours: this.stream.retentionHours,
      topic: this.alarmTopic,
    });
    this.alarms = alarms.alarms;
    this.workers = this.makeWorkers(props, environment, alarms.rollbackAlarms);
    const { service } = this.workers;
    service.node.addDependency(this.stream, this.tables, this.roles.worker, ...alarms.rollbackAlarms);
    new MeterScaling(this, 'Scaling', { service, metrics, ...workerBounds(props, this.stream) });
    new MeterDashboard(this, 'Dashboard', { name: props.application, metrics, service, alarms: this.alarms });
    this.addOutputs();
  }

  private makeRoles(props: SupersimMeterProps): MeterRoles {
    const { stream, tables } = this;
    const keys = { stream: stream.key, tables: tables.key, deadLetters: tables.deadLetterKey };
    const access = new Access(this, { streamName: stream.streamName, tables: tables.names, keys });
    const { vendor, operators } = props;
    return new MeterRoles(this, 'Roles', {
      access,
      isFanOut: this.isFanOut,
      vendor,
      ...(operators ? { operators } : {}),
    });
  }

  /** With a key of its own: CloudWatch may not use AWS's key of SNS. */
  private makeTopic(): Topic {
    const key = new Key(this, 'TopicKey', {
      description: 'Encrypts alarms on their way',
      enableKeyRotation: true,
    });
    key.grantEncryptDecrypt(new ServicePrincipal('cloudwatch.amazonaws.com'));
    return new Topic(this, 'Topic', { masterKey: key, enforceSSL: true });
  }

  private makeWorkers(
    props: SupersimMeterProps,
    environment: Readonly<Record<string, string>>,
    rollbackAlarms: readonly Alarm[],
  ): MeterService {
    const network = new MeterNetwork(this, 'Network', props.network);
    return new MeterService(this, 'Workers', {
      name: props.application,
      vpc: network.vpc,
      subnets: network.subnets,
      securityGroup: network.workers,
      image: props.image,
      taskRole: this.roles.worker,
      environment,
      rollbackAlarms,
      ...props.task,
      ...(props.logRetention === undefined ? {} : { logRetention: props.logRetention }),
    });
  }

  private addOutputs(): void {
    const outputs = {
      StreamArn: [this.stream.arn, 'the sink’s arn'],
      SinkRoleArn: [this.roles.vendorSink.roleArn, 'the sink’s role_arn'],
      EraseRoleArn: [this.roles.erase.roleArn, 'for erase-sim'],
      ReadDeadLettersRoleArn: [this.roles.readDeadLetters.roleArn, 'for dead-letters and show'],
      RepairRoleArn: [this.roles.repair.roleArn, 'for redrive, purge and replay'],
      AlarmTopicArn: [this.alarmTopic.topicArn, 'subscribe to it'],
      LogGroupName: [this.workers.logGroup.logGroupName, 'the workers’ log'],
    } as const;
    for (const [id, [value, description]] of Object.entries(outputs))
      new CfnOutput(this, id, { value, description }).overrideLogicalId(id);
  }
}

function environmentOf(props: SupersimMeterProps, streamName: string): Record<string, string> {
  const settings: Partial<Record<SettingName, string>> = {
    ...props.settings,
    stream: streamName,
    application: props.application,
    tablePrefix: props.tablePrefix,
    http: '127.0.0.1:9464',
    emf: 'true',
    shutdownGraceMs: String(SHUTDOWN_GRACE_MS),
  };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [variableOf(name), value]));
}

function workerBounds({ stream, workersMin = 2, workersMax }: SupersimMeterProps, { shards }: EventStream) {
  const bound = workersMax ?? (stream.shards === undefined ? ON_DEMAND_WORKERS_MAX : shards);
  return { workersMin: Math.min(workersMin, bound), workersMax: bound };
}

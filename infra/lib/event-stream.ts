import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** Outages of a whole region lasted up to 17 h, and somebody must be there to act: a weekend. */
export const RETENTION_HOURS_MIN = 72;
export const RETENTION_HOURS_DEFAULT = 168;
export const RETENTION_HOURS_MAX = 8_760;

export interface NewStream {
  readonly name: string;
  /** Absent: on demand, which starts with 4 shards. One shard takes 1,000 records or 1 MB a second. */
  readonly shards?: number;
  /** Default 168: a week. */
  readonly retentionHours?: number;
}

export interface ExistingStream {
  readonly existingName: string;
  readonly shards?: number;
  /** As it is set, for the alarms. */
  readonly retentionHours: number;
  /** Its customer-managed key, if it has one. */
  readonly key?: IKey;
}

/** The stream, made or found, and the key that encrypts it. It outlives its stack. */
export class EventStream extends Construct {
  readonly streamName: string;
  readonly retentionHours: number;
  /** On demand: what it starts with. */
  readonly shards: number;
  readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, props: NewStream | ExistingStream) {
    super(scope, id);
    this.retentionHours = props.retentionHours ?? RETENTION_HOURS_DEFAULT;
    if (this.retentionHours < RETENTION_HOURS_MIN || this.retentionHours > RETENTION_HOURS_MAX)
      throw new Error(
        `The stream's retention must be ${RETENTION_HOURS_MIN} to ${RETENTION_HOURS_MAX} hours, not ${this.retentionHours}: what is not read within it is lost.`,
      );
    this.shards = props.shards ?? 4;
    if ('existingName' in props) {
      this.streamName = props.existingName;
      this.key = props.key;
      return;
    }
    this.streamName = props.name;
    this.key = new Key(this, 'Key', {
      description: `Encrypts stream ${props.name}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new Stream(this, 'Stream', {
      streamName: props.name,
      ...(props.shards === undefined
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: props.shards }),
      retentionPeriod: Duration.hours(this.retentionHours),
      encryption: StreamEncryption.KMS,
      encryptionKey: this.key,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  get arn(): string {
    return Stack.of(this).formatArn({
      service: 'kinesis',
      resource: 'stream',
      resourceName: this.streamName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }
}

/** What differs from place to place, from CDK's context: `-c name=value`, or cdk.json. */
import { Fn } from 'aws-cdk-lib';
import { Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { type ExistingStream, type NewStream, RETENTION_HOURS_DEFAULT } from './event-stream.ts';
import type { ExistingNetwork } from './meter-network.ts';
import type { SupersimMeterProps } from './supersim-meter.ts';

/** Every context value that the app knows; docs/terraform.md has their table. */
export const CONTEXT_NAMES = [
  'application',
  'tablePrefix',
  'streamName',
  'shards',
  'retentionHours',
  'existingStream',
  'streamKeyArn',
  'existingTables',
  'tableKeyArn',
  'deadLetterKeyArn',
  'vpcId',
  'subnetIds',
  'cpu',
  'memoryMiB',
  'workersMin',
  'workersMax',
  'settings',
] as const;
export type MeterContext = Readonly<Partial<Record<(typeof CONTEXT_NAMES)[number], string>>>;

export const contextOf = ({ node }: Construct): MeterContext =>
  Object.fromEntries(
    CONTEXT_NAMES.flatMap((name) => {
      const value: unknown = node.tryGetContext(name);
      return value === undefined ? [] : [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
    }),
  );

/** The construct's props. Nothing is looked up in an account. */
export function meterPropsOf(
  scope: Construct,
  context: MeterContext,
): Omit<SupersimMeterProps, 'image' | 'vendor'> {
  const network = networkOf(scope, context);
  const workersMin = wholeNumber(context, 'workersMin');
  const workersMax = wholeNumber(context, 'workersMax');
  const cpu = wholeNumber(context, 'cpu');
  const memoryMiB = wholeNumber(context, 'memoryMiB');
  return {
    application: context.application ?? 'supersim-meter',
    tablePrefix: context.tablePrefix ?? 'supersim-meter',
    stream: streamOf(scope, context),
    ...(context.existingTables === 'true' ? { existingTables: tableKeysOf(scope, context) } : {}),
    ...(network ? { network } : {}),
    task: { ...(cpu ? { cpu } : {}), ...(memoryMiB ? { memoryMiB } : {}) },
    ...(workersMin ? { workersMin } : {}),
    ...(workersMax ? { workersMax } : {}),
    ...(context.settings ? { settings: JSON.parse(context.settings) as Record<string, string> } : {}),
  };
}

function wholeNumber(context: MeterContext, name: keyof MeterContext): number | undefined {
  const text = context[name];
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Error(`-c ${name}=${text} must be a whole number`);
}

function keyOf(scope: Construct, context: MeterContext, name: keyof MeterContext): IKey | undefined {
  const arn = context[name];
  return arn === undefined ? undefined : Key.fromKeyArn(scope, name, arn);
}

function streamOf(scope: Construct, context: MeterContext): NewStream | ExistingStream {
  const name = context.streamName ?? 'supersim-events';
  const shards = wholeNumber(context, 'shards');
  const retentionHours = wholeNumber(context, 'retentionHours') ?? RETENTION_HOURS_DEFAULT;
  const size = { ...(shards ? { shards } : {}), retentionHours };
  if (context.existingStream !== 'true') return { name, ...size };
  const key = keyOf(scope, context, 'streamKeyArn');
  return { existingName: name, ...size, ...(key ? { key } : {}) };
}

function tableKeysOf(scope: Construct, context: MeterContext): { key?: IKey; deadLetterKey?: IKey } {
  const key = keyOf(scope, context, 'tableKeyArn');
  const deadLetterKey = keyOf(scope, context, 'deadLetterKeyArn');
  return { ...(key ? { key } : {}), ...(deadLetterKey ? { deadLetterKey } : {}) };
}

function networkOf(scope: Construct, { vpcId, subnetIds }: MeterContext): ExistingNetwork | undefined {
  if (vpcId === undefined) return undefined;
  const ids = subnetIds?.split(',') ?? [];
  if (ids.length === 0) throw new Error('-c vpcId needs -c subnetIds=subnet-a,subnet-b');
  const vpc = Vpc.fromVpcAttributes(scope, 'ExistingVpc', { vpcId, availabilityZones: Fn.getAzs() });
  return { vpc, subnets: ids.map((id) => Subnet.fromSubnetId(scope, id, id)) };
}

/** What the template promises, one by one; `template.json` is the whole of it, for review. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { readConfig } from '../../src/config.ts';
import { createTableInput, tableDefinitions } from '../../src/store/tables.ts';
import { buildApp } from '../lib/build-app.ts';
import { type Json, type ReadTemplate, synthesized } from './template.ts';

const VPC = 'vpc-0123456789abcdef0';
const SUBNETS = ['subnet-0123456789abcdef1', 'subnet-0123456789abcdef2'];
const NAMING = { tablePrefix: 'supersim-meter', application: 'supersim-meter' };

let template: ReadTemplate;
beforeAll(() => {
  template = synthesized();
});

describe('the app', () => {
  it('synthesizes exactly the template that was reviewed', () => {
    const reviewed = JSON.parse(readFileSync(join(import.meta.dirname, '../template.json'), 'utf8'));

    // After a wanted change: npm run template, and look at its diff.
    expect(template.json).toEqual(reviewed);
  });

  it('leaves cdk-nag and CloudFormation’s own rules nothing to find', () => {
    const { directory } = buildApp({}).app.synth();

    const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8'));

    expect(report.pluginReports.map(({ pluginName }: Json) => pluginName)).toContain('AwsSolutions');
    for (const { violations } of report.pluginReports) expect(violations).toEqual([]);
  });

  it('does not synthesize with a bucket that anybody can read over HTTP', () => {
    const { app, meter } = buildApp({});
    new Bucket(meter, 'Bucket');

    expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
  });

  it('has no code of its own beside the worker, and nothing that must be uploaded', () => {
    expect(template.resources.filter(({ Type }) => /^Custom::|Lambda|CustomResource/.test(Type))).toEqual([]);
    expect(JSON.stringify(template.json)).not.toMatch(/cdk-hnb659fds|BootstrapVersion/);
  });
});

describe('the tables', () => {
  it('have the shape that the worker checks at its start', () => {
    const tables = template.ofType('AWS::DynamoDB::Table');
    const sorted = (attributes: unknown): unknown =>
      [...(attributes as { AttributeName: string }[])].sort((a, b) =>
        a.AttributeName.localeCompare(b.AttributeName),
      );

    const definitions = tableDefinitions(NAMING);
    expect(tables).toHaveLength(definitions.length);
    for (const definition of definitions) {
      const wanted = createTableInput(definition);
      const table = tables.find(({ Properties }) => Properties['TableName'] === definition.name);
      expect(table?.Properties).toMatchObject({
        KeySchema: wanted.KeySchema,
        BillingMode: 'PAY_PER_REQUEST',
        ...(wanted.GlobalSecondaryIndexes ? { GlobalSecondaryIndexes: wanted.GlobalSecondaryIndexes } : {}),
        ...(definition.ttlAttribute
          ? { TimeToLiveSpecification: { AttributeName: definition.ttlAttribute, Enabled: true } }
          : {}),
      });
      expect(sorted(table?.Properties['AttributeDefinitions'])).toEqual(sorted(wanted.AttributeDefinitions));
      if (!definition.ttlAttribute) expect(table?.Properties).not.toHaveProperty('TimeToLiveSpecification');
    }
  });

  it('are encrypted, can be restored to any second, and outlive their stack', () => {
    for (const { Properties, DeletionPolicy } of template.ofType('AWS::DynamoDB::Table')) {
      expect(Properties).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: expect.anything() },
      });
      expect(DeletionPolicy).toBe('Retain');
    }
  });

  it('keep whole records under a key of their own', () => {
    const keyOf = (name: string): unknown => {
      const table = template
        .ofType('AWS::DynamoDB::Table')
        .find(({ Properties }) => Properties['TableName'] === name);
      return (table?.Properties['SSESpecification'] as Json | undefined)?.['KMSMasterKeyId'];
    };

    expect(keyOf('supersim-meter-dead-letters')).not.toEqual(keyOf('supersim-meter-sessions'));
    expect(keyOf('supersim-meter-sims')).toEqual(keyOf('supersim-meter-sessions'));
  });
});

describe('the stream', () => {
  it('is on demand, kept for a week, encrypted, and outlives its stack', () => {
    expect(template.only('AWS::Kinesis::Stream')).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        Name: 'supersim-events',
        RetentionPeriodHours: 168,
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        StreamEncryption: { EncryptionType: 'KMS' },
      },
    });
  });

  it('has shards when told so, and never less than 72 hours', () => {
    expect(
      synthesized({ shards: '2', retentionHours: '72' }).only('AWS::Kinesis::Stream').Properties,
    ).toMatchObject({
      ShardCount: 2,
      RetentionPeriodHours: 72,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    });
    expect(() => synthesized({ retentionHours: '24' })).toThrow('72 to 8760 hours');
    expect(() => synthesized({ retentionHours: '800' })).toThrow('would count twice');
  });
});

describe('the workers', () => {
  const container = (): Json =>
    (template.only('AWS::ECS::TaskDefinition').Properties['ContainerDefinitions'] as Json[])[0] ?? {};

  it('run on ARM as nobody, on a file system that can only be read, without capabilities', () => {
    expect(template.only('AWS::ECS::TaskDefinition').Properties).toMatchObject({
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
      NetworkMode: 'awsvpc',
    });
    expect(container()).toMatchObject({
      User: '65532:65532',
      Privileged: false,
      ReadonlyRootFilesystem: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: true },
    });
  });

  it('have settings that the worker accepts, and a grace shorter than ECS’s patience', () => {
    const variables = container()['Environment'] as readonly { Name: string; Value: string }[];
    const environment = Object.fromEntries(variables.map(({ Name, Value }) => [Name, Value]));

    const { config } = readConfig(environment);

    expect(config).toMatchObject({ stream: 'supersim-events', http: '127.0.0.1:9464' });
    expect(config.shutdownGraceMs).toBeLessThan((Number(container()['StopTimeout']) - 5) * 1_000);
    expect(container()['StopTimeout']).toBe(120);
    expect(environment['NODE_OPTIONS']).toContain('--max-old-space-size=614');
    expect(JSON.stringify(variables)).not.toMatch(/secret|password|token/i);
  });

  it('are looked after by the image’s own command, not by a shell that it lacks', () => {
    const [kind, ...command] = (container()['HealthCheck'] as Json)['Command'] as string[];
    const dockerfile = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8');

    expect(kind).toBe('CMD');
    expect(dockerfile).toContain(`CMD ${JSON.stringify(command).replaceAll(',', ', ')}`);
  });

  it('are named by digest, have no address, and go back by themselves when a deployment fails', () => {
    expect(JSON.stringify(container()['Image'])).toContain('"@",{"Ref":"ImageDigest"}');
    expect(template.only('AWS::ECS::Service').Properties).toMatchObject({
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        Alarms: {
          Enable: true,
          Rollback: true,
          AlarmNames: ['supersim-meter-shard-parked', 'supersim-meter-many-dead-letters'],
        },
      },
    });
    expect(template.only('AWS::ECS::Service').Properties).not.toHaveProperty('DesiredCount');
  });

  it('are told their settings by -c settings, and wrong ones fail the synthesis', () => {
    const settings = JSON.stringify({ fanOutConsumer: 'meter', logLevel: 'warn' });
    const made = synthesized({ settings }).only('AWS::ECS::TaskDefinition').Properties;

    expect(JSON.stringify(made)).toContain('{"Name":"SUPERSIM_FAN_OUT_CONSUMER","Value":"meter"}');
    expect(() => synthesized({ settings: '{"logLevel":"loud"}' })).toThrow('SUPERSIM_LOG_LEVEL="loud"');
    expect(() => synthesized({ settings: '{"nonsense":"1"}' })).toThrow('SUPERSIM_NONSENSE is not a setting');
  });

  it('log without holding the worker up, and logs are not kept for ever', () => {
    expect(container()['LogConfiguration']).toMatchObject({
      LogDriver: 'awslogs',
      Options: { mode: 'non-blocking' },
    });
    for (const { Properties } of template.ofType('AWS::Logs::LogGroup'))
      expect(Properties['RetentionInDays']).toBe(30);
  });
});

describe('the network', () => {
  it('has no way to or from the internet', () => {
    for (const type of ['InternetGateway', 'NatGateway', 'EIP', 'Route'])
      expect(template.ofType(`AWS::EC2::${type}`)).toEqual([]);
    const services = template
      .ofType('AWS::EC2::VPCEndpoint')
      .map(({ Properties }) =>
        JSON.stringify(Properties['ServiceName']).replace(/.*\.([a-z0-9.-]+)".*/, '$1'),
      );
    expect(services.sort()).toEqual(['api', 'dkr', 'dynamodb', 'kinesis-streams', 'logs', 's3'].sort());
  });

  it('lets only the workers into the endpoints, and nobody into the workers', () => {
    const groups = template.ofType('AWS::EC2::SecurityGroup');
    const rules = template.ofType('AWS::EC2::SecurityGroupIngress');

    for (const { Properties } of groups) expect(Properties).not.toHaveProperty('SecurityGroupIngress');
    expect(rules.map(({ Properties }) => [Properties['FromPort'], Properties['ToPort']])).toEqual([
      [443, 443],
    ]);
    expect(JSON.stringify(rules[0]?.Properties['GroupId'])).toContain('NetworkEndpoints');
    expect(JSON.stringify(rules[0]?.Properties['SourceSecurityGroupId'])).toContain('NetworkWorkers');
  });

  it('may be there already', () => {
    const other = synthesized({ vpcId: VPC, subnetIds: SUBNETS.join() });

    expect(other.ofType('AWS::EC2::VPC')).toEqual([]);
    expect(JSON.stringify(other.only('AWS::ECS::Service').Properties)).toContain(
      `"Subnets":${JSON.stringify(SUBNETS)}`,
    );
    expect(() => synthesized({ vpcId: VPC })).toThrow('subnetIds');
  });
});

it('stream and tables may be there already, with keys of theirs', () => {
  const streamKeyArn = 'arn:aws:kms:eu-west-1:111111111111:key/stream';
  const other = synthesized({
    existingStream: 'true',
    streamName: 'ours',
    streamKeyArn,
    existingTables: 'true',
    tablePrefix: 'metering',
  });

  expect(other.ofType('AWS::Kinesis::Stream')).toEqual([]);
  expect(other.ofType('AWS::DynamoDB::Table')).toEqual([]);
  const policies = JSON.stringify(other.ofType('AWS::IAM::Policy'));
  expect(policies).toContain('stream/ours');
  expect(policies).toContain('table/metering-sessions');
  expect(policies).toContain(streamKeyArn);
});

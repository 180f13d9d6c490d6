/** Where the permissions' targets are: ARNs from names, so that it makes no difference who created them. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, type IRole, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { tableNames } from '../../src/store/tables.ts';
import { groupByTargets, type Permission, type Target } from './permissions.ts';

/** The keys: three, so that the vendor's role reaches no table, and a reader of tables no personal bytes. Undefined:
 *  encrypted with AWS's own keys, which need no permission. */
export interface MeterKeys {
  readonly stream: IKey | undefined;
  readonly tables: IKey | undefined;
  /** Dead letters hold whole records: IMSI, IMEI, IP address, location. */
  readonly deadLetters: IKey | undefined;
}

export interface Places {
  readonly streamName: string;
  readonly tables: ReturnType<typeof tableNames>;
  readonly keys: MeterKeys;
}

type Service = 'kinesis' | 'dynamodb';

/** A key that is used only through the service whose data it encrypts. */
export interface KeyUse {
  readonly key: keyof MeterKeys;
  /** `kms:Decrypt` reads, also DynamoDB's own key of a table, which each read and write needs; `kms:GenerateDataKey`
   *  puts records. The services ask KMS in the caller's name. Source: Kinesis developer guide, "Permissions to use
   *  user-generated KMS keys"; DynamoDB developer guide, "Authorizing use of your customer managed key". */
  readonly action: 'kms:Decrypt' | 'kms:GenerateDataKey';
}

export class Access {
  private readonly scope: Construct;
  private readonly places: Places;

  constructor(scope: Construct, places: Places) {
    this.scope = scope;
    this.places = places;
  }

  /** One inline policy with exactly these permissions. */
  grant(role: IRole, permissions: readonly Permission[], keyUses: readonly KeyUse[]): Policy {
    const policy = new Policy(role, 'Policy', {
      statements: [
        ...groupByTargets(permissions).map(
          ({ actions, on }) =>
            new PolicyStatement({
              sid: on.map(sidOf).join(''),
              effect: Effect.ALLOW,
              actions: [...actions],
              resources: on.map((target) => this.arnOf(target)),
            }),
        ),
        ...keyUses.flatMap((use) => this.keyStatement(use)),
      ],
    });
    policy.attachToRole(role);
    return policy;
  }

  /** The ARN of a target. */
  arnOf(target: Target): string {
    const { streamName, tables } = this.places;
    if (target === 'stream') return this.arn('kinesis', 'stream', streamName);
    if (target === 'consumers') return `${this.arn('kinesis', 'stream', streamName)}/consumer/*`;
    if (target === 'sessions/indexes') return `${this.arn('dynamodb', 'table', tables.sessions)}/index/*`;
    return this.arn('dynamodb', 'table', tables[target]);
  }

  private arn(service: Service, resource: string, resourceName: string): string {
    return Stack.of(this.scope).formatArn({
      service,
      resource,
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  private keyStatement({ key, action }: KeyUse): PolicyStatement[] {
    const found = this.places.keys[key];
    if (!found) return [];
    const service: Service = key === 'stream' ? 'kinesis' : 'dynamodb';
    const { region, urlSuffix } = Stack.of(this.scope);
    return [
      new PolicyStatement({
        sid: `${sidOf(key)}Key`,
        effect: Effect.ALLOW,
        actions: [action],
        resources: [found.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
      }),
    ];
  }
}

const sidOf = (target: string): string =>
  target.replace(/(^|\/)([a-z])/g, (_, _slash, letter: string) => letter.toUpperCase());

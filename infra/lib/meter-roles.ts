import { Aws } from 'aws-cdk-lib';
import {
  AccountPrincipal,
  AccountRootPrincipal,
  CompositePrincipal,
  type IPrincipal,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ERASE, FAN_OUT, READ_DEAD_LETTERS, REPAIR, VENDOR_SINK, WORKER } from './permissions.ts';
import type { Access, KeyUse } from './places.ts';

export interface MeterRolesProps {
  readonly access: Access;
  /** Reads by enhanced fan-out. */
  readonly isFanOut: boolean;
  /** Who may assume the roles by which data is read, repaired and erased. Default: whom the account's own policies
   *  allow to. */
  readonly operators?: IPrincipal;
  /** The sink's side: which account puts, and the secret that it must say. */
  readonly vendor: { readonly accountId: string; readonly externalId: string };
}

const DECRYPT_ALL: readonly KeyUse[] = [
  { key: 'stream', action: 'kms:Decrypt' },
  { key: 'tables', action: 'kms:Decrypt' },
  { key: 'deadLetters', action: 'kms:Decrypt' },
];

/** Only this account's tasks: a service may not be talked into using our role for somebody else. */
const tasks = (): IPrincipal =>
  new ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
  });

/** One role for each kind of work: a worker can delete no data, and only two roles can read dead letters. */
export class MeterRoles extends Construct {
  readonly worker: Role;
  readonly erase: Role;
  readonly readDeadLetters: Role;
  readonly repair: Role;
  readonly vendorSink: Role;
  private readonly props: MeterRolesProps;

  constructor(scope: Construct, id: string, props: MeterRolesProps) {
    super(scope, id);
    this.props = props;
    const { access, isFanOut } = props;
    this.worker = new Role(this, 'Worker', { assumedBy: tasks(), description: 'supersim-meter run' });
    access.grant(this.worker, isFanOut ? [...WORKER, ...FAN_OUT] : WORKER, DECRYPT_ALL);
    this.erase = this.operatorRole('Erase', 'supersim-meter erase-sim');
    access.grant(this.erase, ERASE, [
      { key: 'tables', action: 'kms:Decrypt' },
      { key: 'deadLetters', action: 'kms:Decrypt' },
    ]);
    this.readDeadLetters = this.operatorRole('ReadDeadLetters', 'supersim-meter dead-letters, show');
    access.grant(this.readDeadLetters, READ_DEAD_LETTERS, [{ key: 'deadLetters', action: 'kms:Decrypt' }]);
    this.repair = this.operatorRole('Repair', 'supersim-meter dead-letters redrive and purge, replay');
    access.grant(this.repair, REPAIR, DECRYPT_ALL);
    this.vendorSink = this.sinkRole();
    access.grant(this.vendorSink, VENDOR_SINK, [{ key: 'stream', action: 'kms:GenerateDataKey' }]);
  }

  /** For a person's machine, or for a task that is run once with this role. */
  private operatorRole(id: string, description: string): Role {
    const operators = this.props.operators ?? new AccountRootPrincipal();
    return new Role(this, id, { assumedBy: new CompositePrincipal(operators, tasks()), description });
  }

  /** The external id keeps other customers of the vendor from having it put into our stream. */
  private sinkRole(): Role {
    const { accountId, externalId } = this.props.vendor;
    return new Role(this, 'VendorSink', {
      assumedBy: new AccountPrincipal(accountId),
      externalIds: [externalId],
      description: 'Puts connection events into the stream: role_arn of its sink',
    });
  }
}

import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Projection } from '../../src/store/projection-names.ts';
import { type TableDefinition, tableDefinitions, tableNames } from '../../src/store/tables.ts';

export interface MeterTablesProps {
  readonly tablePrefix: string;
  /** Also the lease table's name. */
  readonly application: string;
  readonly projections: readonly Projection[];
  /** The tables are there already, with these keys, if any. */
  readonly existing?: { readonly key?: IKey; readonly deadLetterKey?: IKey };
}

const attributeOf = (name: string) => ({ name, type: AttributeType.STRING });

/** The tables, from the definitions that the worker checks at its start. `Table`, not `TableV2`: an item changes by
 *  compare-and-swap, which holds within one region, so no replica may be added by a change of one line. */
export class MeterTables extends Construct {
  readonly names: ReturnType<typeof tableNames>;
  readonly key: IKey | undefined;
  readonly deadLetterKey: IKey | undefined;

  constructor(scope: Construct, id: string, props: MeterTablesProps) {
    super(scope, id);
    this.names = tableNames(props);
    if (props.existing) {
      this.key = props.existing.key;
      this.deadLetterKey = props.existing.deadLetterKey;
      return;
    }
    this.key = this.makeKey('Key', `Encrypts tables ${props.tablePrefix}-* and ${props.application}`);
    this.deadLetterKey = this.makeKey('DeadLetterKey', `Encrypts table ${this.names.deadLetters}`);
    for (const definition of tableDefinitions(props)) this.makeTable(definition);
  }

  private makeKey(id: string, description: string): Key {
    return new Key(this, id, { description, enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN });
  }

  private makeTable({ name, key, indexes, ttlAttribute }: TableDefinition): void {
    const [partitionKey, sortKey] = key;
    const encryptionKey = name === this.names.deadLetters ? this.deadLetterKey : this.key;
    const id = Object.entries(this.names).find(([, tableName]) => tableName === name)?.[0] ?? name;
    const table = new Table(this, id, {
      tableName: name,
      partitionKey: attributeOf(partitionKey),
      ...(sortKey ? { sortKey: attributeOf(sortKey) } : {}),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...(ttlAttribute ? { timeToLiveAttribute: ttlAttribute } : {}),
      deletionProtection: true,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      ...(encryptionKey ? { encryptionKey } : {}),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const [indexName, [indexKey, indexSortKey]] of Object.entries(indexes))
      table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: attributeOf(indexKey),
        sortKey: attributeOf(indexSortKey),
        projectionType: ProjectionType.KEYS_ONLY,
      });
  }
}

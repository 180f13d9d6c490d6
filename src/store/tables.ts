/** The tables' names and shapes: the one place that `provision`, the worker's start and the tests read. */
import {
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { errorName } from '../errors.ts';
import { PROJECTIONS, type Projection } from './projection-names.ts';

export interface TableNaming {
  readonly tablePrefix: string;
  /** Also the lease table's name, as with KCL. */
  readonly application: string;
  /** Those whose tables are asked for. Default all. */
  readonly projections?: readonly Projection[];
}

export const tableNames = ({
  tablePrefix,
  application,
}: Pick<TableNaming, 'tablePrefix' | 'application'>) => ({
  sessions: `${tablePrefix}-sessions`,
  sims: `${tablePrefix}-sims`,
  usage: `${tablePrefix}-usage`,
  dedup: `${tablePrefix}-dedup`,
  deadLetters: `${tablePrefix}-dead-letters`,
  leases: application,
});

/** A table's shape. Keys are strings throughout: the first is the partition key, the second the sort key. */
export interface TableDefinition {
  readonly name: string;
  readonly key: readonly [string] | readonly [string, string];
  /** Index name → its keys; keys only, so that a write which changes no key costs the index nothing. */
  readonly indexes: Readonly<Record<string, readonly [string, string]>>;
  readonly ttlAttribute?: string;
}

export function tableDefinitions(naming: TableNaming): readonly TableDefinition[] {
  const names = tableNames(naming);
  const { projections = PROJECTIONS } = naming;
  const ttlAttribute = 'expires_at';
  const of = (projection: Projection, definition: TableDefinition): readonly TableDefinition[] =>
    projections.includes(projection) ? [definition] : [];
  return [
    {
      name: names.sessions,
      key: ['data_session_sid'],
      indexes: { 'by-sim': ['sim_sid', 'started_at'], 'open-by-sim': ['sim_sid', 'is_open'] },
      ttlAttribute,
    },
    ...of('sims', { name: names.sims, key: ['sim_sid'], indexes: {}, ttlAttribute }),
    ...of('usage', {
      name: names.usage,
      key: ['sim_sid', 'day_fleet'],
      indexes: { 'by-fleet': ['fleet_sid', 'day'] },
      ttlAttribute,
    }),
    { name: names.dedup, key: ['item_key', 'page_id'], indexes: {}, ttlAttribute },
    { name: names.deadLetters, key: ['shard_id', 'record_id'], indexes: {}, ttlAttribute },
    { name: names.leases, key: ['leaseKey'], indexes: {} },
  ];
}

const keySchema = (key: readonly string[]) =>
  key.map((name, at) => ({
    AttributeName: name,
    KeyType: at === 0 ? ('HASH' as const) : ('RANGE' as const),
  }));

/** The definition in the words of CreateTable: on-demand capacity. */
export function createTableInput({ name, key, indexes }: TableDefinition): CreateTableCommandInput {
  const attributes = new Set([...key, ...Object.values(indexes).flat()]);
  const secondary = Object.entries(indexes).map(([index, indexKey]) => ({
    IndexName: index,
    KeySchema: keySchema(indexKey),
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  }));
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keySchema(key),
    AttributeDefinitions: [...attributes].map((attribute) => ({
      AttributeName: attribute,
      AttributeType: 'S' as const,
    })),
    ...(secondary.length > 0 ? { GlobalSecondaryIndexes: secondary } : {}),
  };
}

export interface TableProblem {
  readonly kind: 'missing' | 'mismatch';
  readonly message: string;
}

/** `id + page (N)`: a key's names, with its type where that is not the string it should be. */
const shown = (
  schema: readonly { AttributeName?: string | undefined }[] | undefined,
  { AttributeDefinitions: types }: TableDescription,
): string =>
  (schema ?? [])
    .map(({ AttributeName: name }) => {
      const type = types?.find(({ AttributeName }) => AttributeName === name)?.AttributeType ?? 'S';
      return type === 'S' ? name : `${name} (${type})`;
    })
    .join(' + ');

/** What of a table's shape differs from its definition. */
export function compareTable(
  { name, key, indexes }: TableDefinition,
  table: TableDescription,
): TableProblem[] {
  const expectations = [
    { what: `table "${name}"`, expected: key.join(' + '), found: shown(table.KeySchema, table) },
    ...Object.entries(indexes).map(([index, indexKey]) => ({
      what: `index "${index}" of table "${name}"`,
      expected: indexKey.join(' + '),
      found: shown(
        table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index)?.KeySchema,
        table,
      ),
    })),
  ];
  return expectations
    .filter(({ expected, found }) => expected !== found)
    .map(({ what, expected, found }) => ({
      kind: 'mismatch',
      message: `${what} has the key ${found || '(none)'}, expected ${expected}`,
    }));
}

/** Compares the tables with their definitions; changes nothing. */
export async function verifyTables(
  client: Pick<DynamoDBClient, 'send'>,
  definitions: readonly TableDefinition[],
): Promise<TableProblem[]> {
  const problems = await Promise.all(
    definitions.map(async (definition): Promise<TableProblem[]> => {
      try {
        const { Table: table } = await client.send(new DescribeTableCommand({ TableName: definition.name }));
        return compareTable(definition, table ?? {});
      } catch (error) {
        if (errorName(error) !== 'ResourceNotFoundException') throw error;
        return [
          { kind: 'missing', message: `there is no table "${definition.name}" in this account and region` },
        ];
      }
    }),
  );
  return problems.flat();
}

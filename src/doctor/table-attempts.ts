/** The actions that the worker needs on its tables, as calls that cannot change anything: reads of a key that no item
 *  has, and writes whose condition contradicts itself. Each write costs a unit. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, ExecuteTransactionCommand } from '@aws-sdk/lib-dynamodb';
import { statementError } from '../store/batch-writer.ts';
import type { Attempt } from './attempt.ts';
import type { DoctorDeps, TableFacts } from './doctor-deps.ts';

/** The key of no item: sids, shards and pages are named otherwise. */
const NOBODY = 'supersim-meter-doctor';

type Clients = Pick<DoctorDeps['clients'], 'data' | 'dynamodb'>;
type Item = Record<string, AttributeValue>;

const keyOf = ({ definition }: TableFacts): Item =>
  Object.fromEntries(definition.key.map((name) => [name, { S: NOBODY }]));

/** Holds for no item, whether it is there or not. */
const impossible = ({ definition }: TableFacts) => ({
  ConditionExpression: 'attribute_exists(#key) AND attribute_not_exists(#key)',
  ExpressionAttributeNames: { '#key': definition.key[0] },
});

/** An update of an item that is not there: its condition fails. */
function updateStatement({ definition }: TableFacts) {
  const where = definition.key.map((name) => `"${name}"=?`).join(' AND ');
  return {
    Statement: `UPDATE "${definition.name}" SET "version"=? WHERE ${where} AND "version"=?`,
    Parameters: [1, ...definition.key.map(() => NOBODY), 0],
  };
}

/** Alone it would be done; it goes into a transaction with a statement that fails. */
function insertStatement({ definition }: TableFacts) {
  const attributes = definition.key.map((name) => `'${name}': ?`).join(', ');
  return {
    Statement: `INSERT INTO "${definition.name}" VALUE {${attributes}}`,
    Parameters: definition.key.map(() => `${NOBODY}-insert`),
  };
}

/** As the worker sends it: by the document client, whose requests are written by a shortcut of ours. */
async function executeUpdate({ data }: Clients, table: TableFacts): Promise<void> {
  const { Responses } = await data.send(
    new BatchExecuteStatementCommand({ Statements: [updateStatement(table)] }),
  );
  const error = Responses?.[0]?.Error;
  if (error && error.Code !== 'ConditionalCheckFailed') throw statementError(error);
}

const attempts = {
  GetItem: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(new GetItemCommand({ TableName: table.definition.name, Key: keyOf(table) })),
  BatchGetItem: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [table.definition.name]: { Keys: [keyOf(table)] } } }),
    ),
  Query: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(
      new QueryCommand({
        TableName: table.definition.name,
        Limit: 1,
        KeyConditionExpression: '#key = :key',
        ExpressionAttributeNames: { '#key': table.definition.key[0] },
        ExpressionAttributeValues: { ':key': { S: NOBODY } },
      }),
    ),
  Scan: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(new ScanCommand({ TableName: table.definition.name, Limit: 1 })),
  PutItem: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(
      new PutItemCommand({ TableName: table.definition.name, Item: keyOf(table), ...impossible(table) }),
    ),
  UpdateItem: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(
      new UpdateItemCommand({ TableName: table.definition.name, Key: keyOf(table), ...impossible(table) }),
    ),
  DeleteItem: ({ dynamodb }: Clients, table: TableFacts) =>
    dynamodb.send(
      new DeleteItemCommand({ TableName: table.definition.name, Key: keyOf(table), ...impossible(table) }),
    ),
  PartiQLUpdate: executeUpdate,
} as const;

export type TableAction = keyof typeof attempts;

export const tableAttempt = (clients: Clients, table: TableFacts, action: TableAction): Attempt => ({
  action: `dynamodb:${action}`,
  resource: table.arn,
  run: () => attempts[action](clients, table),
});

/** An insert that a transaction takes back, because its update of an item of `sessions` cannot be done. */
export const insertAttempt = ({ data }: Clients, table: TableFacts, sessions: TableFacts): Attempt => ({
  action: 'dynamodb:PartiQLInsert',
  resource: table.arn,
  run: () =>
    data.send(
      new ExecuteTransactionCommand({
        TransactStatements: [insertStatement(table), updateStatement(sessions)],
      }),
    ),
});

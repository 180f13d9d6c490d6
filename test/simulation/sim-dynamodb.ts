/** DynamoDB in memory: conditional writes, consistent reads, capacity. It answers at once what the service would
 *  answer; delays and faults are its callers' matter. The contract suites of the real engines hold it in place. */
import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Clock } from '../../src/time.ts';
import { type Placeholders, parseCondition } from './dynamodb/expressions.ts';
import { type ParsedStatement, parseStatement } from './dynamodb/partiql.ts';
import { project, type ReadInput, readPage } from './dynamodb/reads.ts';
import { type Capacity, describeCapacity, SimTable, type TableInput } from './dynamodb/table.ts';
import { parseUpdate, updated } from './dynamodb/updates.ts';
import {
  copyItem,
  copyValue,
  dynamoError,
  type Item,
  invalid,
  isEqual,
  itemSize,
  type Value,
} from './dynamodb/values.ts';

export type { Item };

export interface Change {
  readonly tableName: string;
  readonly operation: 'put' | 'update' | 'delete';
  /** The items as kept: not to be changed. */
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

export interface SimDynamoDbOptions {
  readonly onChange?: (change: Change) => void;
  /** Most that one Scan or Query looks at. Unit: bytes. Default 1 MiB. */
  readonly pageBytesMax?: number;
}

type Input = Readonly<Record<string, unknown>> & { readonly TableName?: string };
type Answer = Record<string, unknown>;

export interface StatementAnswer {
  readonly TableName?: string;
  readonly Error?: { readonly Code: string; readonly Message: string; readonly Item?: object };
}

interface StatementInput {
  readonly Statement: string;
  readonly Parameters?: readonly unknown[];
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** The key that a statement names. @throws ValidationException when it is not the table's. */
function keyOf({ key }: SimTable, parsed: ParsedStatement, { Parameters = [] }: StatementInput): Item {
  const [names, from] = parsed.kind === 'insert' ? [parsed.names, 0] : [parsed.where, parsed.sets.length];
  const used = names.length + from;
  if (Parameters.length !== used) throw invalid("Number of parameters in request and statement don't match.");
  const found = names.flatMap((name, at) =>
    key.includes(name) ? [[name, copyValue(Parameters[from + at])]] : [],
  );
  if (found.length < key.length)
    throw invalid('Where clause does not contain a mandatory equality on all key attributes');
  return Object.fromEntries(found);
}

const PAGE_MAX_BYTES = 1024 * 1024;
const BATCH_GET_KEYS_MAX = 100;
const BATCH_STATEMENTS_MAX = 25;
const BATCH_GET_BYTES_MAX = 16 * 1024 * 1024;

/** Document commands, and the plain ones whose values must be translated. */
const DOCUMENT_COMMANDS: Readonly<Record<string, string>> = {
  GetCommand: 'GetItem',
  PutCommand: 'PutItem',
  UpdateCommand: 'UpdateItem',
  DeleteCommand: 'DeleteItem',
  ScanCommand: 'Scan',
  QueryCommand: 'Query',
  BatchGetCommand: 'BatchGetItem',
  BatchExecuteStatementCommand: 'BatchExecuteStatement',
};
const hasPlaceholder = /[:#][A-Za-z0-9_]+/g;

export class SimDynamoDb {
  private readonly clock: Pick<Clock, 'wallMs'>;
  private readonly options: SimDynamoDbOptions;
  private readonly tables = new Map<string, SimTable>();

  constructor(clock: Pick<Clock, 'wallMs'>, options: SimDynamoDbOptions = {}) {
    this.clock = clock;
    this.options = options;
  }

  /** Answers a command of lib-dynamodb's, or one of client-dynamodb's about tables, at once.
   *  @throws what the SDK would throw. */
  apply(command: unknown): Answer {
    const { name } = (command as object).constructor;
    const { input } = command as { input: Input };
    const operation = DOCUMENT_COMMANDS[name] ?? name.replace(/Command$/, '');
    return this.perform(operation, input);
  }

  /** All items of a table, as kept: not to be changed. */
  items(tableName: string): readonly Item[] {
    return [...this.table(tableName).items.values()];
  }

  has(tableName: string): boolean {
    return this.tables.has(tableName);
  }

  /** Capacity units used so far. */
  consumed(tableName: string): { readonly read: number; readonly write: number } {
    return this.table(tableName).consumed;
  }

  /** Removes what has passed its time to live. DynamoDB does so within days; a simulation says when. */
  expire(tableName: string): void {
    const { items, ttlAttribute } = this.table(tableName);
    const nowS = this.clock.wallMs() / 1000;
    for (const [place, item] of items) {
      const expiresAtS = Number((item[ttlAttribute ?? ''] as { value?: string } | undefined)?.value);
      if (expiresAtS < nowS) items.delete(place);
    }
  }

  /** Drops items as if they had never been: costs nothing, and nobody is told. */
  forget(tableName: string, isForgotten: (item: Item) => boolean): void {
    const { items } = this.table(tableName);
    for (const [place, item] of items) if (isForgotten(item)) items.delete(place);
  }

  /** An operation by its name in the API, on document values. */
  perform(operation: string, input: Input): Answer {
    switch (operation) {
      case 'GetItem':
        return this.get(input);
      case 'PutItem':
        return this.put(input);
      case 'UpdateItem':
        return this.update(input);
      case 'DeleteItem':
        return this.delete(input);
      case 'Scan':
      case 'Query':
        return this.read(operation, input);
      case 'BatchGetItem':
        return this.batchGet(input);
      case 'BatchExecuteStatement':
        return this.batchExecute(input);
      default:
        return this.performOnTable(operation, input);
    }
  }

  private performOnTable(operation: string, input: Input): Answer {
    switch (operation) {
      case 'CreateTable':
        return this.createTable(input);
      case 'DescribeTable':
        return { Table: describe(this.table(input.TableName)) };
      case 'UpdateTimeToLive': {
        const { AttributeName } = input['TimeToLiveSpecification'] as { AttributeName: string };
        const table = this.table(input.TableName);
        if (table.ttlAttribute !== undefined) throw invalid('TimeToLive is already enabled');
        table.ttlAttribute = AttributeName;
        return { TimeToLiveSpecification: { Enabled: true, AttributeName } };
      }
      case 'DescribeTimeToLive': {
        const { ttlAttribute } = this.table(input.TableName);
        const isOn = ttlAttribute !== undefined;
        return {
          TimeToLiveDescription: {
            TimeToLiveStatus: isOn ? 'ENABLED' : 'DISABLED',
            ...(isOn ? { AttributeName: ttlAttribute } : {}),
          },
        };
      }
      default:
        throw new Error(`the simulated DynamoDB knows no ${operation}`);
    }
  }

  private table(name: string | undefined): SimTable {
    const table = this.tables.get(name ?? '');
    if (!table) throw dynamoError('ResourceNotFoundException', 'Requested resource not found');
    return table;
  }

  private createTable(input: TableInput): Answer {
    const table = new SimTable(input);
    if (this.tables.has(table.name))
      throw dynamoError('ResourceInUseException', `Table already exists: ${table.name}`);
    this.tables.set(table.name, table);
    return { TableDescription: describe(table) };
  }

  private get(input: Input): Answer {
    const table = this.table(input.TableName);
    const item = table.items.get(table.place(copyItem(input['Key'] as object), { isKeyOnly: true }));
    const capacity = table.chargeRead(item ? itemSize(item) : 0, input['ConsistentRead'] === true);
    return {
      ...(item
        ? { Item: project(item, input['ProjectionExpression'] as string, placeholdersOf(input)) }
        : {}),
      ...consumed(table, capacity, input),
    };
  }

  private put(input: Input): Answer {
    const table = this.table(input.TableName);
    const after = copyItem(input['Item'] as object);
    const place = table.place(after, { isKeyOnly: false });
    table.checkSize(after);
    const before = table.items.get(place);
    this.check(table, before, input);
    return this.write(table, place, { operation: 'put', before, after }, input);
  }

  private update(input: Input): Answer {
    const table = this.table(input.TableName);
    const key = copyItem(input['Key'] as object);
    const place = table.place(key, { isKeyOnly: true });
    const before = table.items.get(place);
    const placeholders = this.check(table, before, input);
    const text = input['UpdateExpression'] as string | undefined;
    const after =
      text === undefined ? (before ?? key) : updated(before ?? key, parseUpdate(text), placeholders);
    if (table.key.some((name) => !isEqual(after[name], key[name])))
      throw invalid(
        'One or more parameter values were invalid: Cannot update attribute that is part of the key',
      );
    table.checkSize(after);
    return this.write(table, place, { operation: 'update', before, after }, input);
  }

  private delete(input: Input): Answer {
    const table = this.table(input.TableName);
    const place = table.place(copyItem(input['Key'] as object), { isKeyOnly: true });
    const before = table.items.get(place);
    this.check(table, before, input);
    return this.write(table, place, { operation: 'delete', before, after: undefined }, input);
  }

  /** @throws ConditionalCheckFailedException; the capacity is used all the same. */
  private check(table: SimTable, before: Item | undefined, input: Input): Placeholders {
    const placeholders = placeholdersOf(input);
    const text = input['ConditionExpression'] as string | undefined;
    if (text === undefined || parseCondition(text)(before ?? {}, placeholders)) return placeholders;
    table.chargeWrite(before, before);
    const isShown = before !== undefined && input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD';
    throw new ConditionalCheckFailedException({
      message: 'The conditional request failed',
      $metadata: {},
      ...(isShown ? { Item: marshall(before) } : {}),
    });
  }

  private write(table: SimTable, place: string, change: Omit<Change, 'tableName'>, input: Input): Answer {
    const { before, after } = change;
    if (after === undefined) table.items.delete(place);
    else table.items.set(place, after);
    const capacity = table.chargeWrite(before, after);
    this.options.onChange?.({ tableName: table.name, ...change });
    const returned = returnValues(change, input['ReturnValues']);
    return { ...(returned ? { Attributes: returned } : {}), ...consumed(table, capacity, input) };
  }

  private read(operation: 'Scan' | 'Query', input: Input): Answer {
    const table = this.table(input.TableName);
    if (operation === 'Query' && input['KeyConditionExpression'] === undefined)
      throw invalid('Either the KeyConditions or KeyConditionExpression parameter must be specified');
    const pageBytesMax = this.options.pageBytesMax ?? PAGE_MAX_BYTES;
    const page = readPage(table, input as ReadInput, placeholdersOf(input), pageBytesMax);
    const capacity = table.chargeRead(page.scannedBytes, input['ConsistentRead'] === true);
    return {
      ...(input['Select'] === 'COUNT' ? {} : { Items: page.items }),
      Count: page.items.length,
      ScannedCount: page.scannedCount,
      ...(page.lastKey ? { LastEvaluatedKey: page.lastKey } : {}),
      ...consumed(table, capacity, input),
    };
  }

  private batchGet(input: Input): Answer {
    const responses: Record<string, Item[]> = {};
    const unprocessed: Record<string, object> = {};
    let bytes = 0;
    const requests = Object.entries(
      input['RequestItems'] as Record<string, { Keys: readonly object[]; ConsistentRead?: boolean }>,
    );
    if (requests.reduce((sum, [, { Keys }]) => sum + Keys.length, 0) > BATCH_GET_KEYS_MAX)
      throw invalid('Too many items requested for the BatchGetItem call');
    for (const [name, request] of requests) {
      const table = this.table(name);
      const places = request.Keys.map((key) => table.place(copyItem(key), { isKeyOnly: true }));
      if (new Set(places).size < places.length)
        throw invalid('Provided list of item keys contains duplicates');
      const items: Item[] = [];
      for (const [at, place] of places.entries()) {
        const item = table.items.get(place);
        bytes += item ? itemSize(item) : 0;
        if (bytes > BATCH_GET_BYTES_MAX) {
          unprocessed[name] = { ...request, Keys: request.Keys.slice(at) };
          break;
        }
        table.chargeRead(item ? itemSize(item) : 0, request.ConsistentRead === true);
        if (item) items.push(copyItem(item));
      }
      responses[name] = items;
    }
    return { Responses: responses, UnprocessedKeys: unprocessed };
  }

  private batchExecute(input: Input): Answer {
    const statements = input['Statements'] as readonly StatementInput[];
    this.checkBatch(statements);
    return { Responses: statements.map((statement) => this.execute(statement)) };
  }

  /** @throws ValidationException for what fails a batch of statements as a whole. */
  checkBatch(statements: readonly StatementInput[]): void {
    if (statements.length === 0 || statements.length > BATCH_STATEMENTS_MAX)
      throw invalid(`Member must have length less than or equal to ${BATCH_STATEMENTS_MAX}, and at least 1`);
    const places = statements.map((statement) => this.placeOf(statement));
    if (new Set(places).size < places.length)
      throw invalid('Transaction or batch request cannot include multiple operations on one item');
  }

  /** One statement of a batch: the response to it. */
  execute(statement: StatementInput): StatementAnswer {
    try {
      return this.executeOrThrow(statement);
    } catch (error) {
      return statementError(error);
    }
  }

  /** Which item a statement is about; of one that is malformed, itself. */
  private placeOf(statement: StatementInput): unknown {
    try {
      const parsed = parseStatement(statement.Statement);
      const table = this.table(parsed.tableName);
      return `${table.name} ${table.place(keyOf(table, parsed, statement), { isKeyOnly: true })}`;
    } catch {
      return statement;
    }
  }

  private executeOrThrow(statement: StatementInput): StatementAnswer {
    const parsed = parseStatement(statement.Statement);
    const table = this.table(parsed.tableName);
    const values = (statement.Parameters ?? []).map(copyValue);
    const key = keyOf(table, parsed, statement);
    const place = table.place(key, { isKeyOnly: true });
    const before = table.items.get(place);
    if (parsed.kind === 'insert') {
      if (before) {
        table.chargeWrite(before, before);
        return { Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' } };
      }
      const after = Object.fromEntries(parsed.names.map((name, at) => [name, values[at] as Value]));
      table.checkSize(after);
      this.write(table, place, { operation: 'put', before, after }, {});
      return { TableName: table.name };
    }
    const wanted = parsed.where.map((name, at) => [name, values[parsed.sets.length + at] as Value] as const);
    if (!before || wanted.some(([name, value]) => !isEqual(before[name], value))) {
      table.chargeWrite(before, before);
      const isShown = before && statement.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      throw new ConditionalCheckFailedException({
        message: 'The conditional request failed',
        $metadata: {},
        ...(isShown ? { Item: marshall(before) } : {}),
      });
    }
    const after: Record<string, Value> = { ...before };
    for (const [at, name] of parsed.sets.entries()) after[name] = values[at] as Value;
    for (const name of parsed.removes) delete after[name];
    table.checkSize(after);
    this.write(table, place, { operation: 'update', before, after }, {});
    return { TableName: table.name };
  }
}

/** A statement's error codes, where they are not its exception's name. */
const STATEMENT_CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ValidationException: 'ValidationError',
  ResourceNotFoundException: 'ResourceNotFound',
};

const statementError = (error: unknown): StatementAnswer => {
  const { name, message, Item } = error as Error & { Item?: Record<string, AttributeValue> };
  const code = STATEMENT_CODES[name];
  if (code === undefined) throw error;
  return {
    Error: {
      Code: code,
      Message: message,
      ...(Item ? { Item: unmarshall(Item, { wrapNumbers: true }) } : {}),
    },
  };
};

function returnValues({ before, after }: Omit<Change, 'tableName'>, wanted: unknown): Item | undefined {
  if (wanted === 'ALL_OLD') return before && copyItem(before);
  if (wanted === 'ALL_NEW') return after && copyItem(after);
  if (wanted === undefined || wanted === 'NONE') return undefined;
  throw new Error(`the simulated DynamoDB returns no ${String(wanted)}`);
}

/** Each placeholder given must be used somewhere, as DynamoDB asks. */
function placeholdersOf(input: Input): Placeholders {
  const names = (input['ExpressionAttributeNames'] ?? {}) as Record<string, string>;
  const given = input['ExpressionAttributeValues'] as Record<string, unknown> | undefined;
  const values = given === undefined ? {} : (copyItem(given) as Record<string, Value>);
  const used = usedPlaceholders(
    [
      'ConditionExpression',
      'UpdateExpression',
      'KeyConditionExpression',
      'FilterExpression',
      'ProjectionExpression',
    ]
      .map((name) => input[name] ?? '')
      .join(' '),
  );
  for (const name of [...Object.keys(names), ...Object.keys(values)])
    if (!used.has(name)) throw invalid(`Value provided but unused in expressions: keys: {${name}}`);
  return { names, values };
}

const USED = new Map<string, ReadonlySet<string>>();
function usedPlaceholders(expressions: string): ReadonlySet<string> {
  const known = USED.get(expressions);
  if (known) return known;
  const used = new Set(expressions.match(hasPlaceholder) ?? []);
  USED.set(expressions, used);
  return used;
}

const consumed = (table: SimTable, capacity: Capacity, input: Input): object => {
  const described = describeCapacity(table, capacity, input['ReturnConsumedCapacity']);
  return described ? { ConsumedCapacity: described } : {};
};

const describe = ({ input, items }: SimTable): object => ({
  ...input,
  TableStatus: 'ACTIVE',
  ItemCount: items.size,
});

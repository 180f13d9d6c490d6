/** DynamoDB on the wire for load: the simulated tables, with transactions, batches of PartiQL statements, counts and
 *  units. Every operation is done at once and alone, so that no two writers ever see each other half-way. */
import { systemClock } from '../../../src/time.ts';
import { parseStatement } from '../../simulation/dynamodb/partiql.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';
import { type Change, SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { type TableUnits, UnitsMeter } from './units.ts';
import { cancellation, isAnswer } from './wire-answers.ts';
import { WireError } from './wire-error.ts';
import { decode, encode, type Json } from './wire-messages.ts';
import { fromWire, itemToWire, type WireValue } from './wire-values.ts';

/** A single write, as the API names it. */
interface Write {
  readonly operation: string;
  readonly input: Json & { readonly TableName: string };
}
interface Statement {
  readonly Statement: string;
  readonly Parameters?: readonly WireValue[];
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

const TRANSACTION_MAX = 100;
const TRANSACT_OPERATIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
};

const invalid = (message: string): WireError => new WireError('ValidationException', message);
const nothing = (): void => undefined;

/** The tables that a call names. */
const tablesOf = (input: Json): readonly string[] =>
  input['RequestItems'] ? Object.keys(input['RequestItems']) : [String(input['TableName'])];

export class StubDynamoDb {
  readonly requests: Record<string, number> = {};
  readonly requestsByTable: Record<string, number> = {};
  readonly units: UnitsMeter;
  private readonly tables: SimDynamoDb;
  private readonly keys = new Map<string, readonly string[]>();
  private readonly onChange: (change: Change) => void;
  /** Set while a transaction is tried: what it changed, to undo it. */
  private tried: Change[] | undefined;

  constructor(onChange: (change: Change) => void = nothing) {
    this.onChange = onChange;
    this.tables = new SimDynamoDb(systemClock, {
      onChange: (change) => (this.tried ? this.tried.push(change) : this.onChange(change)),
    });
    this.units = new UnitsMeter(this.tables);
  }

  items(tableName: string): readonly Item[] {
    return this.tables.items(tableName);
  }

  /** Drops items: no call, and nobody is told. */
  forget(tableName: string, isForgotten: (item: Item) => boolean): void {
    this.tables.forget(tableName, isForgotten);
  }

  /** Forgets counts and units, not items. */
  reset(): void {
    for (const counts of [this.requests, this.requestsByTable])
      for (const name of Object.keys(counts)) delete counts[name];
    this.units.reset();
  }

  /** The answer's JSON. @throws WireError, or an error of the simulated tables */
  perform(operation: string, input: Json): string {
    this.requests[operation] = (this.requests[operation] ?? 0) + 1;
    switch (operation) {
      case 'BatchExecuteStatement':
        return JSON.stringify(this.batch(input));
      case 'TransactWriteItems':
        return JSON.stringify(this.transact(input));
      default:
        return JSON.stringify(this.single(operation, input));
    }
  }

  private single(operation: string, input: Json): Json {
    const names = tablesOf(input);
    for (const name of names) this.countTable(name);
    const used = this.units.measure(names);
    try {
      return encode(this.tables.perform(operation, decode(input)));
    } finally {
      this.units.add(operation, used());
    }
  }

  private countTable(name: string): void {
    this.requestsByTable[name] = (this.requestsByTable[name] ?? 0) + 1;
  }

  private batch(input: Json): Json {
    const statements = (input['Statements'] ?? []) as readonly Statement[];
    const decoded = statements.map((statement) => ({
      ...statement,
      Parameters: (statement.Parameters ?? []).map(fromWire),
    }));
    this.tables.checkBatch(decoded);
    const names = decoded.map((statement) => parseStatement(statement.Statement).tableName);
    for (const name of new Set(names)) this.countTable(name);
    return {
      Responses: decoded.map((statement, at) => {
        const used = this.units.measure([names[at] as string]);
        const { Error: error, ...response } = this.tables.execute(statement);
        this.units.add('BatchExecuteStatement', used());
        const row = error?.Item as Item | undefined;
        return error ? { Error: { ...error, ...(row ? { Item: itemToWire(row) } : {}) } } : response;
      }),
    };
  }

  /** One write: its error, if any, and what it used. */
  private attempt({ operation, input }: Write): {
    readonly error?: Error;
    readonly used: readonly TableUnits[];
  } {
    const used = this.units.measure([input.TableName]);
    try {
      this.tables.perform(operation, { ...input, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
      return { used: used() };
    } catch (error) {
      if (isAnswer(error)) return { error, used: used() };
      throw error;
    }
  }

  private keyOf(tableName: string): readonly string[] {
    const known = this.keys.get(tableName);
    if (known) return known;
    const { Table } = this.tables.perform('DescribeTable', { TableName: tableName }) as {
      Table: { KeySchema: { AttributeName: string }[] };
    };
    const key = Table.KeySchema.map(({ AttributeName }) => AttributeName);
    this.keys.set(tableName, key);
    return key;
  }

  private placeOf({ input }: Write): string {
    const source = (input['Key'] ?? input['Item']) as Item;
    return JSON.stringify([input.TableName, ...this.keyOf(input.TableName).map((name) => source[name])]);
  }

  private transact(input: Json): Json {
    const entries = (input['TransactItems'] ?? []) as readonly Record<string, Json>[];
    if (entries.length === 0 || entries.length > TRANSACTION_MAX)
      throw invalid(`Member must have length less than or equal to ${TRANSACTION_MAX}, and at least 1`);
    const wishes = entries.map((entry) => {
      const [name = '', wish = {}] = Object.entries(entry)[0] ?? [];
      const operation = TRANSACT_OPERATIONS[name];
      if (!operation) throw invalid(`the stub knows no ${name} in a transaction`);
      return { operation, input: decode(wish) as Write['input'] };
    });
    const places = wishes.map((wish) => this.placeOf(wish));
    if (new Set(places).size < places.length)
      throw invalid('Transaction request cannot include multiple operations on one item');
    for (const name of new Set(wishes.map((wish) => wish.input.TableName))) this.countTable(name);
    return this.tryAll(wishes);
  }

  /** All writes or none. */
  private tryAll(wishes: readonly Write[]): Json {
    const tried: Change[] = [];
    this.tried = tried;
    const ends = wishes.map((wish) => this.attempt(wish));
    this.tried = undefined;
    const isCancelled = ends.some(({ error }) => error !== undefined);
    for (const { used } of ends) this.units.add('TransactWriteItems', used, isCancelled ? 1 : 2);
    if (isCancelled) this.undo(tried);
    else for (const change of tried) this.onChange(change);
    if (!isCancelled) return {};
    const reasons = ends.map(({ error }, at) => cancellation(error, (wishes[at] as Write).input));
    throw new WireError(
      'TransactionCanceledException',
      `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(', ')}]`,
      { CancellationReasons: reasons },
    );
  }

  private undo(changes: readonly Change[]): void {
    this.tried = [];
    for (const { tableName, before, after } of [...changes].reverse()) {
      const key = this.keyOf(tableName);
      const Key = Object.fromEntries(key.map((name) => [name, (before ?? after)?.[name]]));
      if (before) this.tables.perform('PutItem', { TableName: tableName, Item: before });
      else this.tables.perform('DeleteItem', { TableName: tableName, Key });
    }
    this.tried = undefined;
  }
}

/** Tables in memory that answer the reader's commands: in small pages, with keys left unprocessed. */
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDbSender } from '../../src/reader/item-reader.ts';
import { definitionsOf, type PlainItem } from './reader-items.ts';

interface Input {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly Key?: Record<string, { S: string }>;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeValues?: Record<string, { S: string }>;
  readonly ScanIndexForward?: boolean;
  readonly ExclusiveStartKey?: { readonly at: { readonly N: string } };
  readonly RequestItems?: Record<string, { readonly Keys: Record<string, { S: string }>[] }>;
}

const CONDITION = /^(\w+) = (:\w+)(?: AND #?(\w+) (BETWEEN|>=|<=) (:\w+)(?: AND (:\w+))?)?$/;
const asText = (value: unknown): string => String(value ?? '');

export class FakeTables {
  readonly calls: { readonly name: string; readonly input: Input }[] = [];
  pageSize = 2;
  /** How many of the keys of the next calls come back unprocessed, call by call. */
  unprocessed: number[] = [];
  /** Called before each command, to change what is stored meanwhile. */
  before: (name: string, input: Input) => void = () => {};
  private readonly tables: Readonly<Record<string, PlainItem[]>>;
  constructor(tables: Readonly<Record<string, PlainItem[]>>) {
    this.tables = tables;
  }

  get client(): DynamoDbSender {
    return {
      send: async (command: { readonly constructor: { readonly name: string }; readonly input: Input }) => {
        const { name } = command.constructor;
        this.calls.push({ name, input: command.input });
        this.before(name, command.input);
        if (name === 'GetItemCommand') return this.get(command.input);
        return name === 'BatchGetItemCommand' ? this.batchGet(command.input) : this.page(command.input);
      },
    } as DynamoDbSender;
  }

  names = (): string[] => this.calls.map(({ name }) => name.replace('Command', ''));

  private find(table: string, key: Record<string, { S: string }>): PlainItem[] {
    return (this.tables[table] ?? []).filter((item) =>
      Object.entries(key).every(([name, { S }]) => item[name] === S),
    );
  }

  private get({ TableName, Key = {} }: Input) {
    const [item] = this.find(TableName, Key);
    return item ? { Item: marshall(item) } : {};
  }

  private batchGet({ RequestItems = {} }: Input) {
    const [[table, { Keys }] = ['', { Keys: [] }]] = Object.entries(RequestItems);
    if (Keys.length > 100 || new Set(Keys.map((key) => JSON.stringify(key))).size < Keys.length)
      throw new Error('ValidationException');
    const left = Math.min(this.unprocessed.shift() ?? 0, Keys.length);
    const done = Keys.slice(0, Keys.length - left);
    // In no order, as DynamoDB does.
    const items = done.flatMap((key) => this.find(table, key)).reverse();
    return {
      Responses: { [table]: items.map((item) => marshall(item)) },
      UnprocessedKeys: left > 0 ? { [table]: { Keys: Keys.slice(Keys.length - left) } } : {},
    };
  }

  private page(input: Input) {
    const { TableName: table, IndexName: index, ExclusiveStartKey: startKey } = input;
    const definition = definitionsOf(table.replace(/-\w+$/, '')).find(({ name }) => name === table);
    const key = (index ? definition?.indexes[index] : definition?.key) ?? [''];
    const stored = (this.tables[table] ?? []).filter((item) => key.every((name) => name in item));
    const matching = stored.filter((item) => this.isMatch(item, input));
    matching.sort((a, b) => (asText(a[key[1] ?? '']) < asText(b[key[1] ?? '']) ? -1 : 1));
    if (input.ScanIndexForward === false) matching.reverse();
    const from = Number(startKey?.at.N ?? 0);
    const names = index ? [...key, ...(definition?.key ?? [])] : undefined;
    const seen = (item: PlainItem): PlainItem =>
      names ? Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name))) : item;
    const end = from + this.pageSize;
    return {
      Items: matching.slice(from, end).map((item) => marshall(seen(item))),
      ...(end < matching.length ? { LastEvaluatedKey: { at: { N: String(end) } } } : {}),
    };
  }

  private isMatch(item: PlainItem, { KeyConditionExpression, ExpressionAttributeValues }: Input): boolean {
    if (KeyConditionExpression === undefined) return true;
    const match = CONDITION.exec(KeyConditionExpression);
    if (!match) throw new Error(`no condition: ${KeyConditionExpression}`);
    const [, hash = '', of = '', range = '', operator, low = '', high = ''] = match;
    const value = (name: string): string => ExpressionAttributeValues?.[name]?.S ?? '';
    if (item[hash] !== value(of)) return false;
    const at = asText(item[range]);
    if (operator === 'BETWEEN') return at >= value(low) && at <= value(high);
    if (operator === '>=') return at >= value(low);
    return operator === '<=' ? at <= value(low) : true;
  }
}

/** Reads raw items page by page. Not through the document client's own commands: their numbers are as exact as its
 *  settings, and all document clients over one client share the settings of the last (measured, 3.1162). */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  GetItemCommand,
  type GetItemCommandOutput,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { backoffMs, type Clock, type Random } from '../time.ts';
import { ReaderError } from './reader-error.ts';

/** A `DynamoDBDocumentClient` or `DynamoDBClient` of any version 3: only `send` is used. */
export interface DynamoDbSender {
  send(command: never): Promise<unknown>;
}

export type Item = Record<string, unknown>;
/** Keys are texts throughout. */
export type Key = Readonly<Record<string, string>>;

/** DynamoDB's limit for one BatchGetItem. */
const KEYS_PER_CALL_MAX = 100;
/** About half a minute with full jitter: longer is an outage, which is the caller's to wait for. */
const ATTEMPTS_WITHOUT_PROGRESS_MAX = 10;

const exactNumber = (text: string): bigint | number => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));

/** DynamoDB's JSON → plain values with exact integers. */
export const plainItem = (image: Readonly<Record<string, unknown>>): Item =>
  unmarshall(image as Record<string, AttributeValue>, { wrapNumbers: exactNumber });

export const texts = (values: Key): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }]));

export interface ItemReaderDeps {
  readonly client: DynamoDbSender;
  readonly clock: Clock;
  readonly random: Random;
}

export class ItemReader {
  private readonly deps: ItemReaderDeps;
  constructor(deps: ItemReaderDeps) {
    this.deps = deps;
  }

  private async send<O>(command: object): Promise<O> {
    return (await this.deps.client.send(command as never)) as O;
  }

  /** Consistently read; undefined when there is none. */
  async get(table: string, key: Key): Promise<Item | undefined> {
    const answer = await this.send<GetItemCommandOutput>(
      new GetItemCommand({ TableName: table, Key: texts(key), ConsistentRead: true }),
    );
    return answer.Item && plainItem(answer.Item);
  }

  /** Page after page. */
  query(input: QueryCommandInput): AsyncGenerator<Item[]> {
    return this.pages((startKey) => new QueryCommand({ ...input, ...startKey }));
  }

  /** Page after page, in no order. */
  scan(input: ScanCommandInput): AsyncGenerator<Item[]> {
    return this.pages((startKey) => new ScanCommand({ ...input, ...startKey }));
  }

  private async *pages(
    commandFrom: (startKey: { ExclusiveStartKey?: Record<string, AttributeValue> }) => object,
  ): AsyncGenerator<Item[]> {
    let startKey: Record<string, AttributeValue> | undefined;
    do {
      const answer = await this.send<QueryCommandOutput>(
        commandFrom(startKey ? { ExclusiveStartKey: startKey } : {}),
      );
      if (answer.Items?.length) yield answer.Items.map(plainItem);
      startKey = answer.LastEvaluatedKey;
    } while (startKey);
  }

  /** Consistently read, in the keys' order; absent items are absent. Keys that come back as unprocessed are asked
   *  for again with back-off. `idOf`: tells one item of the table from another.
   *  @throws ReaderError `throttled` */
  async getAll(table: string, keys: readonly Key[], idOf: (item: Item) => string): Promise<Item[]> {
    const asked = new Map(keys.map((key) => [idOf(key), texts(key)]));
    const found = new Map<string, Item>();
    let left = [...asked.values()];
    for (let attempt = 0; left.length > 0; ) {
      const { Responses, UnprocessedKeys } = await this.send<BatchGetItemCommandOutput>(
        new BatchGetItemCommand({
          RequestItems: { [table]: { Keys: left.slice(0, KEYS_PER_CALL_MAX), ConsistentRead: true } },
        }),
      );
      for (const item of (Responses?.[table] ?? []).map(plainItem)) found.set(idOf(item), item);
      const unprocessed = UnprocessedKeys?.[table]?.Keys ?? [];
      const hasProgress = unprocessed.length < Math.min(left.length, KEYS_PER_CALL_MAX);
      left = [...unprocessed, ...left.slice(KEYS_PER_CALL_MAX)];
      attempt = hasProgress ? 0 : attempt + 1;
      if (unprocessed.length > 0) await this.pause(table, attempt);
    }
    return [...asked.keys()].map((id) => found.get(id)).filter((item) => item !== undefined);
  }

  private async pause(table: string, attempt: number): Promise<void> {
    if (attempt >= ATTEMPTS_WITHOUT_PROGRESS_MAX)
      throw new ReaderError(
        'throttled',
        `table ${table} gave none of the keys asked for in ${attempt} attempts: raise its read capacity, or read later`,
      );
    await this.deps.clock.sleep(backoffMs(attempt, this.deps.random));
  }
}

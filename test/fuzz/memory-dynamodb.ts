/** As much of DynamoDB as the session store asks for, in memory and at once: its conditions, and its rules of what
 *  may be stored. Values go through the SDK's own marshalling both ways. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type ItemMap, itemSizeBytes } from '../../src/store/item-size.ts';

type Marshalled = Parameters<typeof unmarshall>[0];
type Attributes = Record<string, unknown>;

interface Input {
  readonly TableName?: string;
  readonly Item?: Attributes;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Attributes;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Attributes[] }>>;
}

/** Source: DynamoDB developer guide, "Quotas". Unit: bytes. */
const ITEM_MAX_BYTES = 400 * 1_024;
const KEY_MAX_BYTES = {
  data_session_sid: 2_048,
  sim_sid: 2_048,
  started_at: 1_024,
  item_key: 2_048,
  page_id: 1_024,
};

/** Of an item, or of its key alone. */
const keyOf = (item: Attributes): string =>
  JSON.stringify(
    item['data_session_sid'] ?? [
      item['item_key'] ?? item['sim_sid'],
      item['page_id'] ?? item['day_fleet'] ?? '',
    ],
  );

const plain = (item: Marshalled): Attributes => unmarshall(item, { wrapNumbers: true });

const invalid = (message: string): Error =>
  Object.assign(new Error(message), { name: 'ValidationException' });

/** What DynamoDB would refuse. The store calls that `refused-by-store`: the decoder should have seen it. */
function validate(item: Attributes): void {
  for (const [name, maxBytes] of Object.entries(KEY_MAX_BYTES)) {
    const key = item[name];
    if (key === undefined) continue;
    if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > maxBytes)
      throw invalid(`key ${name} is empty, no text or too long`);
  }
  if (itemSizeBytes(item as ItemMap) > ITEM_MAX_BYTES) throw invalid('item too large');
}

export class MemoryDynamoDb {
  /** By table and key. */
  private readonly tables = new Map<string, Map<string, Marshalled>>();

  readonly client = {
    send: async (command: { readonly input: Input }) => this.answer(command),
  } as unknown as DynamoDBDocumentClient;

  items(table: string): Attributes[] {
    return [...(this.tables.get(table)?.values() ?? [])].map(plain);
  }

  private table(name: string): Map<string, Marshalled> {
    const table = this.tables.get(name) ?? new Map<string, Marshalled>();
    this.tables.set(name, table);
    return table;
  }

  private answer(command: { readonly input: Input }): unknown {
    const { input } = command;
    if (input.Item) return this.put(input, input.Item);
    if (input.RequestItems) return this.batchGet(input.RequestItems);
    if (command instanceof QueryCommand) return this.query(input);
    throw new Error(`not known here: ${command.constructor.name}`);
  }

  private put(
    { TableName = '', ConditionExpression, ExpressionAttributeValues }: Input,
    item: Attributes,
  ): unknown {
    validate(item);
    const key = keyOf(item);
    const stored = this.table(TableName).get(key);
    const found = stored && plain(stored);
    const isMet =
      ConditionExpression === undefined ||
      (ConditionExpression.startsWith('attribute_not_exists')
        ? found === undefined
        : String((found?.['version'] as { value?: string } | undefined)?.value) ===
          String(ExpressionAttributeValues?.[':version']));
    if (!isMet) throw new ConditionalCheckFailedException({ message: 'the condition failed', $metadata: {} });
    this.table(TableName).set(key, marshall(item, { removeUndefinedValues: true }) as Marshalled);
    return {};
  }

  private batchGet(requests: NonNullable<Input['RequestItems']>): unknown {
    const responses = Object.entries(requests).map(([name, { Keys }]) => [
      name,
      Keys.flatMap((key) => {
        const found = this.table(name).get(keyOf(key));
        return found ? [plain(found)] : [];
      }),
    ]);
    return { Responses: Object.fromEntries(responses) };
  }

  private query({ TableName = '', ExpressionAttributeValues }: Input): unknown {
    const items = this.items(TableName).filter(
      ({ item_key: key }) => key === ExpressionAttributeValues?.[':key'],
    );
    return { Items: items };
  }
}

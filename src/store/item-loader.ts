/** Reads items by key, consistently, 100 in one BatchGetItem. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { type Answer, Batcher } from './batcher.ts';
import type { ItemMap } from './item-size.ts';
import type { ReadItem, StoreDeps } from './item-writer.ts';

/** DynamoDB's limit. */
const KEYS_MAX = 100;
const CALLS_MAX = 8;

export class ItemLoader {
  private readonly tableName: string;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<ItemMap, ReadItem | undefined>;

  constructor(tableName: string, deps: StoreDeps) {
    this.tableName = tableName;
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: KEYS_MAX,
      underWayMax: CALLS_MAX,
      send: (keys) => this.send(keys),
    });
  }

  /** The item, or undefined when there is none. One read of a key at a time.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  load(key: ItemMap): Promise<ReadItem | undefined> {
    return this.batches.ask(key);
  }

  private async send(keys: readonly ItemMap[]): Promise<readonly Answer<ReadItem | undefined>[]> {
    const nameOf = namerOf(keys[0] as ItemMap);
    const answer = await this.deps.client.send(
      new BatchGetCommand({ RequestItems: { [this.tableName]: { Keys: [...keys], ConsistentRead: true } } }),
    );
    const read: readonly ReadItem[] | undefined = answer.Responses?.[this.tableName];
    const unprocessed = new Set((answer.UnprocessedKeys?.[this.tableName]?.Keys ?? []).map(nameOf));
    // An answer that says nothing of our table is none: to take it for "no such item" is for the write to refuse.
    if (!read && unprocessed.size === 0)
      throw Object.assign(new Error('no items'), { name: 'InternalServerError' });
    const items = new Map((read ?? []).map((item) => [nameOf(item), item]));
    return keys.map((key) => {
      const name = nameOf(key);
      return unprocessed.has(name) ? { error: throttled() } : { value: items.get(name) };
    });
  }
}

/** A text for each key, the same for all that has its attributes. */
function namerOf(key: ItemMap): (item: ReadItem) => string {
  const names = Object.keys(key);
  const [only] = names;
  return names.length === 1
    ? (item) => String(item[only as string])
    : (item) => JSON.stringify(names.map((name) => item[name]));
}

const throttled = (): Error =>
  Object.assign(new Error('a key was not processed'), { name: 'ProvisionedThroughputExceededException' });

/** Reads session items by key, consistently, 100 in one BatchGetItem. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { type Answer, Batcher } from './batcher.ts';
import type { ReadItem, StoreDeps } from './item-writer.ts';

/** DynamoDB's limit. */
const KEYS_MAX = 100;
const CALLS_MAX = 8;

export class SessionLoader {
  private readonly tableName: string;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<string, ReadItem | undefined>;

  constructor(tableName: string, deps: StoreDeps) {
    this.tableName = tableName;
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: KEYS_MAX,
      underWayMax: CALLS_MAX,
      send: (sids) => this.send(sids),
    });
  }

  /** The item, or undefined when there is none. One read of a key at a time.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  load(sid: string): Promise<ReadItem | undefined> {
    return this.batches.ask(sid);
  }

  private async send(sids: readonly string[]): Promise<readonly Answer<ReadItem | undefined>[]> {
    const { items, unprocessed } = await this.get(sids);
    return sids.map((sid) => (unprocessed.has(sid) ? { error: throttled() } : { value: items.get(sid) }));
  }

  private async get(sids: readonly string[]) {
    const Keys = sids.map((sid) => ({ data_session_sid: sid }));
    const answer = await this.deps.client.send(
      new BatchGetCommand({ RequestItems: { [this.tableName]: { Keys, ConsistentRead: true } } }),
    );
    const read: readonly ReadItem[] | undefined = answer.Responses?.[this.tableName];
    const unprocessed = new Set(
      (answer.UnprocessedKeys?.[this.tableName]?.Keys ?? []).map((key) => String(key['data_session_sid'])),
    );
    // An answer that says nothing of our table is none: to take it for "no such session" is for the write to refuse.
    if (!read && unprocessed.size === 0)
      throw Object.assign(new Error('no items'), { name: 'InternalServerError' });
    return {
      items: new Map((read ?? []).map((item) => [String(item['data_session_sid']), item])),
      unprocessed,
    };
  }
}

const throttled = (): Error =>
  Object.assign(new Error('a key was not processed'), { name: 'ProvisionedThroughputExceededException' });

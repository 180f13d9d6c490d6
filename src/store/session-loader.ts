/** Reads session items by key, consistently, 100 in one BatchGetItem. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { isThrottle } from '../errors.ts';
import { untilDone } from '../retry.ts';
import { Batcher } from './batcher.ts';
import type { ReadItem, StoreDeps } from './item-writer.ts';

/** DynamoDB's limit. */
const KEYS_MAX = 100;
const CALLS_MAX = 8;

interface Waiting {
  readonly sid: string;
  readonly resolve: (item: ReadItem | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class SessionLoader {
  private readonly tableName: string;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<Waiting>;

  constructor(tableName: string, deps: StoreDeps) {
    this.tableName = tableName;
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: KEYS_MAX,
      underWayMax: CALLS_MAX,
      send: (batch) => this.send(batch),
    });
  }

  /** The item, or undefined when there is none. One read of a key at a time.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  load(sid: string): Promise<ReadItem | undefined> {
    const once = (): Promise<ReadItem | undefined> =>
      new Promise((resolve, reject) => this.batches.add({ sid, resolve, reject }));
    return untilDone(once, this.deps.closing, this.deps);
  }

  private async send(batch: readonly Waiting[]): Promise<'done' | 'throttled'> {
    try {
      const { items, unprocessed } = await this.get(batch.map(({ sid }) => sid));
      for (const { sid, resolve, reject } of batch)
        if (unprocessed.has(sid)) reject(throttled());
        else resolve(items.get(sid));
      return unprocessed.size > 0 ? 'throttled' : 'done';
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return isThrottle(error) ? 'throttled' : 'done';
    }
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

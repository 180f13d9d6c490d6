/** Tombstones of erased SIMs, in the dedup table, so that no replay brings a SIM back. A tombstone names its SIM by
 *  SHA-256 alone: `HS` and 32 hex digits are 128 random bits, which nobody can try out, so no salt is needed. It has no
 *  `expires_at`: records may be kept, and put again, for longer than any horizon of ours.
 *
 *  Asked by whoever is about to insert an item, after a consistent read found none: an item that is there belongs to
 *  no erased SIM, or is about to be deleted. */
import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { untilDone } from '../retry.ts';
import { toIso } from '../time.ts';
import { type Answer, Batcher } from './batcher.ts';
import type { ReadItem, StoreDeps } from './item-writer.ts';

/** DynamoDB's limit. */
const KEYS_MAX = 100;
const CALLS_MAX = 8;
export const TOMBSTONE_PAGE = 'tombstone';

/** A tombstone's partition key. */
export const tombstoneKeyOf = (simSid: string): string =>
  `erased#${createHash('sha256').update(simSid).digest('hex')}`;

export class ErasedSims {
  private readonly tableName: string;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<string, boolean>;

  constructor(tableName: string, deps: StoreDeps) {
    this.tableName = tableName;
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: KEYS_MAX,
      underWayMax: CALLS_MAX,
      send: (itemKeys) => this.send(itemKeys),
    });
  }

  /** Whether the SIM was erased: read consistently and never remembered, for a whole read unit each.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  isErased(simSid: string): Promise<boolean> {
    return this.batches.ask(tombstoneKeyOf(simSid));
  }

  /** Makes the SIM an erased one, durably; the first mark's time stands.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  async mark(simSid: string): Promise<void> {
    const { client, clock, closing } = this.deps;
    const Item = {
      item_key: tombstoneKeyOf(simSid),
      page_id: TOMBSTONE_PAGE,
      erased_at: toIso(clock.wallMs()),
    };
    const put = new PutCommand({
      TableName: this.tableName,
      Item,
      ConditionExpression: 'attribute_not_exists(item_key)',
    });
    try {
      await untilDone(() => client.send(put), closing, this.deps);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  private async send(itemKeys: readonly string[]): Promise<readonly Answer<boolean>[]> {
    // Sessions of one SIM ask at once, and DynamoDB refuses a key that is named twice.
    const { read, unprocessed } = await this.get([...new Set(itemKeys)]);
    return itemKeys.map((key) => (unprocessed.has(key) ? { error: throttled() } : { value: read.has(key) }));
  }

  private async get(itemKeys: readonly string[]) {
    const { client } = this.deps;
    const Keys = itemKeys.map((item_key) => ({ item_key, page_id: TOMBSTONE_PAGE }));
    const answer = await client.send(
      new BatchGetCommand({ RequestItems: { [this.tableName]: { Keys, ConsistentRead: true } } }),
    );
    const items: readonly ReadItem[] | undefined = answer.Responses?.[this.tableName];
    const left = answer.UnprocessedKeys?.[this.tableName]?.Keys ?? [];
    // An answer that says nothing of our table is none: to take it for "not erased" would bring a SIM back.
    if (!items && left.length === 0)
      throw Object.assign(new Error('no items'), { name: 'InternalServerError' });
    return { read: keysIn(items ?? []), unprocessed: keysIn(left) };
  }
}

const keysIn = (items: readonly ReadItem[]): ReadonlySet<string> =>
  new Set(items.map((item) => String(item['item_key'])));

const throttled = (): Error =>
  Object.assign(new Error('a key was not processed'), { name: 'ProvisionedThroughputExceededException' });

/** Pages of event ids moved out of an item's ring. A page is written before the swap that drops its ids from
 *  the ring, holds only ids that an earlier swap committed, and its key is never used twice: the version
 *  would not do, since two writers at one version would overwrite each other's page. */
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { EventId } from '../reduce/dedup-memory.ts';
import type { Clock, Random } from '../time.ts';
import { EVENT_ID_BYTES } from './private-state.ts';

/** 48 ids are 768 bytes: with its keys a page stays inside one write unit. */
const IDS_PER_PAGE_MAX = 48;
const SECONDS_PER_DAY = 86_400;

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export class DedupPages {
  private readonly client: DynamoDBDocumentClient;
  private readonly tableName: string;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly horizonDays: number;

  constructor(deps: {
    readonly client: DynamoDBDocumentClient;
    readonly tableName: string;
    readonly clock: Clock;
    readonly random: Random;
    /** How long a page is kept. Unit: days. Must exceed the stream's retention plus the vendor's retries. */
    readonly horizonDays: number;
  }) {
    this.client = deps.client;
    this.tableName = deps.tableName;
    this.clock = deps.clock;
    this.random = deps.random;
    this.horizonDays = deps.horizonDays;
  }

  /** Writes the ids durably; returns the number of pages written. */
  async write(itemKey: string, ids: readonly EventId[]): Promise<number> {
    let pages = 0;
    for (let at = 0; at < ids.length; at += IDS_PER_PAGE_MAX, pages += 1) {
      const hex = ids.slice(at, at + IDS_PER_PAGE_MAX).join('');
      await this.client.send(
        new PutCommand({
          TableName: this.tableName,
          Item: {
            item_key: itemKey,
            page_id: toHex(this.random.bytes(EVENT_ID_BYTES)),
            ids: Uint8Array.from(Buffer.from(hex, 'hex')),
            expires_at: Math.floor(this.clock.wallMs() / 1000) + this.horizonDays * SECONDS_PER_DAY,
          },
        }),
      );
    }
    return pages;
  }

  /** All ids in the item's pages. Read after the item, consistently: a page written before it is seen. */
  async read(itemKey: string): Promise<ReadonlySet<EventId>> {
    const ids = new Set<EventId>();
    let startKey: Record<string, unknown> | undefined;
    do {
      const answer = await this.client.send(
        new QueryCommand({
          TableName: this.tableName,
          ConsistentRead: true,
          KeyConditionExpression: 'item_key = :key',
          ExpressionAttributeValues: { ':key': itemKey },
          ...(startKey ? { ExclusiveStartKey: startKey } : {}),
        }),
      );
      // An answer without items is none: to take it for "no pages" would count old events again.
      if (!answer.Items) throw Object.assign(new Error('no items'), { name: 'InternalServerError' });
      for (const page of answer.Items) this.collect(page['ids'], ids);
      startKey = answer.LastEvaluatedKey;
    } while (startKey);
    return ids;
  }

  private collect(page: unknown, ids: Set<EventId>): void {
    const hex = page instanceof Uint8Array ? toHex(page) : '';
    const digits = EVENT_ID_BYTES * 2;
    for (let at = 0; at < hex.length; at += digits) ids.add(hex.slice(at, at + digits) as EventId);
  }
}

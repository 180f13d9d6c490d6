/** Pages of event ids moved out of an item's ring. A page is written before the swap that drops its ids from
 *  the ring, holds only ids that an earlier swap committed, and its key is never used twice: the version
 *  would not do, since two writers at one version would overwrite each other's page. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { MeterError } from '../errors.ts';
import type { EventId } from '../reduce/dedup-memory.ts';
import { untilDone } from '../retry.ts';
import type { ItemWriter, StoreDeps } from './item-writer.ts';
import { EVENT_ID_BYTES } from './private-state.ts';

/** 48 ids are 768 bytes: with its keys a page stays inside one write unit. */
const IDS_PER_PAGE_MAX = 48;
const SECONDS_PER_DAY = 86_400;

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export interface DedupPagesDeps extends StoreDeps {
  readonly tableName: string;
  readonly writer: ItemWriter;
  /** How long a page is kept. Unit: days. Must exceed the stream's retention plus the vendor's retries. */
  readonly horizonDays: number;
}

export class DedupPages {
  private readonly deps: DedupPagesDeps;

  constructor(deps: DedupPagesDeps) {
    this.deps = deps;
  }

  /** Writes the ids durably; returns the number of pages written.
   *  @throws `AbortError` when the store closes; whatever is fatal. */
  async write(itemKey: string, ids: readonly EventId[]): Promise<number> {
    const { tableName, writer, random, clock, horizonDays } = this.deps;
    const parts: EventId[][] = [];
    for (let at = 0; at < ids.length; at += IDS_PER_PAGE_MAX)
      parts.push(ids.slice(at, at + IDS_PER_PAGE_MAX));
    await Promise.all(
      parts.map(async (part) => {
        const item = {
          item_key: itemKey,
          page_id: toHex(random.bytes(EVENT_ID_BYTES)),
          ids: Uint8Array.from(Buffer.from(part.join(''), 'hex')),
          expires_at: Math.floor(clock.wallMs() / 1000) + horizonDays * SECONDS_PER_DAY,
        };
        const { item_key, page_id } = item;
        const { kind } = await writer.write({ tableName, key: { item_key, page_id }, whole: () => item });
        // A conflict can only be with our own write, whose answer was lost: no two pages have one key.
        if (kind === 'refused') throw new MeterError('invariant-broken', 'DynamoDB refused a dedup page');
      }),
    );
    return parts.length;
  }

  /** All ids in the item's pages. Read after the item, consistently: a page written before it is seen. */
  read(itemKey: string): Promise<ReadonlySet<EventId>> {
    return untilDone(() => this.readAll(itemKey), this.deps.closing, this.deps);
  }

  private async readAll(itemKey: string): Promise<ReadonlySet<EventId>> {
    const { client, tableName } = this.deps;
    const ids = new Set<EventId>();
    let startKey: Record<string, unknown> | undefined;
    do {
      const answer = await client.send(
        new QueryCommand({
          TableName: tableName,
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

/** What people do to the lease table by hand. Row by row and conditional: no worker can be overwritten unseen, and
 *  whoever held a changed lease finds out with its next write. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type CheckpointPosition, toStored } from './checkpoint-position.ts';
import type { Lease } from './lease.ts';
import { isLease, parseLeaseItem } from './lease-item.ts';
import type { TableItem } from './lease-rows.ts';
import type { UnreadableRow } from './lease-store.ts';

/** One row, as stored and as understood. */
export interface TableRow {
  readonly item: TableItem;
  readonly row: Lease | UnreadableRow;
}

/** `changed`: the row is not as it was read any more, and nothing was written. An earlier try of our own whose
 *  answer was lost looks the same: read the row again. */
export type AdminWrite = 'written' | 'changed';

export interface CheckpointMove {
  readonly checkpoint: CheckpointPosition;
  /** What AT_TIMESTAMP or LATEST means. Unit: ms since 1970. */
  readonly startTimestampMs?: number | undefined;
}

/** Of a hand-off, ours or KCL 3's: over when nobody holds the lease. */
const HAND_OFF = ['handOffTo', 'checkpointOwner'];
const PENDING = ['pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState'];

const num = (value: number): AttributeValue => ({ N: String(value) });

/** The lease of a row; undefined when it is none. */
export const leaseIn = ({ row }: TableRow): Lease | undefined => (isLease(row) ? row : undefined);

/** A row as the library understands it. */
export const understand = (item: TableItem): TableRow => ({
  item,
  // Wrapped: a number of somebody else's that no double can hold must not fail a listing.
  row: parseLeaseItem(unmarshall({ ...item }, { wrapNumbers: true })),
});

const counterOf = (item: TableItem): number => Number(item['leaseCounter']?.N ?? 0);

/** What replaces `current`. It is nobody's, and its counter is above both: whoever knew the row before cannot take
 *  the new one for its own. */
export function replacementOf(item: TableItem, current: TableItem): TableItem {
  if (item['leaseCounter'] === undefined) return item;
  const { leaseOwner: _, handOffTo: _h, checkpointOwner: _c, ...kept } = item;
  return { ...kept, leaseCounter: num(Math.max(counterOf(item), counterOf(current)) + 1) };
}

export class LeaseAdmin {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;

  constructor({ client, tableName }: { client: Pick<DynamoDBClient, 'send'>; tableName: string }) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** Every row, leases or not, by consistent reads; in no order. */
  async rows(): Promise<readonly TableRow[]> {
    const rows: TableRow[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.#client.send(
        new ScanCommand({ TableName: this.#tableName, ConsistentRead: true, ExclusiveStartKey: from }),
      );
      rows.push(...(page.Items ?? []).map(understand));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return rows;
  }

  /** A consistent read; undefined when there is no such row or it is unreadable. */
  async lease(leaseKey: string): Promise<Lease | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#tableName,
        Key: { leaseKey: { S: leaseKey } },
        ConsistentRead: true,
      }),
    );
    return Item && leaseIn(understand(Item));
  }

  /** Makes a lease nobody's, like KCL's evict. */
  release(lease: Lease): Promise<AdminWrite> {
    return this.#update(lease, {}, ['leaseOwner', ...HAND_OFF]);
  }

  /** Moves a checkpoint anywhere, and makes the lease nobody's in the same write: an owner that went on from what
   *  it remembers would move it back. */
  move(lease: Lease, { checkpoint, startTimestampMs }: CheckpointMove): Promise<AdminWrite> {
    const stored = toStored(checkpoint);
    const start = startTimestampMs === undefined ? {} : { startTimestampMs: num(startTimestampMs) };
    return this.#update(
      lease,
      {
        checkpoint: { S: stored.checkpoint },
        checkpointSubSequenceNumber: num(stored.subSequenceNumber),
        ownerSwitchesSinceCheckpoint: num(0),
        ...start,
      },
      [
        'leaseOwner',
        ...HAND_OFF,
        ...PENDING,
        ...(startTimestampMs === undefined ? ['startTimestampMs'] : []),
      ],
    );
  }

  /** Stores a row: a new one, or in place of `current` if that is unchanged. */
  put(item: TableItem, current?: TableItem): Promise<AdminWrite> {
    const counter = current?.['leaseCounter'];
    const condition =
      current === undefined
        ? { ConditionExpression: 'attribute_not_exists(leaseKey)' }
        : counter === undefined
          ? { ConditionExpression: 'attribute_not_exists(leaseCounter)' }
          : {
              ConditionExpression: 'leaseCounter = :counter',
              ExpressionAttributeValues: { ':counter': counter },
            };
    return this.#conditional(() =>
      this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: { ...item }, ...condition })),
    );
  }

  #update(lease: Lease, set: TableItem, remove: readonly string[]): Promise<AdminWrite> {
    const values = { leaseCounter: num(lease.counter + 1), ...set };
    const { owner } = lease;
    return this.#conditional(() =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: { leaseKey: { S: lease.leaseKey } },
          UpdateExpression: `SET ${Object.keys(values)
            .map((name) => `${name} = :${name}`)
            .join(', ')} REMOVE ${remove.join(', ')}`,
          ConditionExpression: `leaseCounter = :seen${owner === undefined ? '' : ' AND leaseOwner = :owner'}`,
          ExpressionAttributeValues: {
            ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
            ':seen': num(lease.counter),
            ...(owner !== undefined && { ':owner': { S: owner } }),
          },
        }),
      ),
    );
  }

  async #conditional(write: () => Promise<unknown>): Promise<AdminWrite> {
    try {
      await write();
      return 'written';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'changed';
      throw error;
    }
  }
}

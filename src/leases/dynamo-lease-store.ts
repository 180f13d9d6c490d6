/** The lease table in DynamoDB, in KCL's layout. Existing rows are only ever updated attribute by attribute, so
 *  what Java or a later version keeps in a row survives us. Source of every write: KCL 2.7.2
 *  DynamoDBLeaseRefresher.java; ours are stricter by `leaseOwner = :me`. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { RecordPosition } from './checkpoint-position.ts';
import type { Lease, NewLease, WorkerId } from './lease.ts';
import {
  checkpointed,
  declined,
  finished,
  handedOver,
  judgeRefused,
  released,
  renewed,
  taken,
} from './lease-change.ts';
import { type Item, isLease, parseLeaseItem, toNewLeaseItem } from './lease-item.ts';
import type {
  AskOutcome,
  LeaseListing,
  LeaseStore,
  LeaseWrite,
  ReleaseOptions,
  TakeStamp,
} from './lease-store.ts';
import { changesOf, expressionOf, progressOf, type RowUpdate } from './row-update.ts';

/** Removed by name whenever a request is answered: it may have come after we last saw the row. */
const ASKED = ['handOffTo'];

interface WriteOptions extends RowUpdate {
  /** The write is refused unless this worker asks for the lease. */
  readonly ifAskedBy?: WorkerId;
}

/** `client` must have timeouts that throw: a write that hangs longer than the failover time makes a zombie. With
 *  `wrapNumbers` no number of a foreign row, however large, can fail a listing. */
export class DynamoLeaseStore implements LeaseStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #tableName: string;

  constructor({ client, tableName }: { client: DynamoDBDocumentClient; tableName: string }) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async list(): Promise<LeaseListing> {
    const leases: Lease[] = [];
    const unreadable: LeaseListing['unreadable'][number][] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await this.#client.send(
        new ScanCommand({ TableName: this.#tableName, ConsistentRead: true, ExclusiveStartKey: from }),
      );
      for (const item of page.Items ?? []) {
        const row = parseLeaseItem(item);
        if (isLease(row)) leases.push(row);
        else unreadable.push(row);
      }
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return { leases, unreadable };
  }

  async get(leaseKey: string): Promise<Lease | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#tableName, Key: { leaseKey }, ConsistentRead: true }),
    );
    return leaseOf(Item);
  }

  async create(lease: NewLease): Promise<'created' | 'exists'> {
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#tableName,
          Item: toNewLeaseItem(lease),
          ConditionExpression: 'attribute_not_exists(leaseKey)',
        }),
      );
      return 'created';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'exists';
      throw error;
    }
  }

  take(lease: Lease, by: WorkerId, stamp: TakeStamp): Promise<LeaseWrite> {
    return this.#write(lease, taken(lease, by, stamp), by, {
      // The last: left by a hand-off of KCL 3 that was never finished; KCL 3's take removes it too.
      remove: [...ASKED, 'checkpointOwner'],
    });
  }

  renew(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#write(lease, renewed(lease, readToTip), lease.owner);
  }

  decline(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#write(lease, declined(lease, readToTip), lease.owner, { remove: ASKED });
  }

  checkpoint(lease: Lease, position: RecordPosition, readToTip: boolean): Promise<LeaseWrite> {
    const wanted = checkpointed(lease, position, readToTip);
    return this.#write(lease, wanted, lease.owner, progressOf(position));
  }

  finish(lease: Lease, childShardIds: readonly string[]): Promise<LeaseWrite> {
    const { set, remove } = progressOf('SHARD_END');
    const children = childShardIds.length > 0 && { childShardIds: new Set(childShardIds) };
    return this.#write(lease, finished(lease, childShardIds), lease.owner, {
      set: { ...set, ...children },
      remove: [...remove, ...ASKED],
    });
  }

  release(lease: Lease, options: ReleaseOptions): Promise<LeaseWrite> {
    return this.#write(lease, released(lease, options), lease.owner, { remove: ASKED });
  }

  handOver(lease: Lease, to: WorkerId): Promise<LeaseWrite> {
    return this.#write(lease, handedOver(lease, to), lease.owner, { remove: ASKED, ifAskedBy: to });
  }

  async ask(lease: Lease, by: WorkerId): Promise<AskOutcome> {
    const isAsked = await this.#change({
      Key: { leaseKey: lease.leaseKey },
      UpdateExpression: 'SET handOffTo = :by',
      ConditionExpression: 'leaseOwner = :owner AND attribute_not_exists(handOffTo)',
      ExpressionAttributeValues: { ':by': by, ':owner': lease.owner },
    });
    return { kind: isAsked ? 'asked' : 'refused' };
  }

  async withdraw(leaseKey: string, by: WorkerId): Promise<void> {
    await this.#change({
      Key: { leaseKey },
      UpdateExpression: 'REMOVE handOffTo',
      ConditionExpression: 'handOffTo = :by',
      ExpressionAttributeValues: { ':by': by },
    });
  }

  async remove(lease: Lease): Promise<'removed' | 'refused'> {
    try {
      await this.#client.send(
        new DeleteCommand({
          TableName: this.#tableName,
          Key: { leaseKey: lease.leaseKey },
          ConditionExpression: 'leaseCounter = :counter AND checkpoint = :end',
          ExpressionAttributeValues: { ':counter': lease.counter, ':end': 'SHARD_END' },
        }),
      );
      return 'removed';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  }

  /** A write without the counter; false when its condition failed. */
  async #change(input: Omit<UpdateCommandInput, 'TableName'>): Promise<boolean> {
    try {
      await this.#client.send(new UpdateCommand({ TableName: this.#tableName, ...input }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Writes what `wanted` changes of `lease`, if the counter is still `lease.counter` and, for all but a take
   *  (`us` is not the owner yet), the owner is still `us`. */
  async #write(
    lease: Lease,
    wanted: Lease,
    us: WorkerId | undefined,
    { ifAskedBy, ...extra }: WriteOptions = {},
  ): Promise<LeaseWrite> {
    const { set, remove } = changesOf(lease, wanted, extra);
    const isOwn = lease.owner === us;
    const values = Object.entries(set).map(([name, value]) => [`:${name}`, value] as const);
    try {
      const { Attributes } = await this.#client.send(
        new UpdateCommand({
          TableName: this.#tableName,
          Key: { leaseKey: lease.leaseKey },
          UpdateExpression: expressionOf(Object.keys(set), remove),
          ConditionExpression: `leaseCounter = :counter${isOwn ? ' AND leaseOwner = :us' : ''}${ifAskedBy === undefined ? '' : ' AND handOffTo = :asker'}`,
          ExpressionAttributeValues: {
            ...Object.fromEntries(values),
            ':counter': lease.counter,
            ...(isOwn && { ':us': us }),
            ...(ifAskedBy !== undefined && { ':asker': ifAskedBy }),
          },
          // The answer carries what others asked meanwhile, at no price.
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'written', lease: leaseOf(Attributes) ?? wanted, recovered: false };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // Some engines never return the row that made the condition fail.
      const row = error.Item
        ? leaseOf(unmarshall(error.Item, { wrapNumbers: true }))
        : await this.get(lease.leaseKey);
      return judgeRefused(lease, wanted, row, us);
    }
  }
}

function leaseOf(item: Item | undefined): Lease | undefined {
  const row = item && parseLeaseItem(item);
  return row && isLease(row) ? row : undefined;
}

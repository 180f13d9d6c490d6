/** The lease table in DynamoDB, in KCL's layout. Existing rows are only ever updated attribute by attribute, so
 *  what Java or a later version keeps in a row survives us. Source of every write: KCL 2.7.2
 *  DynamoDBLeaseRefresher.java; ours are stricter by `leaseOwner = :me`. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type RecordPosition, toStored } from './checkpoint-position.ts';
import type { Lease, NewLease, WorkerId } from './lease.ts';
import { checkpointed, finished, judgeRefused, released, renewed, taken } from './lease-change.ts';
import { type Item, isLease, parseLeaseItem, toNewLeaseItem } from './lease-item.ts';
import type { LeaseListing, LeaseStore, LeaseWrite } from './lease-store.ts';

/** One UpdateExpression in parts; `set` is attribute → value. */
interface RowUpdate {
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

const PENDING = ['pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState'];

/** `client` must have timeouts that throw: a write that hangs longer than the failover time makes a zombie. */
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

  take(lease: Lease, by: WorkerId): Promise<LeaseWrite> {
    const wanted = taken(lease, by);
    const { ownerSwitchesSinceCheckpoint } = wanted;
    const isSwitch = ownerSwitchesSinceCheckpoint !== lease.ownerSwitchesSinceCheckpoint;
    return this.#write(lease, wanted, 'leaseCounter = :counter', {
      set: { leaseOwner: by, ...(isSwitch && { ownerSwitchesSinceCheckpoint }) },
      // Left by a hand-off of KCL 3 that was never finished; KCL 3's take removes it too.
      remove: ['checkpointOwner'],
    });
  }

  renew(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn(lease, renewed(lease, readToTip), { set: {} });
  }

  checkpoint(lease: Lease, position: RecordPosition, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn(lease, checkpointed(lease, position, readToTip), progressOf(position));
  }

  finish(lease: Lease, childShardIds: readonly string[]): Promise<LeaseWrite> {
    const { set, remove } = progressOf('SHARD_END');
    const children = childShardIds.length > 0 && { childShardIds: new Set(childShardIds) };
    return this.#writeOwn(lease, finished(lease, childShardIds), { set: { ...set, ...children }, remove });
  }

  release(lease: Lease, readToTip: boolean): Promise<LeaseWrite> {
    return this.#writeOwn(lease, released(lease, readToTip), { set: {}, remove: ['leaseOwner'] });
  }

  #writeOwn(lease: Lease, wanted: Lease, update: RowUpdate): Promise<LeaseWrite> {
    return this.#write(lease, wanted, 'leaseCounter = :counter AND leaseOwner = :me', update);
  }

  async #write(lease: Lease, wanted: Lease, condition: string, update: RowUpdate): Promise<LeaseWrite> {
    const claim = wanted.readToTipCounter === wanted.counter && { readToTipCounter: wanted.counter };
    const set = Object.entries({ ...update.set, leaseCounter: wanted.counter, ...claim });
    const sets = set.map(([name]) => `${name} = :${name}`).join(', ');
    const removes = update.remove === undefined ? '' : ` REMOVE ${update.remove.join(', ')}`;
    try {
      await this.#client.send(
        new UpdateCommand({
          TableName: this.#tableName,
          Key: { leaseKey: lease.leaseKey },
          UpdateExpression: `SET ${sets}${removes}`,
          ConditionExpression: condition,
          ExpressionAttributeValues: {
            ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
            ':counter': lease.counter,
            ...(condition.includes(':me') && { ':me': lease.owner }),
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'written', lease: wanted, recovered: false };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // Some engines never return the row that made the condition fail.
      const row = error.Item ? leaseOf(unmarshall(error.Item)) : await this.get(lease.leaseKey);
      return judgeRefused(lease, wanted, row);
    }
  }
}

/** A checkpoint's part of the row. Removing `pending…` ends KCL's two-phase checkpoint, as its own does. */
function progressOf(position: RecordPosition | 'SHARD_END'): Required<RowUpdate> {
  const { checkpoint, subSequenceNumber } = toStored(position);
  return {
    set: { checkpoint, checkpointSubSequenceNumber: subSequenceNumber, ownerSwitchesSinceCheckpoint: 0 },
    remove: PENDING,
  };
}

function leaseOf(item: Item | undefined): Lease | undefined {
  const row = item && parseLeaseItem(item);
  return row && isLease(row) ? row : undefined;
}

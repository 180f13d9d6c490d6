/** Looks into the dead-letter table, and removes single letters from it. Writing them is `dead-letters.ts`. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { untilDone } from '../retry.ts';
import {
  type DeadLetterHead,
  HEAD_ATTRIBUTES,
  headFromItem,
  type RawBytes,
  type RawCodec,
  rawFromItem,
} from './dead-letter-item.ts';
import type { StoreDeps } from './item-writer.ts';

export interface DeadLetterTableDeps extends StoreDeps, RawCodec {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}

/** A letter's key. */
export interface LetterKey {
  readonly shardId: string;
  readonly recordId: string;
}

export interface WholeLetter {
  readonly head: DeadLetterHead;
  readonly raw: RawBytes;
}

const PROJECTION = {
  ProjectionExpression: HEAD_ATTRIBUTES.map((_, at) => `#${at}`).join(','),
  ExpressionAttributeNames: Object.fromEntries(HEAD_ATTRIBUTES.map((name, at) => [`#${at}`, name])),
};

export class DeadLetterTable {
  private readonly deps: DeadLetterTableDeps;

  constructor(deps: DeadLetterTableDeps) {
    this.deps = deps;
  }

  /** Every letter without its bytes: those of one lease key, oldest first, or all, in no order. */
  async *heads(leaseKey?: string): AsyncGenerator<DeadLetterHead> {
    let startKey: Record<string, unknown> | undefined;
    do {
      const from = startKey;
      const answer = await this.repeated(() => this.page(leaseKey, from));
      yield* answer.items.map(headFromItem);
      startKey = answer.lastKey;
    } while (startKey);
  }

  /** One letter with its bytes as they are now; undefined when it is not there. */
  async letter({ shardId, recordId }: LetterKey): Promise<WholeLetter | undefined> {
    const answer = await this.repeated(() =>
      this.deps.client.send(
        new GetCommand({
          TableName: this.deps.tableName,
          Key: { shard_id: shardId, record_id: recordId },
          ConsistentRead: true,
        }),
      ),
    );
    return answer.Item && { head: headFromItem(answer.Item), raw: rawFromItem(answer.Item, this.deps) };
  }

  /** Removes the very letter that was looked at. `gone`: it is no longer there, or another one is in its place. */
  async remove({ shardId, recordId, ...head }: DeadLetterHead): Promise<'removed' | 'gone'> {
    try {
      await this.repeated(() =>
        this.deps.client.send(
          new DeleteCommand({
            TableName: this.deps.tableName,
            Key: { shard_id: shardId, record_id: recordId },
            ...isStill({ reason: head.reason, recorded_at: head.recordedAt, raw_sha256: head.rawSha256 }),
          }),
        ),
      );
      return 'removed';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'gone';
      throw error;
    }
  }

  private async page(leaseKey: string | undefined, startKey: Record<string, unknown> | undefined) {
    const { client, tableName: TableName } = this.deps;
    const from = startKey ? { ExclusiveStartKey: startKey } : {};
    const common = { TableName, ConsistentRead: true, ...PROJECTION, ...from };
    const ofShard = {
      KeyConditionExpression: '#0 = :shard',
      ExpressionAttributeValues: { ':shard': leaseKey },
    };
    const answer = await (leaseKey === undefined
      ? client.send(new ScanCommand(common))
      : client.send(new QueryCommand({ ...common, ...ofShard })));
    // An answer without items is none: to take it for "no letters" would end the work unseen.
    if (!answer.Items) throw Object.assign(new Error('no items'), { name: 'InternalServerError' });
    return { items: answer.Items, lastKey: answer.LastEvaluatedKey };
  }

  private repeated<T>(call: () => Promise<T>): Promise<T> {
    return untilDone(call, this.deps.closing, this.deps);
  }
}

/** An item that others wrote may lack an attribute: then it must lack it still. */
function isStill(expected: Readonly<Record<string, string>>) {
  const entries = Object.entries(expected);
  const values = entries.filter(([, value]) => value !== '');
  return {
    ConditionExpression: entries
      .map(([name, value]) => (value === '' ? `attribute_not_exists(#${name})` : `#${name} = :${name}`))
      .join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    ...(values.length > 0
      ? { ExpressionAttributeValues: Object.fromEntries(values.map(([name, value]) => [`:${name}`, value])) }
      : {}),
  };
}

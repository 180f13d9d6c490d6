/** Write units by DynamoDB's published rules, beside what the engine reports: engines under-report.
 *  Rules: 1 unit per started KB of the larger of the item before and after; a failed condition is charged by the
 *  item that is there (1 if none); an index entry that appears costs its own unit.
 *  Source: DynamoDB developer guide, ProvisionedThroughput and GSI chapters. */
import type { DynamoDBDocumentClient, PutCommandOutput } from '@aws-sdk/lib-dynamodb';
import { type ItemMap, itemSizeBytes, writeUnits } from '../../src/store/item-size.ts';

interface PutInput {
  TableName: string;
  Item: ItemMap;
  ReturnConsumedCapacity?: string;
}

const keyOf = ({ TableName, Item }: PutInput): string =>
  [
    TableName,
    Item['data_session_sid'] ?? Item['item_key'] ?? Item['shard_id'],
    Item['page_id'] ?? Item['record_id'] ?? '',
  ].join('|');

export class WriteUnitMeter {
  computedUnits = 0;
  reportedUnits = 0;
  indexUnits = 0;
  puts = 0;
  private readonly sizes = new Map<string, number>();

  /** The same client, metered. Only puts are written by the store. */
  wrap(client: DynamoDBDocumentClient): DynamoDBDocumentClient {
    const send = async (command: { constructor: { name: string }; input: object }): Promise<unknown> => {
      if (command.constructor.name !== 'PutCommand') return client.send(command as never);
      return this.put(client, command as never);
    };
    return { send } as unknown as DynamoDBDocumentClient;
  }

  private async put(client: DynamoDBDocumentClient, command: { input: PutInput }): Promise<unknown> {
    const key = keyOf(command.input);
    const before = this.sizes.get(key);
    const after = itemSizeBytes(command.input.Item);
    command.input.ReturnConsumedCapacity = 'INDEXES';
    this.puts += 1;
    try {
      const answer = (await client.send(command as never)) as PutCommandOutput;
      this.computedUnits += writeUnits(Math.max(before ?? 0, after));
      this.reportedUnits += answer.ConsumedCapacity?.Table?.CapacityUnits ?? 0;
      if (before === undefined && command.input.Item['started_at']) this.indexUnits += 1;
      this.sizes.set(key, after);
      return answer;
    } catch (error) {
      this.computedUnits += writeUnits(before ?? 0);
      throw error;
    }
  }
}

/** Write units by DynamoDB's published rules, beside what the engine reports: engines under-report.
 *  Rules: 1 unit per started KB of the larger of the item before and after; a failed condition is charged by the
 *  item that is there (1 if none); an index entry that appears costs its own unit. A statement in a batch costs what
 *  the single write costs.
 *  Source: DynamoDB developer guide, ProvisionedThroughput and GSI chapters. */
import type {
  BatchExecuteStatementCommandInput,
  BatchExecuteStatementCommandOutput,
  DynamoDBDocumentClient,
  PutCommandInput,
  PutCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { type ItemMap, itemSizeBytes, writeUnits } from '../../src/store/item-size.ts';
import { parseStatement } from '../simulation/dynamodb/partiql.ts';

const KEY_NAMES = ['data_session_sid', 'item_key', 'shard_id', 'page_id', 'record_id'];

const placeOf = (tableName: string, item: ItemMap): string =>
  [tableName, ...KEY_NAMES.map((name) => item[name] ?? '')].join('|');

interface Write {
  readonly place: string;
  readonly after: ItemMap;
}

export class WriteUnitMeter {
  computedUnits = 0;
  reportedUnits = 0;
  indexUnits = 0;
  private readonly items = new Map<string, ItemMap>();

  /** The same client, metered: what the store writes by. */
  wrap(client: DynamoDBDocumentClient): DynamoDBDocumentClient {
    const send = (command: { constructor: { name: string }; input: object }): Promise<unknown> => {
      if (command.constructor.name === 'PutCommand') return this.put(client, command as never);
      if (command.constructor.name === 'BatchExecuteStatementCommand')
        return this.batch(client, command as never);
      return client.send(command as never);
    };
    return { send } as unknown as DynamoDBDocumentClient;
  }

  private async put(client: DynamoDBDocumentClient, command: { input: PutCommandInput }): Promise<unknown> {
    const { TableName = '', Item = {} } = command.input;
    const write = { place: placeOf(TableName, Item), after: Item };
    command.input.ReturnConsumedCapacity = 'INDEXES';
    try {
      const answer = (await client.send(command as never)) as PutCommandOutput;
      this.reportedUnits += answer.ConsumedCapacity?.Table?.CapacityUnits ?? 0;
      this.charge(write, true);
      return answer;
    } catch (error) {
      this.charge(write, false);
      throw error;
    }
  }

  private async batch(
    client: DynamoDBDocumentClient,
    command: { input: BatchExecuteStatementCommandInput },
  ): Promise<unknown> {
    const answer = (await client.send(command as never)) as BatchExecuteStatementCommandOutput;
    for (const [at, { Statement = '', Parameters = [] }] of (command.input.Statements ?? []).entries())
      this.charge(this.writeOf(Statement, Parameters), answer.Responses?.[at]?.Error === undefined);
    return answer;
  }

  private writeOf(statement: string, parameters: readonly unknown[]): Write {
    const parsed = parseStatement(statement);
    const named = (names: readonly string[], from = 0): ItemMap =>
      Object.fromEntries(names.map((name, at) => [name, parameters[from + at]])) as ItemMap;
    if (parsed.kind === 'insert') {
      const after = named(parsed.names);
      return { place: placeOf(parsed.tableName, after), after };
    }
    const { version: _, ...key } = named(parsed.where, parsed.sets.length);
    const place = placeOf(parsed.tableName, key as ItemMap);
    const after = { ...this.items.get(place), ...named(parsed.sets) };
    return {
      place,
      after: Object.fromEntries(
        Object.entries(after).filter(([name]) => !parsed.removes.includes(name)),
      ) as ItemMap,
    };
  }

  private charge({ place, after }: Write, isWritten: boolean): void {
    const before = this.items.get(place);
    const beforeBytes = before ? itemSizeBytes(before) : 0;
    if (!isWritten) {
      this.computedUnits += writeUnits(beforeBytes);
      return;
    }
    this.computedUnits += writeUnits(Math.max(beforeBytes, itemSizeBytes(after)));
    if (before === undefined && after['started_at']) this.indexUnits += 1;
    this.items.set(place, after);
  }
}

/** Writes each item with a conditional PutItem of its own: for engines without PartiQL, and for roles that may not
 *  use it. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { errorName } from '../errors.ts';
import { type Answer, Batcher } from './batcher.ts';
import type { ItemWrite, ItemWriter, StoreDeps, WriteOutcome } from './item-writer.ts';

/** Below the SDK's 50 sockets, so that a call never waits for a socket behind itself. */
const CALLS_MAX = 16;

export class PutWriter implements ItemWriter {
  private readonly deps: StoreDeps;
  private readonly calls: Batcher<ItemWrite, WriteOutcome>;

  constructor(deps: StoreDeps) {
    this.deps = deps;
    this.calls = new Batcher({
      ...deps,
      sizeMax: 1,
      underWayMax: CALLS_MAX,
      send: async ([write]) => [await this.put(write as ItemWrite)],
    });
  }

  write(write: ItemWrite): Promise<WriteOutcome> {
    return this.calls.ask(write);
  }

  private async put(write: ItemWrite): Promise<Answer<WriteOutcome>> {
    try {
      await this.deps.client.send(
        new PutCommand({ TableName: write.tableName, Item: write.whole(), ...condition(write) }),
      );
      return { value: { kind: 'written' } };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { value: { kind: 'conflict' } };
      if (errorName(error) === 'ValidationException') return { value: { kind: 'refused' } };
      return { error };
    }
  }
}

const condition = ({ key, change }: ItemWrite): object =>
  change === undefined
    ? { ConditionExpression: `attribute_not_exists(${Object.keys(key)[0]})` }
    : {
        ConditionExpression: 'version = :version',
        ExpressionAttributeValues: { ':version': change.version },
      };

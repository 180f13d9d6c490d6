/** Writes each item with a conditional PutItem of its own: for engines without PartiQL, and for roles that may not
 *  use it. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { isThrottle } from '../errors.ts';
import { untilDone } from '../retry.ts';
import { Batcher } from './batcher.ts';
import type { ItemWrite, ItemWriter, StoreDeps, WriteOutcome } from './item-writer.ts';

interface Waiting {
  readonly write: ItemWrite;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Below the SDK's 50 sockets, so that a call never waits for a socket behind itself. */
const CALLS_MAX = 16;

export class PutWriter implements ItemWriter {
  private readonly deps: StoreDeps;
  private readonly calls: Batcher<Waiting>;

  constructor(deps: StoreDeps) {
    this.deps = deps;
    this.calls = new Batcher({
      ...deps,
      sizeMax: 1,
      underWayMax: CALLS_MAX,
      send: ([waiting]) => this.put(waiting as Waiting),
    });
  }

  write(write: ItemWrite): Promise<WriteOutcome> {
    const once = (): Promise<WriteOutcome> =>
      new Promise((resolve, reject) => this.calls.add({ write, resolve, reject }));
    return untilDone(once, this.deps.closing, this.deps);
  }

  private async put({ write, resolve, reject }: Waiting): Promise<'done' | 'throttled'> {
    try {
      await this.deps.client.send(
        new PutCommand({ TableName: write.tableName, Item: write.item, ...condition(write) }),
      );
      resolve({ kind: 'written' });
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) resolve({ kind: 'conflict' });
      else if ((error as Error).name === 'ValidationException') resolve({ kind: 'refused' });
      else reject(error);
      if (isThrottle(error)) return 'throttled';
    }
    return 'done';
  }
}

const condition = ({ keyNames, before }: ItemWrite): object =>
  before === undefined
    ? { ConditionExpression: `attribute_not_exists(${keyNames[0]})` }
    : {
        ConditionExpression: 'version = :version',
        ExpressionAttributeValues: { ':version': before.version },
      };

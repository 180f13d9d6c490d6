/** Writes items as conditional PartiQL statements, 25 in one BatchExecuteStatement. Each has its own condition and
 *  its own outcome; the price is that of single writes, the CPU time a tenth.
 *  Source: BatchExecuteStatement and BatchStatementError in the DynamoDB API reference. */
import { BatchExecuteStatementCommand, type BatchExecuteStatementCommandOutput } from '@aws-sdk/lib-dynamodb';
import { errorName, isThrottle } from '../errors.ts';
import { untilDone } from '../retry.ts';
import { Batcher } from './batcher.ts';
import type { ItemWrite, ItemWriter, StoreDeps, WriteOutcome } from './item-writer.ts';
import { type Dialect, type Statement, statementOf } from './statements.ts';

/** DynamoDB's limit. */
const STATEMENTS_MAX = 25;
/** Enough for 10,000 statements a second at 25 ms each. */
const CALLS_MAX = 16;

/** A statement's error codes that are spelled otherwise as errors of a call. Unknown ones stay, and are fatal. */
const ERROR_NAMES: Readonly<Record<string, string>> = {
  ThrottlingError: 'ThrottlingException',
  ProvisionedThroughputExceeded: 'ProvisionedThroughputExceededException',
  TransactionConflict: 'TransactionConflictException',
  AccessDenied: 'AccessDeniedException',
  ResourceNotFound: 'ResourceNotFoundException',
};

type StatementResponse = NonNullable<BatchExecuteStatementCommandOutput['Responses']>[number];

interface Waiting {
  readonly statement: Statement;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export class BatchWriter implements ItemWriter {
  private readonly dialect: Dialect;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<Waiting>;

  constructor(dialect: Dialect, deps: StoreDeps) {
    this.dialect = dialect;
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: STATEMENTS_MAX,
      underWayMax: CALLS_MAX,
      send: (batch) => this.send(batch),
    });
  }

  write(write: ItemWrite): Promise<WriteOutcome> {
    const statement = statementOf(write, this.dialect);
    const once = (): Promise<WriteOutcome> =>
      new Promise((resolve, reject) => this.batches.add({ statement, resolve, reject }));
    return untilDone(once, this.deps.closing, this.deps);
  }

  private async send(batch: readonly Waiting[]): Promise<'done' | 'throttled'> {
    try {
      const responses = await this.execute(batch);
      const outcomes = batch.map((waiting, index) => settle(waiting, responses[index]));
      return outcomes.includes('throttled') ? 'throttled' : 'done';
    } catch (error) {
      // One statement that cannot even be read fails the whole call: alone, each gets its own answer.
      if (errorName(error) === 'ValidationException' && batch.length > 1) {
        const outcomes = await Promise.all(batch.map((waiting) => this.send([waiting])));
        return outcomes.includes('throttled') ? 'throttled' : 'done';
      }
      for (const { resolve, reject } of batch)
        if (errorName(error) === 'ValidationException') resolve({ kind: 'refused' });
        else reject(error);
      return isThrottle(error) ? 'throttled' : 'done';
    }
  }

  private async execute(batch: readonly Waiting[]): Promise<readonly StatementResponse[]> {
    const { Responses = [] } = await this.deps.client.send(
      new BatchExecuteStatementCommand({
        Statements: batch.map(({ statement: { text, parameters } }) => ({
          Statement: text,
          Parameters: [...parameters],
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })),
      }),
    );
    if (Responses.length === batch.length) return Responses;
    // Which statement an answer is missing for cannot be known: none counts as written.
    throw Object.assign(new Error('an answer without all statements'), { name: 'InternalServerError' });
  }
}

/** As the call's own error would be named, so that it is classified alike. */
export function statementError({ Code, Message }: NonNullable<StatementResponse['Error']>): Error {
  const name = ERROR_NAMES[Code ?? ''] ?? Code ?? 'UnknownStatementError';
  return Object.assign(new Error(Message ?? name), { name });
}

function settle({ resolve, reject }: Waiting, response: StatementResponse | undefined): 'done' | 'throttled' {
  const code = response?.Error?.Code;
  if (response?.Error === undefined) {
    resolve({ kind: 'written' });
  } else if (code === 'ConditionalCheckFailed' || code === 'DuplicateItem') {
    const current = response.Error.Item;
    resolve({ kind: 'conflict', ...(current ? { current } : {}) });
  } else if (code === 'ValidationError' || code === 'ItemCollectionSizeLimitExceeded') {
    resolve({ kind: 'refused' });
  } else {
    const error = statementError(response.Error);
    reject(error);
    if (isThrottle(error)) return 'throttled';
  }
  return 'done';
}

/** Writes items as conditional PartiQL statements, 25 in one BatchExecuteStatement. Each has its own condition and
 *  its own outcome; the price is that of single writes, the CPU time a tenth.
 *  Source: BatchExecuteStatement and BatchStatementError in the DynamoDB API reference. */
import { BatchExecuteStatementCommand, type BatchExecuteStatementCommandOutput } from '@aws-sdk/lib-dynamodb';
import { errorName } from '../errors.ts';
import { type Answer, Batcher } from './batcher.ts';
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
type Outcome = Answer<WriteOutcome>;

const WRITTEN: Outcome = { value: { kind: 'written' } };
const REFUSED: Outcome = { value: { kind: 'refused' } };

export class BatchWriter implements ItemWriter {
  private readonly dialect: Dialect;
  private readonly deps: StoreDeps;
  private readonly batches: Batcher<Statement, WriteOutcome>;

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
    return this.batches.ask(statementOf(write, this.dialect));
  }

  private async send(batch: readonly Statement[]): Promise<readonly Outcome[]> {
    try {
      return (await this.execute(batch)).map(outcomeOf);
    } catch (error) {
      if (errorName(error) !== 'ValidationException') return batch.map(() => ({ error }));
      // One statement that cannot even be read fails the whole call: alone, each gets its own answer.
      if (batch.length === 1) return [REFUSED];
      return (await Promise.all(batch.map((statement) => this.send([statement])))).flat();
    }
  }

  private async execute(batch: readonly Statement[]): Promise<readonly StatementResponse[]> {
    const { Responses = [] } = await this.deps.client.send(
      new BatchExecuteStatementCommand({
        Statements: batch.map(({ text, parameters }) => ({
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

function outcomeOf({ Error: error }: StatementResponse): Outcome {
  if (error === undefined) return WRITTEN;
  const { Code: code, Item: current } = error;
  if (code === 'ConditionalCheckFailed' || code === 'DuplicateItem')
    return { value: { kind: 'conflict', ...(current ? { current } : {}) } };
  if (code === 'ValidationError' || code === 'ItemCollectionSizeLimitExceeded') return REFUSED;
  return { error: statementError(error) };
}

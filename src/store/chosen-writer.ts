/** Which writer the table's engine and our role allow. */
import { BatchExecuteStatementCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { classify, errorName, MeterError } from '../errors.ts';
import type { Log } from '../ops/log.ts';
import { untilDone } from '../retry.ts';
import { BatchWriter, statementError } from './batch-writer.ts';
import type { ItemWrite, ItemWriter, StoreDeps, WriteOutcome } from './item-writer.ts';
import { PutWriter } from './put-writer.ts';
import { type Dialect, statementOf } from './statements.ts';
import type { WriteMode } from './write-mode.ts';

/** The key of no item: sids have a prefix. Its update fails its condition, and so shows that it was understood. */
const PROBE_KEY = 'supersim-meter-probe';

/** In the order to try: the form of DynamoDB's reference first. */
export const DIALECTS: readonly Dialect[] = ['each', 'comma'];

export interface ChosenWriterOptions {
  readonly mode: WriteMode;
  /** The table to try it on. */
  readonly tableName: string;
}

/** Writes in the best way that there is, once `open` has found it out. */
export class ChosenWriter implements ItemWriter {
  private readonly deps: StoreDeps & { readonly log: Log };
  private readonly options: ChosenWriterOptions;
  private writer: ItemWriter;

  constructor(deps: StoreDeps & { readonly log: Log }, options: ChosenWriterOptions) {
    this.deps = deps;
    this.options = options;
    this.writer = new PutWriter(deps);
  }

  /** Tries, unless told to put, whether batches of statements work: one write unit, nothing is stored.
   *  @throws MeterError `batch-writes-refused` when told to batch and they don't; `AbortError`. */
  async open(): Promise<void> {
    const { mode, tableName } = this.options;
    if (mode === 'put') return;
    const { deps } = this;
    let reason = '';
    for (const dialect of DIALECTS) {
      reason = await untilDone(() => probeBatches(deps.client, tableName, dialect), deps.closing, deps);
      if (reason === 'works') {
        this.writer = new BatchWriter(dialect, deps);
        return;
      }
    }
    if (mode === 'batch') throw refused(tableName, reason);
    deps.log.warn(
      'store.no-batches',
      'BatchExecuteStatement is not to be had: each session is written by a call of its own, at ten times the CPU',
      { reason },
    );
  }

  write(write: ItemWrite): Promise<WriteOutcome> {
    return this.writer.write(write);
  }
}

const refused = (tableName: string, reason: string): MeterError =>
  new MeterError(
    'batch-writes-refused',
    `SUPERSIM_WRITE_MODE is batch, but BatchExecuteStatement on ${tableName} was answered with ${reason}. Allow dynamodb:PartiQLUpdate and dynamodb:PartiQLInsert on the data tables, or set it to auto or put.`,
  );

/** Tries one statement whose condition cannot hold, on the sessions table: `works`, or the name of what speaks against
 *  it. @throws what can be repeated. */
export async function probeBatches(
  client: DynamoDBDocumentClient,
  tableName: string,
  dialect: Dialect,
): Promise<string> {
  const key = { data_session_sid: PROBE_KEY };
  const set = { version: 1, status: 'open' };
  const write = {
    tableName,
    key,
    whole: () => ({ ...key, ...set }),
    change: { version: 0, set, remove: [] },
  };
  const { text, parameters } = statementOf(write, dialect);
  try {
    const { Responses } = await client.send(
      new BatchExecuteStatementCommand({ Statements: [{ Statement: text, Parameters: [...parameters] }] }),
    );
    const error = Responses?.[0]?.Error;
    if (error?.Code === 'ConditionalCheckFailed') return 'works';
    throw statementError(error ?? { Code: 'InternalServerError' });
  } catch (error) {
    if (classify(error) === 'retryable') throw error;
    return errorName(error);
  }
}

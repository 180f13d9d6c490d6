/** What a fleet's lease table costs, from the calls about it. */
import type { RecordedCall } from './recorded-call.ts';

/** DynamoDB's unit of a consistent read. Unit: bytes. */
const READ_UNIT_BYTES = 4_096;
const WRITES = ['UpdateItem', 'PutItem', 'DeleteItem'];
const READS = ['Scan', 'Query', 'GetItem', 'BatchGetItem'];

export interface LeaseCost {
  /** Calls. */
  readonly writes: number;
  readonly reads: number;
  /** Of the reads, rounded up for each call; by the answer's JSON, which is longer than the stored rows. */
  readonly readUnits: number;
}

export function leaseCost(calls: readonly RecordedCall[]): LeaseCost {
  const unknown = calls.find(({ operation }) => ![...WRITES, ...READS].includes(operation));
  if (unknown) throw new Error(`${unknown.operation} is neither counted as a write nor as a read`);
  const reads = calls.filter(({ operation }) => READS.includes(operation));
  return {
    writes: calls.length - reads.length,
    reads: reads.length,
    readUnits: reads.reduce(
      (sum, { responseBytes }) => sum + Math.max(1, Math.ceil(responseBytes / READ_UNIT_BYTES)),
      0,
    ),
  };
}

/** The lease writes that move no checkpoint: renewals, takes and answers to other workers. */
export const withoutCheckpoint = (calls: readonly RecordedCall[]): readonly string[] =>
  calls
    .filter(({ operation }) => WRITES.includes(operation))
    .map(({ request }) => String(request['UpdateExpression']))
    .filter((expression) => !/\bcheckpoint = /.test(expression));

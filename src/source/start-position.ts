import type { GetShardIteratorCommandInput } from '@aws-sdk/client-kinesis';
import { toDate } from '../time.ts';

/** Where reading a shard begins. */
export type StartPosition =
  | 'TRIM_HORIZON'
  | 'LATEST'
  /** Records that arrived at or after it. Unit: ms since 1970. */
  | { readonly timestampMs: number }
  /** A checkpoint. Reading begins at that very record; the consumer drops what the checkpoint covers, because
   *  inside an aggregated record only it can. Source: KCL ProcessTask.java. */
  | { readonly sequenceNumber: string; readonly subSequenceNumber: number };

/** A start position, or the place after the last record that was delivered. */
export type ReadPosition = StartPosition | { readonly afterSequenceNumber: string };

type IteratorPlace = Pick<
  GetShardIteratorCommandInput,
  'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'
>;

/** The position in the words of GetShardIterator. */
export function iteratorPlace(position: ReadPosition): IteratorPlace {
  if (typeof position === 'string') return { ShardIteratorType: position };
  if ('timestampMs' in position)
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: toDate(position.timestampMs) };
  if ('afterSequenceNumber' in position)
    return {
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      StartingSequenceNumber: position.afterSequenceNumber,
    };
  return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: position.sequenceNumber };
}

/** For logs and messages. */
export function describePosition(position: ReadPosition): string {
  if (typeof position === 'string') return position;
  if ('timestampMs' in position) return `the time ${position.timestampMs} (ms since 1970)`;
  return 'afterSequenceNumber' in position ? position.afterSequenceNumber : position.sequenceNumber;
}

import type { GetShardIteratorCommandInput, StartingPosition } from '@aws-sdk/client-kinesis';
import { MeterError } from '../errors.ts';
import { toDate } from '../time.ts';

/** How far our clock may differ from Kinesis's where LATEST is turned into a time. Unit: ms. */
const CLOCK_SKEW_MS = 5_000;

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

/** The position in the words of SubscribeToShard. */
export function startingPosition(position: ReadPosition): StartingPosition {
  const { ShardIteratorType, StartingSequenceNumber, Timestamp } = iteratorPlace(position);
  return {
    Type: ShardIteratorType,
    ...(StartingSequenceNumber ? { SequenceNumber: StartingSequenceNumber } : {}),
    ...(Timestamp ? { Timestamp } : {}),
  };
}

/** Where to go on when nothing came yet. LATEST means "from now": opened anew later, it would skip what arrived
 *  meanwhile, so it becomes the time of its first use. Unit: ms since 1970. */
export const onceOpened = (position: ReadPosition, openedAtMs: number): ReadPosition =>
  position === 'LATEST' ? { timestampMs: openedAtMs - CLOCK_SKEW_MS } : position;

/** For logs and messages. */
export function describePosition(position: ReadPosition): string {
  if (typeof position === 'string') return position;
  if ('timestampMs' in position) return `the time ${position.timestampMs} (ms since 1970)`;
  return 'afterSequenceNumber' in position ? position.afterSequenceNumber : position.sequenceNumber;
}

/** Kinesis knows no such place: a person must decide, and nothing is skipped meanwhile. */
export const positionRefused = (
  { stream, shardId }: { readonly stream: string; readonly shardId: string },
  position: ReadPosition,
  cause: unknown,
): MeterError =>
  new MeterError(
    'position-refused',
    `Kinesis refused to read ${shardId} of stream "${stream}" from ${describePosition(position)}: ` +
      'the data may be past the retention, or the stream was made anew under this name. Nothing is skipped: ' +
      'the shard stays unread until its lease is deleted, or another application name begins afresh.',
    { cause },
  );

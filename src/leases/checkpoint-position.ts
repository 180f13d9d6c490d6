/** Where a shard has been read to, in KCL's words and KCL's order. Pure. */

/** KCL's sentinels. Source: KCL checkpoint/SentinelCheckpoint.java. */
export type Sentinel = 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP' | 'SHARD_END';

/** A record, or one user record inside a KPL aggregate. */
export interface RecordPosition {
  /** Decimal digits; compared as an integer, stored as text. */
  readonly sequenceNumber: string;
  /** Index inside the aggregate; 0 for a plain record. */
  readonly subSequenceNumber: number;
}

export type CheckpointPosition = Sentinel | RecordPosition;

/** The two attributes of a lease row that hold a position. */
export interface StoredPosition {
  readonly checkpoint: string;
  readonly subSequenceNumber: number;
}

// Source: KCL retrieval/kpl/ExtendedSequenceNumber.java (-3, -2, -1, numbers, infinity).
const RANK: Readonly<Record<Sentinel, number>> = {
  AT_TIMESTAMP: 0,
  TRIM_HORIZON: 1,
  LATEST: 2,
  SHARD_END: 4,
};
const RECORD_RANK = 3;

// Source: Kinesis API, SequenceNumberRange: `0`, or a digit 1-9 followed by up to 128 digits.
const SEQUENCE_NUMBER = /^(0|[1-9]\d{0,128})$/;

const isSentinel = (text: string): text is Sentinel => Object.hasOwn(RANK, text);

/** Parses the two attributes of a row; undefined when they are no position.
 *  A sentinel's sub-sequence number has no meaning (some libraries keep a time there) and is dropped. */
export function parsePosition({
  checkpoint,
  subSequenceNumber,
}: StoredPosition): CheckpointPosition | undefined {
  if (isSentinel(checkpoint)) return checkpoint;
  const isRecord =
    SEQUENCE_NUMBER.test(checkpoint) && Number.isSafeInteger(subSequenceNumber) && subSequenceNumber >= 0;
  return isRecord ? { sequenceNumber: checkpoint, subSequenceNumber } : undefined;
}

/** The reverse of `parsePosition`. */
export const toStored = (position: CheckpointPosition): StoredPosition =>
  typeof position === 'string'
    ? { checkpoint: position, subSequenceNumber: 0 }
    : { checkpoint: position.sequenceNumber, subSequenceNumber: position.subSequenceNumber };

/** One word for logs: the sentinel, or `<sequence number>[/<sub-sequence number>]`. */
export function formatPosition(position: CheckpointPosition): string {
  if (typeof position === 'string') return position;
  const { sequenceNumber, subSequenceNumber } = position;
  return subSequenceNumber === 0 ? sequenceNumber : `${sequenceNumber}/${subSequenceNumber}`;
}

const rank = (position: CheckpointPosition): number =>
  typeof position === 'string' ? RANK[position] : RECORD_RANK;

/** -1, 0 or 1: AT_TIMESTAMP < TRIM_HORIZON < LATEST < any record < SHARD_END. */
export function comparePositions(a: CheckpointPosition, b: CheckpointPosition): -1 | 0 | 1 {
  if (typeof a === 'string' || typeof b === 'string') return sign(rank(a) - rank(b));
  const left = BigInt(a.sequenceNumber);
  const right = BigInt(b.sequenceNumber);
  if (left !== right) return left < right ? -1 : 1;
  return sign(a.subSequenceNumber - b.subSequenceNumber);
}

const sign = (difference: number): -1 | 0 | 1 => (difference < 0 ? -1 : difference > 0 ? 1 : 0);

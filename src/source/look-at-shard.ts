/** One look into a shard, for people: what lies unread after a position. Costs one of the shard's five reads a
 *  second. */
import { errorName, isThrottle } from '../errors.ts';
import type { KinesisReader } from './kinesis-reader.ts';
import { iteratorPlace, type ReadPosition } from './start-position.ts';

export type ShardLook =
  | {
      readonly kind: 'read';
      /** When the next record arrived; undefined when there is none, or Kinesis does not say. Ms since 1970. */
      readonly arrivedAtMs: number | undefined;
      /** As Kinesis says; it may not say. Unit: ms. */
      readonly millisBehindLatest: number | undefined;
    }
  /** Kinesis does not take the position: older than the retention, or of another stream. */
  | { readonly kind: 'refused' }
  /** The stream has no such shard (any more). */
  | { readonly kind: 'gone' }
  /** Others use up the shard's reads. */
  | { readonly kind: 'throttled' };

const NEVER = new AbortController().signal;

/** @throws what Kinesis throws beside the outcomes above. */
export async function lookAtShard(
  reader: KinesisReader,
  stream: string,
  shardId: string,
  position: ReadPosition,
): Promise<ShardLook> {
  try {
    const iterator = await reader.getShardIterator(
      { StreamName: stream, ShardId: shardId, ...iteratorPlace(position) },
      NEVER,
    );
    const { Records, MillisBehindLatest } = await reader.getRecords(iterator, 1, NEVER);
    return {
      kind: 'read',
      arrivedAtMs: Records?.[0]?.ApproximateArrivalTimestamp?.getTime(),
      millisBehindLatest: MillisBehindLatest,
    };
  } catch (error) {
    const name = errorName(error);
    if (name === 'InvalidArgumentException') return { kind: 'refused' };
    if (name === 'ResourceNotFoundException') return { kind: 'gone' };
    if (isThrottle(error)) return { kind: 'throttled' };
    throw error;
  }
}

/** How old the next unread record is; undefined when that is not known, which is not 0. Unit: ms. */
export function lagOf(look: ShardLook, wallMs: number): number | undefined {
  if (look.kind !== 'read') return undefined;
  return look.arrivedAtMs === undefined ? look.millisBehindLatest : Math.max(0, wallMs - look.arrivedAtMs);
}

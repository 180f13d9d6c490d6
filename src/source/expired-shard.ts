import { errorName, MeterError } from '../errors.ts';
import type { KinesisReader } from './kinesis-reader.ts';
import { listShardsOnce, type ShardDescription } from './list-shards.ts';
import type { ChildShard } from './record.ts';
import { describePosition, type ReadPosition } from './start-position.ts';

/** The children of a shard, of a whole listing. */
export const childrenIn = (shards: readonly ShardDescription[], parentId: string): ChildShard[] =>
  shards
    .filter(({ parentShardIds }) => parentShardIds.includes(parentId))
    .map(({ shardId, parentShardIds, startingHashKey, endingHashKey }) => ({
      shardId,
      parentShardIds,
      startingHashKey,
      endingHashKey,
    }));

/**
 * Kinesis says that it does not know a shard. One such answer proves nothing: only when the stream is there and
 * lists other shards but not this one, the shard is closed and past the retention. Then its children; else
 * 'listed'. @throws what the listing throws, but for a missing stream.
 */
export async function childrenOfExpired(
  reader: KinesisReader,
  stream: string,
  shardId: string,
  signal: AbortSignal,
): Promise<readonly ChildShard[] | 'listed'> {
  try {
    const shards = await listShardsOnce(reader, stream, signal);
    const isExpired = shards.length > 0 && shards.every((shard) => shard.shardId !== shardId);
    return isExpired ? childrenIn(shards, shardId) : 'listed';
  } catch (error) {
    if (errorName(error) === 'ResourceNotFoundException') return 'listed';
    throw error;
  }
}

/** Kinesis will not read the shard from there, and nobody can say what is right. */
export const positionRefused = (
  stream: string,
  shardId: string,
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

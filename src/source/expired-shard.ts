import { errorName } from '../errors.ts';
import type { KinesisReader } from './kinesis-reader.ts';
import { listShardsOnce, type ShardDescription } from './list-shards.ts';
import type { ChildShard } from './record.ts';

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

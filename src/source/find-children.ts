import { errorName } from '../errors.ts';
import type { KinesisReader } from './kinesis-reader.ts';
import { listShardsOnce, type ShardDescription } from './list-shards.ts';
import type { ChildShard } from './record.ts';
import { childShardsOf, type NamesChildren } from './record-page.ts';

/** Where to look. */
export interface ShardPlace {
  readonly stream: string;
  readonly shardId: string;
}

/** The children of a shard that seems to have ended: those that the answer names, else those of the stream's
 *  listing; none when the shard has none, or when the answer says that records are left. A null iterator or
 *  continuation alone is no end: KCL distrusts it too, and there are engines that name children in the listing only.
 *  Source: KCL KinesisDataFetcher.getGetRecordsResponse. */
export async function findChildren(
  reader: KinesisReader,
  { stream, shardId }: ShardPlace,
  answer: NamesChildren,
  signal: AbortSignal,
): Promise<ChildShard[]> {
  const named = childShardsOf(answer);
  if (named.length > 0) return named;
  if ((answer.MillisBehindLatest ?? 0) > 0) return [];
  return childrenIn(await listShardsOnce(reader, stream, signal), shardId);
}

/**
 * Kinesis says that it does not know a shard. One such answer proves nothing: only when the stream is there and
 * lists other shards but not this one, the shard is closed and past the retention. Then its children; else
 * 'listed'. @throws what the listing throws, but for a missing stream.
 */
export async function childrenOfExpired(
  reader: KinesisReader,
  { stream, shardId }: ShardPlace,
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

const childrenIn = (shards: readonly ShardDescription[], parentId: string): ChildShard[] =>
  shards
    .filter(({ parentShardIds }) => parentShardIds.includes(parentId))
    .map(({ shardId, parentShardIds, startingHashKey, endingHashKey }) => ({
      shardId,
      parentShardIds,
      startingHashKey,
      endingHashKey,
    }));

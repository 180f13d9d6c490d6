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

/** The children of a shard that seems to have ended. */
export interface FoundChildren {
  /** None when the shard has none, or when the answer says that records are left. */
  readonly childShards: readonly ChildShard[];
  /** By the answer itself. What only the listing says, it says of a later time: records may have come between the
   *  answer and the closing, so that the shard must be read once more. */
  readonly areNamed: boolean;
}

/** Looks for the children in the answer, then in the stream's listing. A null iterator or continuation alone is no
 *  end: KCL distrusts it too, and there are engines that name children in the listing only.
 *  Source: KCL KinesisDataFetcher.getGetRecordsResponse. */
export async function findChildren(
  reader: KinesisReader,
  { stream, shardId }: ShardPlace,
  answer: NamesChildren,
  signal: AbortSignal,
): Promise<FoundChildren> {
  const named = childShardsOf(answer);
  if (named.length > 0) return { childShards: named, areNamed: true };
  const mayHaveEnded = (answer.MillisBehindLatest ?? 0) === 0;
  const listed = mayHaveEnded ? childrenIn(await listShardsOnce(reader, stream, signal), shardId) : [];
  return { childShards: listed, areNamed: false };
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

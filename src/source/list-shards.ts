import type { Shard } from '@aws-sdk/client-kinesis';
import { errorName, MeterError } from '../errors.ts';
import { type RetryDeps, untilDone } from '../retry.ts';
import { KinesisReader, type KinesisSender } from './kinesis-reader.ts';
import type { ChildShard } from './record.ts';

/** A shard of the stream, open or closed. */
export interface ShardDescription extends ChildShard {
  /** None, one (split) or two (merge): parent, then adjacent parent. Named also when they are gone. */
  readonly parentShardIds: readonly string[];
  readonly startingSequenceNumber: string;
  /** Set once the shard is closed. */
  readonly endingSequenceNumber?: string;
}

export interface ListShardsDeps extends RetryDeps {
  readonly kinesis: KinesisSender;
}

function describe(shard: Shard): ShardDescription {
  const { SequenceNumberRange, HashKeyRange } = shard;
  const ending = SequenceNumberRange?.EndingSequenceNumber;
  return {
    shardId: shard.ShardId ?? '',
    parentShardIds: [shard.ParentShardId, shard.AdjacentParentShardId].filter((id) => id !== undefined),
    startingHashKey: HashKeyRange?.StartingHashKey ?? '',
    endingHashKey: HashKeyRange?.EndingHashKey ?? '',
    startingSequenceNumber: SequenceNumberRange?.StartingSequenceNumber ?? '',
    ...(ending ? { endingSequenceNumber: ending } : {}),
  };
}

/** One listing, without retries. A next token must come alone: with a stream's name the call is refused. */
export async function listShardsOnce(
  reader: KinesisReader,
  stream: string,
  signal: AbortSignal,
): Promise<ShardDescription[]> {
  const shards: ShardDescription[] = [];
  let nextToken: string | undefined;
  do {
    const page = await reader.listShards(
      nextToken ? { NextToken: nextToken } : { StreamName: stream },
      signal,
    );
    shards.push(...(page.Shards ?? []).map(describe));
    nextToken = page.NextToken;
  } while (nextToken);
  return shards;
}

/** All shards of `stream`, closed ones included while their data last.
 *  Throttling and an expired token start the listing afresh after a back-off, for as long as `signal` lets.
 *  @throws MeterError `stream-missing`. */
export async function listShards(
  deps: ListShardsDeps,
  stream: string,
  signal: AbortSignal,
): Promise<ShardDescription[]> {
  const reader = new KinesisReader(deps.kinesis, deps.clock);
  try {
    return await untilDone(() => listShardsOnce(reader, stream, signal), signal, deps);
  } catch (error) {
    if (errorName(error) !== 'ResourceNotFoundException') throw error;
    throw new MeterError(
      'stream-missing',
      `There is no stream "${stream}" in this account and region. Check SUPERSIM_STREAM and AWS_REGION.`,
      { cause: error },
    );
  }
}

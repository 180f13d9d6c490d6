/** GetRecords' answer in our words. */
import type { GetRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import type { ChildShard, StreamRecord } from './record.ts';

const NO_DATA = new Uint8Array();

export const toRecords = (answer: GetRecordsCommandOutput): StreamRecord[] =>
  (answer.Records ?? []).map((record) => ({
    sequenceNumber: record.SequenceNumber ?? '',
    partitionKey: record.PartitionKey ?? '',
    arrivedAtMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    data: record.Data ?? NO_DATA,
  }));

/** The child shards that the answer itself names; none before the shard's end. */
export const childShardsOf = (answer: GetRecordsCommandOutput): ChildShard[] =>
  (answer.ChildShards ?? []).map((child) => ({
    shardId: child.ShardId ?? '',
    parentShardIds: child.ParentShards ?? [],
    startingHashKey: child.HashKeyRange?.StartingHashKey ?? '',
    endingHashKey: child.HashKeyRange?.EndingHashKey ?? '',
  }));

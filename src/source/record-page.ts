/** What GetRecords and SubscribeToShard bring, in our words. */
import type { GetRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import type { ChildShard, StreamRecord } from './record.ts';

const NO_DATA = new Uint8Array();

/** The answers' common part: a page of GetRecords or an event of SubscribeToShard. */
export type BringsRecords = Pick<GetRecordsCommandOutput, 'Records'>;
export type NamesChildren = Pick<GetRecordsCommandOutput, 'ChildShards' | 'MillisBehindLatest'>;

export const toRecords = (answer: BringsRecords): StreamRecord[] =>
  (answer.Records ?? []).map((record) => ({
    sequenceNumber: record.SequenceNumber ?? '',
    partitionKey: record.PartitionKey ?? '',
    arrivedAtMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    data: record.Data ?? NO_DATA,
  }));

export const dataBytes = (records: readonly StreamRecord[]): number =>
  records.reduce((sum, { data }) => sum + data.length, 0);

/** The child shards that the answer itself names; none before the shard's end. */
export const childShardsOf = (answer: NamesChildren): ChildShard[] =>
  (answer.ChildShards ?? []).map((child) => ({
    shardId: child.ShardId ?? '',
    parentShardIds: child.ParentShards ?? [],
    startingHashKey: child.HashKeyRange?.StartingHashKey ?? '',
    endingHashKey: child.HashKeyRange?.EndingHashKey ?? '',
  }));

/** One Kinesis record as read, and one page of them. */
export interface StreamRecord {
  /** Decimal digits; order within a shard is numeric. */
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** Kinesis's approximate arrival time, ms since 1970. For lag only, never for order. */
  readonly arrivedAtMs: number;
  readonly data: Uint8Array;
}

export interface ChildShard {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}

/** What reading on brings. `stalled`: no answer for long, whatever was tried; the shard should go to another. */
export type NextPage = RecordPage | 'aborted' | 'stalled';

export interface ReadGap {
  /** Where reading should have gone on: a sequence number, a sentinel or a time. */
  readonly after: string;
  /** The first record after the gap; undefined when the shard has no more. */
  readonly firstSequenceNumber: string | undefined;
}

export interface RecordPage {
  readonly records: readonly StreamRecord[];
  /** How far behind the tip this page is, in ms; undefined is unknown, not zero. */
  readonly millisBehindLatest: number | undefined;
  /** Nothing was left to read: no time behind, and fewer records than asked for. The lag alone does not tell:
   *  engines compute it from arrival times, and call a full page of one millisecond caught up. */
  readonly isAtTip: boolean;
  /** Set on the last page of a closed shard: iterator null and child shards named. */
  readonly shardEnd?: { readonly childShards: readonly ChildShard[] };
  /** Sum of the records' data lengths. */
  readonly bytes: number;
  /** Between the checkpoint and this page records are missing, or may be: retention took them. */
  readonly gap?: ReadGap;
}

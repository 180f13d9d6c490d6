/** What the worker counts, as plain methods: the core knows no metrics library. No name of a SIM, a session or
 *  an account is ever a parameter, so none can become a label. */

/** What became of every event of one batch. Always: read = applied + duplicate + ignored + dead-lettered. */
export interface BatchCounts {
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  /** Of the applied events' windows. */
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  readonly ignored: ReadonlyMap<string, number>;
  readonly deadLettered: ReadonlyMap<string, number>;
  readonly anomalies: ReadonlyMap<string, number>;
}

/** What a page tells: a `RecordPage` fits. */
export interface PageCounts {
  readonly records: { readonly length: number };
  readonly bytes: number;
  /** Undefined is unknown: no sample, not zero. */
  readonly millisBehindLatest: number | undefined;
}

export type LeaseChange =
  | 'taken'
  | 'lost'
  | 'released'
  | 'handed-over'
  | 'stalled'
  | 'created'
  | 'removed'
  | 'finished';
export type StoreWrite = 'session' | 'page' | 'dead-letter' | 'sim' | 'usage';
export type AwsService = 'kinesis' | 'dynamodb';

/** What reading a shard counts. */
export interface ReadMetrics {
  /** One GetRecords that succeeded. */
  recordsRead(shardId: string, elapsedMs: number): void;
  /** One attempt of any Kinesis call that failed and is repeated. */
  readFailed(errorName: string, isThrottle: boolean): void;
}

export interface Metrics extends ReadMetrics {
  /** One synchronous call per batch, so that no reader ever sees the sum out of balance.
   *  @throws MeterError `invariant-broken` when the batch itself is. */
  countBatch(batch: BatchCounts): void;
  /** A page was processed: lag, and records and bytes read. */
  readPage(shardId: string, page: PageCounts): void;
  /** A checkpoint was older than the retention: records may be lost. */
  gapFound(): void;
  /** All that was processed of the shard is checkpointed. */
  checkpointed(shardId: string): void;
  /** The shard is no longer ours: its series end. */
  forgetShard(shardId: string): void;
  /** Decoding and storing one page. */
  batchDone(elapsedMs: number): void;
  leasesHeld(count: number): void;
  leaseChanged(change: LeaseChange): void;
  wrote(kind: StoreWrite): void;
  /** A conditional write found that somebody else wrote first. */
  conflicted(): void;
  /** Where the session came from that events were folded upon. */
  sessionUsed(from: 'cache' | 'table'): void;
  /** Old or repeated events made the store read their dedup pages. */
  dedupPagesRead(): void;
  throttled(service: AwsService): void;
  awsFailed(service: AwsService, errorName: string): void;
  snapshot(): MetricsSnapshot;
}

/** Totals since the start; with `read = applied + duplicate + ignored + deadLettered` at every moment. */
export interface MetricsSnapshot {
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
  readonly ignoredByReason: Readonly<Record<string, number>>;
  readonly deadLetteredByReason: Readonly<Record<string, number>>;
  readonly anomalies: Readonly<Record<string, number>>;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  readonly records: number;
  readonly recordBytes: number;
  readonly writes: number;
  readonly conflicts: number;
  readonly throttles: number;
  readonly gaps: number;
}

/** What the worker counts, as plain methods: the core knows no metrics library. No name of a SIM, a session or
 *  an account is ever a parameter, so none can become a label. */

/** What became of every event of one batch. Always: read = applied + duplicate + ignored + dead-lettered. */
export interface BatchCounts {
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  /** The applied ones by type, such as `data-session.updated`: a fixed few. */
  readonly appliedByType: ReadonlyMap<string, number>;
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

export const LEASE_CHANGES = [
  'taken',
  'lost',
  'released',
  'handed-over',
  'stalled',
  'created',
  'removed',
  'finished',
] as const;
export type LeaseChange = (typeof LEASE_CHANGES)[number];
export const STORE_WRITES = ['session', 'page', 'dead-letter', 'sim', 'usage'] as const;
export type StoreWrite = (typeof STORE_WRITES)[number];
/** DynamoDB twice: a lease table that is away stops other things than data tables do. */
export const AWS_SERVICES = ['kinesis', 'dynamodb', 'lease-table'] as const;
export type AwsService = (typeof AWS_SERVICES)[number];

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
  /** `units`: write units, by the item's size. */
  wrote(kind: StoreWrite, units: number): void;
  /** A session was written: bytes whose events never arrived, as of the write before and of this one. */
  missed(before: bigint, after: bigint): void;
  /** Events became durable, that arrived in Kinesis then. */
  madeDurable(events: readonly { readonly arrivedAtMs: number }[]): void;
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
  readonly appliedByType: Readonly<Record<string, number>>;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  /** Bytes that this run's writes found missing in sessions, less those that late events made up. */
  readonly missingBytes: bigint;
  /** Sessions that became short of bytes, less those that became whole. */
  readonly shortSessions: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly writes: number;
  readonly writeUnits: number;
  readonly conflicts: number;
  readonly throttles: number;
  readonly gaps: number;
}

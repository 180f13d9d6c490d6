/** What a shard's handler gets, and what it answers. */
import type { CheckpointPosition, RecordPosition } from './checkpoint-position.ts';
import type { ChildShardDescription, HashRange, WorkerId } from './lease.ts';

export type LeaseLost = { readonly kind: 'lost'; readonly owner: WorkerId | undefined };
export type CheckpointOutcome =
  | { readonly kind: 'stored' }
  /** Not ahead of what is stored: nothing was written. */
  | { readonly kind: 'unchanged' }
  | LeaseLost;
export type FinishOutcome = { readonly kind: 'finished' } | LeaseLost;

/** A lease while this process holds it. Losing it is a value and a signal, never an error. */
export interface HeldLease {
  /** Unique among all streams of the table. */
  readonly leaseKey: string;
  readonly shardId: string;
  /** See `Lease.streamId`; undefined in a table of one stream. */
  readonly streamId: string | undefined;
  /** The checkpoint found when the lease was taken. */
  readonly startAt: CheckpointPosition;
  /** What LATEST or AT_TIMESTAMP in `startAt` means, as resolved when the lease began. Unit: ms since 1970. */
  readonly startTimestampMs: number | undefined;
  readonly hashRange: HashRange | undefined;
  /** Aborts when the lease is lost: write nothing more for this shard. Its reason is an `AbortError`. */
  readonly lost: AbortSignal;
  /** Aborts when the reader should finish what is in flight, checkpoint and return: shutdown, hand-off, or lost. */
  readonly stopping: AbortSignal;
  /** Whether nobody else can have the lease yet, by this process's monotonic clock alone. False after a pause or
   *  an outage until a renewal succeeds. Ask before each effect. */
  isValid(): boolean;
  /** Resolves as soon as the lease is (again) valid, or lost. An outage of the table suspends, it does not lose. */
  waitUntilValid(): Promise<'valid' | 'lost'>;
  /** Stores progress, forward only; also counts as a renewal. Retries what can be retried until lost.
   *  @throws what `classify` calls fatal or aborted. */
  checkpoint(position: RecordPosition): Promise<CheckpointOutcome>;
  /** Creates the children's leases, then stores SHARD_END. Retries like `checkpoint`. */
  finish(childShards: readonly ChildShardDescription[]): Promise<FinishOutcome>;
  /** The reader says whether it is at the shard's tip with everything checkpointed. */
  setReadToTip(value: boolean): void;
}

export type ShardRunOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stopped' }
  /** Reading makes no progress here: the lease is given back, and others have the first try. */
  | { readonly kind: 'stalled' }
  /** The shard cannot go on without a person. Its lease is kept and renewed, so that the fleet does not pass it
   *  round, and it is visible in `leases()`. */
  | { readonly kind: 'parked'; readonly reason: string };

/** Reads one shard. A rejection is fatal for the worker. */
export interface ShardHandler {
  run(lease: HeldLease): Promise<ShardRunOutcome>;
}

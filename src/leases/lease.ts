/** The words of leases, as values. Attribute names of the table live in `lease-item.ts`. */
import type { CheckpointPosition, Sentinel } from './checkpoint-position.ts';

/** One process. Must be unique: two processes of one name would each take the other's writes for their own. */
export type WorkerId = string;

/** Inclusive, decimal, 0 … 2^128 - 1. */
export interface HashRange {
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}

/** One row of the lease table. */
export interface Lease {
  /** The shard's id. */
  readonly leaseKey: string;
  readonly owner: WorkerId | undefined;
  /** Grows by one with every write: heartbeat and fencing token in one. A safe integer. */
  readonly counter: number;
  readonly checkpoint: CheckpointPosition;
  readonly ownerSwitchesSinceCheckpoint: number;
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
  readonly hashRange: HashRange | undefined;
  /** The counter at which the owner had read its shard to the tip, see `hasReadToTip`. */
  readonly readToTipCounter: number | undefined;
}

/** Where a shard that has no lease yet is read from. */
export type InitialPosition = Exclude<Sentinel, 'SHARD_END'>;

/** A row about to be created: nobody's, counter 0. */
export interface NewLease {
  readonly leaseKey: string;
  readonly checkpoint: InitialPosition;
  readonly parentShardIds: readonly string[];
  readonly hashRange: HashRange | undefined;
}

/** A shard as Kinesis lists it. Open when it has no ending sequence number. */
export interface ShardDescription extends HashRange {
  readonly shardId: string;
  /** None, one (split) or two (merge: parent and adjacent parent). */
  readonly parentShardIds: readonly string[];
  readonly startingSequenceNumber: string;
  readonly endingSequenceNumber?: string | undefined;
}

/** A child as the last page of a closed shard names it. */
export interface ChildShardDescription extends HashRange {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
}

export const isFinished = (lease: Lease): boolean => lease.checkpoint === 'SHARD_END';

/**
 * Whether the owner says that it has read this shard to its tip and checkpointed it all.
 *
 * The claim is a number, not a flag: the owner writes `readToTipCounter` equal to the counter of the very same
 * write, and it holds only while both are equal. Any later write by anybody, a Java worker included, moves the
 * counter and so takes the claim back without knowing of it. Several draining workers see by this, with no
 * other talk, that all is read.
 */
export const hasReadToTip = (lease: Lease): boolean => lease.readToTipCounter === lease.counter;

export const newLeaseOf = (
  shard: ShardDescription | ChildShardDescription,
  checkpoint: InitialPosition,
): NewLease => ({
  leaseKey: shard.shardId,
  checkpoint,
  parentShardIds: shard.parentShardIds,
  hashRange: { startingHashKey: shard.startingHashKey, endingHashKey: shard.endingHashKey },
});

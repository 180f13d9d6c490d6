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
  /** See `leaseKeyOf`. */
  readonly leaseKey: string;
  readonly shardId: string;
  /** `<account>:<stream>:<creation time in s>` in a table of several streams; undefined in a table of one. */
  readonly streamId: string | undefined;
  readonly owner: WorkerId | undefined;
  /** Grows by one with every write: heartbeat and fencing token in one. A safe integer. */
  readonly counter: number;
  readonly checkpoint: CheckpointPosition;
  readonly ownerSwitchesSinceCheckpoint: number;
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
  readonly hashRange: HashRange | undefined;
  /** Ours, like all below: KCL neither reads nor removes what it does not know. */
  readonly ours: OwnAttributes;
  /** The row carries what only KCL 3 writes. */
  readonly hasKcl3Marks: boolean;
}

/** What this library keeps in a lease row beside KCL's attributes. */
export interface OwnAttributes {
  /** The counter at which the owner had read its shard to the tip, see `hasReadToTip`. */
  readonly readToTipCounter?: number | undefined;
  /** Who took the lease with this library; see `isOwnerOfOurs`. */
  readonly takenBy?: WorkerId | undefined;
  /** The worker that asks the owner to finish, checkpoint and hand the lease over. */
  readonly handOffTo?: WorkerId | undefined;
  /** In a row given back: by a worker that is stopping and must get nothing new. */
  readonly drainingOwner?: WorkerId | undefined;
  /** What LATEST or AT_TIMESTAMP meant when this lease began. Unit: ms since 1970. */
  readonly startTimestampMs?: number | undefined;
  /** When the stream was made: another time is another stream of the same name. Unit: ms since 1970. */
  readonly streamCreatedAtMs?: number | undefined;
}

/** Where a shard that has no lease yet is read from. */
export type InitialPosition = Exclude<Sentinel, 'SHARD_END'>;

/** A row about to be created: nobody's, counter 0. */
export interface NewLease {
  readonly leaseKey: string;
  readonly shardId: string;
  readonly streamId: string | undefined;
  readonly checkpoint: InitialPosition;
  readonly parentShardIds: readonly string[];
  readonly hashRange: HashRange | undefined;
  readonly startTimestampMs?: number | undefined;
  readonly streamCreatedAtMs?: number | undefined;
}

/** KCL's key: the shard's id; in a table of several streams `<streamId>:<shardId>`.
 *  Source: KCL leases/MultiStreamLease.java. */
export const leaseKeyOf = (streamId: string | undefined, shardId: string): string =>
  streamId === undefined ? shardId : `${streamId}:${shardId}`;

/** The keys of the parents' leases; the row itself names shards. */
export const parentLeaseKeys = ({
  streamId,
  parentShardIds,
}: Pick<Lease, 'streamId' | 'parentShardIds'>): readonly string[] =>
  parentShardIds.map((parent) => leaseKeyOf(streamId, parent));

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
export const hasReadToTip = ({ ours, counter }: Lease): boolean => ours.readToTipCounter === counter;

/** Whether the owner took this lease with this library. A Java worker takes it without `takenBy`, or leaves the
 *  name of the owner before. */
export const isOwnerOfOurs = ({ owner, ours }: Lease): boolean =>
  owner !== undefined && ours.takenBy === owner;

/** A stream as the lease table knows it. */
export interface StreamIdentity {
  /** See `Lease.streamId`. */
  readonly streamId: string | undefined;
  /** Unit: ms since 1970; undefined when it cannot be known. */
  readonly createdAtMs: number | undefined;
}

export const newLeaseOf = (
  shard: ShardDescription | ChildShardDescription,
  checkpoint: InitialPosition,
  { streamId, createdAtMs }: StreamIdentity,
): NewLease => ({
  leaseKey: leaseKeyOf(streamId, shard.shardId),
  shardId: shard.shardId,
  streamId,
  streamCreatedAtMs: createdAtMs,
  checkpoint,
  parentShardIds: shard.parentShardIds,
  hashRange: { startingHashKey: shard.startingHashKey, endingHashKey: shard.endingHashKey },
});

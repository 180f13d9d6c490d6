/** Which finished leases are needed no more. Pure. */
import { isFinished, type Lease, type ShardDescription } from './lease.ts';

export interface CleanupInput {
  /** Every shard Kinesis lists of the stream, the closed ones too. */
  readonly shards: readonly ShardDescription[];
  /** The leases of that stream. */
  readonly leases: readonly Lease[];
}

/**
 * The leases to delete: finished, with no parent's lease left, and with every child's lease begun, so that nothing
 * would make them again and no child could be taken for one that nobody covers. A child that has no record yet
 * keeps its parent's lease; it is let go when the parent's shard itself is past the retention.
 * Source: KCL leases/LeaseCleanupManager.java, which deletes without a condition; our caller has one.
 */
export function leasesToDelete({ shards, leases }: CleanupInput): readonly Lease[] {
  // No shard at all is no listing to act on.
  if (shards.length === 0) return [];
  const leaseOf = new Map(leases.map((lease) => [lease.shardId, lease]));
  const listed = new Set(shards.map((shard) => shard.shardId));
  const hasBegun = (shardId: string): boolean => {
    const checkpoint = leaseOf.get(shardId)?.checkpoint;
    return typeof checkpoint === 'object' || checkpoint === 'SHARD_END';
  };
  return leases.filter((lease) => {
    if (!isFinished(lease) || lease.parentShardIds.some((parent) => leaseOf.has(parent))) return false;
    const children = shards.filter((shard) => shard.parentShardIds.includes(lease.shardId));
    const childIds = new Set([...children.map((shard) => shard.shardId), ...lease.childShardIds]);
    if (!listed.has(lease.shardId))
      return [...childIds].every((child) => leaseOf.has(child) || !listed.has(child));
    return childIds.size > 0 && [...childIds].every(hasBegun);
  });
}

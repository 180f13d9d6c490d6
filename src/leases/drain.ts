/** Whether the whole stream has been read to its tip, as far as the table and the shards' list tell. Pure. */

import type { StreamListing } from './dependencies.ts';
import { hasReadToTip, isFinished, leaseKeyOf } from './lease.ts';
import type { LeaseSession } from './lease-session.ts';
import { isOpen } from './lineage.ts';
import type { ObservedLease } from './observed-leases.ts';

const CHANGES_SEEN_MIN = 2;

/**
 * Whether every lease of a listing is finished, at its tip with us, or claimed to be so by its owner.
 *
 * A claim counts only on a row that this process has seen change twice: a lease given back at the tip of last
 * week's run still carries its claim, and the first write that we see may speak of a read before we began.
 */
export const isAllReadToTip = (
  observed: readonly ObservedLease[],
  session: (leaseKey: string) => Pick<LeaseSession, 'isReadToTip'> | undefined,
): boolean =>
  observed.every(({ lease, changesSeen }) => {
    const isClaimed = changesSeen >= CHANGES_SEEN_MIN && hasReadToTip(lease);
    return isFinished(lease) || (session(lease.leaseKey)?.isReadToTip ?? isClaimed);
  });

/** Whether each open shard of a list made AFTER the listing has a lease in it. Children made in between are not
 *  in the listing: they have not been read, whatever their parents claimed. */
export function isEveryShardListed(
  streams: readonly StreamListing[],
  observed: readonly ObservedLease[],
): boolean {
  const keys = new Set(observed.map(({ lease }) => lease.leaseKey));
  return streams.every(({ streamId, shards }) =>
    shards.filter(isOpen).every((shard) => keys.has(leaseKeyOf(streamId, shard.shardId))),
  );
}

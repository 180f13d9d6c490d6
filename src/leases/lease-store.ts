/** The port to the lease table. Expected outcomes are values; whatever the SDK throws comes through. */
import type { RecordPosition } from './checkpoint-position.ts';
import type { Lease, NewLease, OwnAttributes, WorkerId } from './lease.ts';

export interface UnreadableRow {
  readonly leaseKey: string | undefined;
  readonly reason: string;
}

export interface LeaseListing {
  readonly leases: readonly Lease[];
  /** Rows that are no lease, or a broken one. They never fail the listing: one bad row must not stop a fleet. */
  readonly unreadable: readonly UnreadableRow[];
}

/** What became of a conditional write. */
export type LeaseWrite =
  /** Stored. `recovered`: the condition failed, but the row is what this write makes of it: an earlier try was
   *  applied and its answer lost. */
  | { readonly kind: 'written'; readonly lease: Lease; readonly recovered: boolean }
  /** Nothing stored, but the row still names this owner: another write of ours, whose answer was lost, came first,
   *  or what the write was about has changed. Take this row and try again. */
  | { readonly kind: 'stale'; readonly lease: Lease }
  /** Nothing stored: somebody else has the lease (undefined: nobody, or the row is gone). */
  | { readonly kind: 'lost'; readonly owner: WorkerId | undefined };

/** What became of a request that leaves the counter alone. */
export type AskOutcome =
  | { readonly kind: 'asked' }
  /** The lease has another owner by now, or somebody else asked first. */
  | { readonly kind: 'refused' };

/** What a take stores where the row does not say it yet. */
export type TakeStamp = Pick<OwnAttributes, 'startTimestampMs' | 'streamCreatedAtMs'>;

export interface ReleaseOptions {
  readonly readToTip: boolean;
  /** The owner is stopping: others see by it that it must get nothing new. */
  readonly isDraining: boolean;
}

/** Every write but `create`, `ask` and `withdraw` is refused unless the row still has `lease.counter` (and, but
 *  for `take`, `lease.owner`), and adds one to it. A `written` lease is the row as it is now, with what others
 *  have asked. `readToTip` stores the claim explained at `hasReadToTip`. */
export interface LeaseStore {
  list(): Promise<LeaseListing>;
  /** A consistent read; undefined when there is no such row or it is unreadable. */
  get(leaseKey: string): Promise<Lease | undefined>;
  create(lease: NewLease): Promise<'created' | 'exists'>;
  take(lease: Lease, by: WorkerId, stamp: TakeStamp): Promise<LeaseWrite>;
  renew(lease: Lease, readToTip: boolean): Promise<LeaseWrite>;
  /** A renewal that says no to whoever asked for the lease. */
  decline(lease: Lease, readToTip: boolean): Promise<LeaseWrite>;
  /** Stores the position. That it is ahead of `lease.checkpoint` is the caller's to check. */
  checkpoint(lease: Lease, position: RecordPosition, readToTip: boolean): Promise<LeaseWrite>;
  /** Stores SHARD_END and the children's names. */
  finish(lease: Lease, childShardIds: readonly string[]): Promise<LeaseWrite>;
  /** Makes the lease nobody's, so that others take it at once. */
  release(lease: Lease, options: ReleaseOptions): Promise<LeaseWrite>;
  /** Makes the lease another worker's, which takes it as its own when it sees it. `stale` when that worker asks no
   *  more: it may have ended, and would keep the lease from everybody for a failover time. */
  handOver(lease: Lease, to: WorkerId): Promise<LeaseWrite>;
  /** Asks the owner to hand the lease over; it learns of it with its next write. */
  ask(lease: Lease, by: WorkerId): Promise<AskOutcome>;
  /** Takes an `ask` back; nothing happens if it was answered. */
  withdraw(leaseKey: string, by: WorkerId): Promise<void>;
  /** Deletes a finished lease that nobody has changed since. */
  remove(lease: Lease): Promise<'removed' | 'refused'>;
}

/** What each write makes of a lease. Pure: the store writes it, and recognises it after a lost answer. */
import { type CheckpointPosition, comparePositions, type RecordPosition } from './checkpoint-position.ts';
import type { Lease, WorkerId } from './lease.ts';
import type { LeaseWrite, ReleaseOptions, TakeStamp } from './lease-store.ts';

const written = (lease: Lease, ours: Lease['ours'] = {}): Lease => ({
  ...lease,
  counter: lease.counter + 1,
  ours: { ...lease.ours, ...ours },
});

/** The claim of `hasReadToTip`, for the very write that carries it. */
const tipClaim = (lease: Lease, readToTip: boolean): Lease['ours'] =>
  readToTip ? { readToTipCounter: lease.counter + 1 } : {};

export const renewed = (lease: Lease, readToTip: boolean): Lease =>
  written(lease, tipClaim(lease, readToTip));

/** The owner's no to whoever asked for the lease. */
export const declined = (lease: Lease, readToTip: boolean): Lease =>
  written(lease, { ...tipClaim(lease, readToTip), handOffTo: undefined });

export const released = (lease: Lease, { readToTip, isDraining }: ReleaseOptions): Lease => ({
  ...written(lease, {
    ...tipClaim(lease, readToTip),
    handOffTo: undefined,
    drainingOwner: isDraining ? lease.owner : undefined,
  }),
  owner: undefined,
});

const owned = (lease: Lease, by: WorkerId, ours: Lease['ours']): Lease => ({
  ...written(lease, { ...ours, takenBy: by, handOffTo: undefined, drainingOwner: undefined }),
  owner: by,
  ownerSwitchesSinceCheckpoint:
    lease.ownerSwitchesSinceCheckpoint + (lease.owner === undefined || lease.owner === by ? 0 : 1),
});

/** What `stamp` knows is stored only where the row does not say it yet. */
export const taken = (lease: Lease, by: WorkerId, stamp: TakeStamp): Lease =>
  owned(lease, by, {
    startTimestampMs: lease.ours.startTimestampMs ?? stamp.startTimestampMs,
    streamCreatedAtMs: lease.ours.streamCreatedAtMs ?? stamp.streamCreatedAtMs,
  });

export const handedOver = (lease: Lease, to: WorkerId): Lease => owned(lease, to, {});

const moved = (lease: Lease, checkpoint: CheckpointPosition, readToTip: boolean): Lease => ({
  ...renewed(lease, readToTip),
  checkpoint,
  ownerSwitchesSinceCheckpoint: 0,
});

export const checkpointed = (lease: Lease, position: RecordPosition, readToTip: boolean): Lease =>
  moved(lease, position, readToTip);

export const finished = (lease: Lease, childShardIds: readonly string[]): Lease => ({
  ...written(lease, { handOffTo: undefined }),
  checkpoint: 'SHARD_END',
  ownerSwitchesSinceCheckpoint: 0,
  childShardIds,
});

/** Judges a write of `us` whose condition failed by the row that made it fail. */
export function judgeRefused(
  before: Lease,
  wanted: Lease,
  row: Lease | undefined,
  us: WorkerId | undefined,
): LeaseWrite {
  if (row === undefined) return { kind: 'lost', owner: undefined };
  const isWanted =
    row.owner === wanted.owner &&
    row.counter === wanted.counter &&
    comparePositions(row.checkpoint, wanted.checkpoint) === 0;
  if (isWanted) return { kind: 'written', lease: row, recovered: true };
  // A later counter under our name is another write of ours, the same one another reason than the counter. A lower
  // one means that the row was made anew.
  if (row.owner !== undefined && row.owner === us && row.counter >= before.counter) {
    return { kind: 'stale', lease: row };
  }
  return { kind: 'lost', owner: row.owner };
}

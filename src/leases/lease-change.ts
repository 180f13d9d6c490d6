/** What each write makes of a lease. Pure: the store writes it, and recognises it after a lost answer. */
import { type CheckpointPosition, comparePositions, type RecordPosition } from './checkpoint-position.ts';
import type { Lease, WorkerId } from './lease.ts';
import type { LeaseWrite } from './lease-store.ts';

const written = (lease: Lease, readToTip: boolean): Lease => ({
  ...lease,
  counter: lease.counter + 1,
  readToTipCounter: readToTip ? lease.counter + 1 : lease.readToTipCounter,
});

export const renewed = (lease: Lease, readToTip: boolean): Lease => written(lease, readToTip);

export const released = (lease: Lease, readToTip: boolean): Lease => ({
  ...written(lease, readToTip),
  owner: undefined,
});

export const taken = (lease: Lease, by: WorkerId): Lease => ({
  ...written(lease, false),
  owner: by,
  ownerSwitchesSinceCheckpoint:
    lease.ownerSwitchesSinceCheckpoint + (lease.owner === undefined || lease.owner === by ? 0 : 1),
});

const moved = (lease: Lease, checkpoint: CheckpointPosition, readToTip: boolean): Lease => ({
  ...written(lease, readToTip),
  checkpoint,
  ownerSwitchesSinceCheckpoint: 0,
});

export const checkpointed = (lease: Lease, position: RecordPosition, readToTip: boolean): Lease =>
  moved(lease, position, readToTip);

export const finished = (lease: Lease, childShardIds: readonly string[]): Lease => ({
  ...moved(lease, 'SHARD_END', false),
  childShardIds,
});

/** Judges a write whose condition failed by the row that made it fail. */
export function judgeRefused(before: Lease, wanted: Lease, row: Lease | undefined): LeaseWrite {
  if (row === undefined) return { kind: 'lost', owner: undefined };
  const isWanted =
    row.owner === wanted.owner &&
    row.counter === wanted.counter &&
    comparePositions(row.checkpoint, wanted.checkpoint) === 0;
  if (isWanted) return { kind: 'written', lease: row, recovered: true };
  // A later counter under our name is another write of ours. A lower one means that the row was made anew.
  const us = wanted.owner ?? before.owner;
  if (row.owner !== undefined && row.owner === us && row.counter > before.counter) {
    return { kind: 'stale', lease: row };
  }
  return { kind: 'lost', owner: row.owner };
}

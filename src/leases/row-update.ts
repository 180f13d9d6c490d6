/** The update of a lease row, in DynamoDB's words. Pure. */
import { type RecordPosition, toStored } from './checkpoint-position.ts';
import type { Lease } from './lease.ts';
import type { Item } from './lease-item.ts';

/** One UpdateExpression in parts; `set` is attribute → value. */
export interface RowUpdate {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

const PENDING = ['pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState'];

/** The attributes that `wanted` has otherwise than `lease`, and those in `extra`. */
export function changesOf(lease: Lease, wanted: Lease, extra: RowUpdate): Required<RowUpdate> {
  const [before, after] = [lease, wanted].map(
    ({ owner, ownerSwitchesSinceCheckpoint, ours }): Item => ({
      leaseOwner: owner,
      ownerSwitchesSinceCheckpoint,
      ...ours,
    }),
  ) as [Item, Item];
  const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
  const set = changed.filter((name) => after[name] !== undefined).map((name) => [name, after[name]]);
  return {
    set: { leaseCounter: wanted.counter, ...Object.fromEntries(set), ...extra.set },
    remove: [...changed.filter((name) => after[name] === undefined), ...(extra.remove ?? [])],
  };
}

export function expressionOf(set: readonly string[], remove: readonly string[]): string {
  // An attribute named twice is refused.
  const removes = remove.length === 0 ? '' : ` REMOVE ${[...new Set(remove)].join(', ')}`;
  return `SET ${set.map((name) => `${name} = :${name}`).join(', ')}${removes}`;
}

/** A checkpoint's part of the row. Removing `pending…` ends KCL's two-phase checkpoint, as its own does. */
export function progressOf(position: RecordPosition | 'SHARD_END'): Required<RowUpdate> {
  const { checkpoint, subSequenceNumber } = toStored(position);
  return {
    set: { checkpoint, checkpointSubSequenceNumber: subSequenceNumber, ownerSwitchesSinceCheckpoint: 0 },
    remove: PENDING,
  };
}

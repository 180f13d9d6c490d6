/** What a person is told of each row of a lease table. Pure. The table stores no time: whether an owner is alive shows
 *  only in a counter that moves between two looks. */
import { isFinished, type Lease } from './lease.ts';
import { leaseIn, type TableRow } from './lease-admin.ts';
import { isLease } from './lease-item.ts';
import { blockedLeaseKeys } from './lineage.ts';

/** `running`: owned, and its counter moved · `held`: owned, looked at only once · `expired?`: owned, and its counter
 *  stood still, though not yet for a failover time · `expired`: for so long · `free`: nobody's · `waiting`: nobody's
 *  until its parents are finished · `finished`: at SHARD_END · `unreadable`: no lease, or a broken one. */
export type LeaseState =
  | 'running'
  | 'held'
  | 'expired?'
  | 'expired'
  | 'free'
  | 'waiting'
  | 'finished'
  | 'unreadable';

export interface LeaseReport {
  readonly leaseKey: string;
  readonly state: LeaseState;
  /** Undefined when unreadable. */
  readonly lease: Lease | undefined;
  /** Why it is unreadable. */
  readonly reason: string | undefined;
  /** Owned, and its counter stood still at least so long; 0 when it moved; undefined when not known. Unit: ms. */
  readonly stillForMs: number | undefined;
}

/** The look before, and how long ago it was. */
export interface EarlierLook {
  readonly rows: readonly TableRow[];
  readonly elapsedMs: number;
}

/** One report per row, in the order of hash ranges, parents before their children. */
export function reportLeases(
  rows: readonly TableRow[],
  failoverTimeMs: number,
  earlier?: EarlierLook,
): readonly LeaseReport[] {
  const leases = rows.flatMap((row) => leaseIn(row) ?? []);
  const broken = rows.flatMap(({ row }) => (isLease(row) ? [] : (row.leaseKey ?? [])));
  const blocked = blockedLeaseKeys(leases, new Set(broken));
  const before = new Map(
    earlier?.rows.flatMap((row) => {
      const lease = leaseIn(row);
      return lease === undefined ? [] : [[lease.leaseKey, lease] as const];
    }),
  );
  const stillForMs = (lease: Lease): number | undefined => {
    if (earlier === undefined || lease.owner === undefined || isFinished(lease)) return undefined;
    const seen = before.get(lease.leaseKey);
    return seen?.counter === lease.counter && seen.owner === lease.owner ? earlier.elapsedMs : 0;
  };
  const reports = rows.map(({ row }): LeaseReport => {
    const { leaseKey = '' } = row;
    if (!isLease(row))
      return { leaseKey, state: 'unreadable', lease: undefined, reason: row.reason, stillForMs: undefined };
    const still = stillForMs(row);
    const state = stateOf(row, blocked.has(leaseKey), still, failoverTimeMs);
    return { leaseKey, state, lease: row, reason: undefined, stillForMs: still };
  });
  return reports.sort(byPlace);
}

function stateOf(
  lease: Lease,
  isBlocked: boolean,
  stillForMs: number | undefined,
  failoverTimeMs: number,
): LeaseState {
  if (isFinished(lease)) return 'finished';
  if (lease.owner === undefined) return isBlocked ? 'waiting' : 'free';
  if (stillForMs === undefined) return 'held';
  if (stillForMs === 0) return 'running';
  return stillForMs >= failoverTimeMs ? 'expired' : 'expired?';
}

const startOf = ({ lease }: LeaseReport): bigint | undefined => {
  const start = lease?.hashRange?.startingHashKey;
  return start !== undefined && /^\d+$/.test(start) ? BigInt(start) : undefined;
};

/** By stream, then by hash range, then by shard id, which grows with age; rows without a range come last. */
function byPlace(a: LeaseReport, b: LeaseReport): number {
  const [streamA, streamB] = [a.lease?.streamId ?? '', b.lease?.streamId ?? ''];
  if (streamA !== streamB) return streamA < streamB ? -1 : 1;
  const [startA, startB] = [startOf(a), startOf(b)];
  if (startA !== startB) {
    if (startA === undefined) return 1;
    if (startB === undefined) return -1;
    return startA < startB ? -1 : 1;
  }
  return a.leaseKey < b.leaseKey ? -1 : 1;
}

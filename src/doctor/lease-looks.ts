/** The lease table over a stretch of time: it stores no time, so only a counter that moves between two looks tells that
 *  its owner lives. */
import {
  type Lease,
  type LeaseAdmin,
  type LeaseReport,
  leaseIn,
  reportLeases,
  type TableRow,
} from '../leases/index.ts';
import type { Clock } from '../time.ts';

/** Owners renew every third of the failover time. */
const WATCH_SHARE = 0.4;
/** A little more than a failover time: by then a living fleet has taken what a dead worker held. */
const LONG_WATCH_SHARE = 1.2;

export interface LeaseLooks {
  readonly rows: readonly TableRow[];
  readonly leases: readonly Lease[];
  readonly reports: readonly LeaseReport[];
}

const isUnsettled = ({ state }: LeaseReport): boolean => state === 'expired?' || state === 'free';

/** Looks twice, and a third time after a failover time if some leases were not being renewed at the second. */
export async function lookAtLeases(
  admin: LeaseAdmin,
  { failoverTimeMs, clock }: { readonly failoverTimeMs: number; readonly clock: Clock },
): Promise<LeaseLooks> {
  const before = await admin.rows();
  const startedAtMs = clock.monotonicMs();
  const lookAgain = async (afterMs: number): Promise<LeaseLooks> => {
    await clock.sleep(startedAtMs + afterMs - clock.monotonicMs());
    const elapsedMs = Math.floor(clock.monotonicMs() - startedAtMs);
    const rows = await admin.rows();
    return {
      rows,
      leases: rows.flatMap((row) => leaseIn(row) ?? []),
      reports: reportLeases(rows, failoverTimeMs, { rows: before, elapsedMs }),
    };
  };
  const isEmpty = before.length === 0;
  const looks = await lookAgain(isEmpty ? 0 : failoverTimeMs * WATCH_SHARE);
  return looks.reports.some(isUnsettled) ? lookAgain(failoverTimeMs * LONG_WATCH_SHARE) : looks;
}

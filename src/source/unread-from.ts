import type { Lease } from '../leases/index.ts';
import type { ReadPosition } from './start-position.ts';

/** Where a lease's next unread record is; undefined when there is none or the row does not tell. */
export function unreadFrom({
  checkpoint,
  ours,
}: Pick<Lease, 'checkpoint' | 'ours'>): ReadPosition | undefined {
  if (checkpoint === 'SHARD_END') return undefined;
  if (checkpoint === 'TRIM_HORIZON') return checkpoint;
  if (typeof checkpoint === 'object') return { afterSequenceNumber: checkpoint.sequenceNumber };
  return ours.startTimestampMs === undefined ? undefined : { timestampMs: ours.startTimestampMs };
}

/** Where a lease's shard is, and where its unread records begin. Pure. */
import type { Lease } from '../leases/index.ts';
import { streamNameOf } from '../source/list-streams.ts';
import type { ReadPosition } from '../source/start-position.ts';

/** `shardId-000000000012` → 12; other names as they are. */
export const shortShardId = (shardId: string): string => shardId.replace(/^shardId-0*(?=\d)/, '');

/** The stream a lease is of; `stream` is the one of a table of one stream. */
export const streamOfLease = (
  { streamId }: Pick<Lease, 'streamId'>,
  { stream }: { readonly stream: string },
): string => (streamId === undefined ? stream : streamNameOf(streamId));

/** Where the next unread record is; undefined when there is none or the row does not tell. */
export function unreadFrom({
  checkpoint,
  ours,
}: Pick<Lease, 'checkpoint' | 'ours'>): ReadPosition | undefined {
  if (checkpoint === 'SHARD_END') return undefined;
  if (checkpoint === 'TRIM_HORIZON') return checkpoint;
  if (typeof checkpoint === 'object') return { afterSequenceNumber: checkpoint.sequenceNumber };
  return ours.startTimestampMs === undefined ? undefined : { timestampMs: ours.startTimestampMs };
}

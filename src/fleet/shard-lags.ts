/** How far behind each shard of the fleet is, by one look into the stream per shard: from the checkpoint on. */
import type { Lease } from '../leases/index.ts';
import { mapLimit } from '../retry.ts';
import type { KinesisReader } from '../source/kinesis-reader.ts';
import { lagOf, lookAtShard } from '../source/look-at-shard.ts';
import type { Clock } from '../time.ts';
import type { FleetShard } from './fleet.ts';
import { unreadFrom } from './lease-place.ts';

/** Shards looked into at once. */
const LOOKS_MAX = 8;

/** `refused`: Kinesis does not take the checkpoint · `gone`: no such shard (any more) · `throttled`: others use up the
 *  shard's reads · `untold`: the row or Kinesis does not say. Unknown is not 0. */
export type LagUnknown = 'refused' | 'gone' | 'throttled' | 'untold';

/** How old the oldest record is that is not checkpointed (ms), or why that is not known. */
export type ShardLag = number | LagUnknown;

export interface ShardLagDeps {
  readonly reader: KinesisReader;
  readonly clock: Clock;
}

/** @throws what Kinesis throws when it is away. */
export async function lookAtLag(
  { reader, clock }: ShardLagDeps,
  stream: string,
  lease: Pick<Lease, 'shardId' | 'checkpoint' | 'ours'>,
): Promise<ShardLag> {
  const position = unreadFrom(lease);
  if (position === undefined) return 'untold';
  const look = await lookAtShard(reader, stream, lease.shardId, position);
  return look.kind === 'read' ? (lagOf(look, clock.wallMs()) ?? 'untold') : look.kind;
}

/** Lease key → lag, for those of `shards` that have something to read. Costs one of each shard's five reads a second.
 *  @throws what Kinesis throws when it is away. */
export async function lookAtLags(
  deps: ShardLagDeps,
  shards: readonly FleetShard[],
): Promise<ReadonlyMap<string, ShardLag>> {
  const found = await mapLimit(shards, LOOKS_MAX, async ({ leaseKey, stream, state, report }) => {
    if (report.lease === undefined || state === 'finished') return undefined;
    return [leaseKey, await lookAtLag(deps, stream, report.lease)] as const;
  });
  return new Map(found.filter((entry) => entry !== undefined));
}

/** How far behind each shard is, and whether its checkpoint can still be read. */
import { isFinished, type Lease } from '../leases/index.ts';
import { mapLimit } from '../retry.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { streamNameOf } from '../source/list-streams.ts';
import { lagOf, lookAtShard } from '../source/look-at-shard.ts';
import { unreadFrom } from '../source/unread-from.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import type { DoctorDeps, StreamFacts } from './doctor-deps.ts';
import type { LeaseLooks } from './lease-looks.ts';

/** Shards looked into at once. */
const LOOKS_MAX = 8;
/** As the alert `falling-behind`. Unit: ms. */
const BEHIND_MS = 300_000;

interface ShardLag {
  readonly lease: Lease;
  readonly lagMs: number | undefined;
  readonly isRefused: boolean;
  readonly retentionMs: number;
}

async function lagOfLease(
  deps: DoctorDeps,
  lease: Lease,
  streams: readonly StreamFacts[],
): Promise<ShardLag> {
  const position = unreadFrom(lease);
  const stream = lease.streamId === undefined ? deps.config.stream : streamNameOf(lease.streamId);
  const retentionMs =
    streams.find((facts) => facts.stream === stream)?.retentionMs ?? Number.POSITIVE_INFINITY;
  const known = { lease, retentionMs };
  if (position === undefined) return { ...known, lagMs: undefined, isRefused: false };
  const reader = new KinesisReader(deps.clients.kinesis, deps.clock);
  const look = await lookAtShard(reader, stream, lease.shardId, position);
  const isRefused = look.kind === 'refused' || look.kind === 'gone';
  return { ...known, lagMs: lagOf(look, deps.clock.wallMs()), isRefused };
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;

function checkLag({ lease, lagMs = 0, isRefused, retentionMs }: ShardLag): readonly Check[] {
  const subject = lease.leaseKey;
  if (isRefused)
    return [
      trouble('fail', 'lag', {
        subject,
        found: 'Kinesis refuses its checkpoint: older than the retention, or of another stream',
        fix: `decide where to read on: \`supersim-meter leases reset ${subject} --to TRIM_HORIZON\` (docs/runbook.md#shard-parked)`,
      }),
    ];
  if (lagMs > retentionMs / 2)
    return [
      trouble('fail', 'lag', {
        subject,
        found: `${seconds(lagMs)} behind, more than half of the retention: records will be lost`,
        fix: 'lengthen the retention now, then find out why (docs/runbook.md#data-loss-near)',
      }),
    ];
  if (lagMs > BEHIND_MS)
    return [
      trouble('warn', 'lag', {
        subject,
        found: `${seconds(lagMs)} behind`,
        fix: 'see docs/runbook.md#falling-behind',
      }),
    ];
  return [];
}

/** One check for each shard that is behind, or one for all that are not. */
export async function checkLags(
  deps: DoctorDeps,
  { leases }: LeaseLooks,
  streams: readonly StreamFacts[],
): Promise<readonly Check[]> {
  const unfinished = leases.filter((lease) => !isFinished(lease));
  if (unfinished.length === 0) return [skipped('lag', 'there are no leases yet')];
  const lags = await mapLimit(unfinished, LOOKS_MAX, (lease) => lagOfLease(deps, lease, streams));
  const behind = lags.flatMap(checkLag);
  if (behind.length > 0) return behind;
  const most = Math.max(0, ...lags.map(({ lagMs = 0 }) => lagMs));
  return [ok('lag', `${seconds(most)} at most, of ${lags.length} shard(s)`)];
}

/** How far behind each shard is, and whether its checkpoint can still be read. */
import { streamOfLease } from '../fleet/lease-place.ts';
import { lookAtLag, type ShardLag } from '../fleet/shard-lags.ts';
import { isFinished, type Lease } from '../leases/index.ts';
import { mapLimit } from '../retry.ts';
import { shortDuration } from '../short-duration.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import type { DoctorDeps, StreamFacts } from './doctor-deps.ts';
import type { LeaseLooks } from './lease-looks.ts';

/** Shards looked into at once. */
const LOOKS_MAX = 8;
/** As the alert `falling-behind`. Unit: ms. */
const BEHIND_MS = 300_000;

export interface LeaseLag {
  readonly lease: Pick<Lease, 'leaseKey'>;
  readonly lag: ShardLag;
  readonly retentionMs: number;
}

async function lagOfLease(
  { clients, clock, config }: DoctorDeps,
  lease: Lease,
  streams: readonly StreamFacts[],
): Promise<LeaseLag> {
  const stream = streamOfLease(lease, config);
  const { retentionMs = Number.POSITIVE_INFINITY } = streams.find((facts) => facts.stream === stream) ?? {};
  const reader = new KinesisReader(clients.kinesis, clock);
  return { lease, lag: await lookAtLag({ reader, clock }, stream, lease), retentionMs };
}

/** Undefined when there is nothing to say of this shard alone. Pure. */
export function checkLag({ lease, lag, retentionMs }: LeaseLag): Check | undefined {
  const subject = lease.leaseKey;
  if (lag === 'refused' || lag === 'gone')
    return trouble('fail', 'lag', {
      subject,
      found: 'Kinesis refuses its checkpoint: older than the retention, or of another stream',
      fix: `decide where to read on: \`supersim-meter leases reset ${subject} --to TRIM_HORIZON\` (docs/runbook.md#shard-parked)`,
    });
  if (typeof lag !== 'number' || lag <= BEHIND_MS) return undefined;
  const isNearLoss = lag > retentionMs / 2;
  return trouble(isNearLoss ? 'fail' : 'warn', 'lag', {
    subject,
    found: `${shortDuration(lag)} behind${isNearLoss ? ', more than half of the retention: records will be lost' : ''}`,
    fix: isNearLoss
      ? 'lengthen the retention now, then find out why (docs/runbook.md#data-loss-near)'
      : 'find out why (docs/runbook.md#falling-behind)',
  });
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
  const behind = lags.flatMap((lag) => checkLag(lag) ?? []);
  if (behind.length > 0) return behind;
  const known = lags.flatMap(({ lag }) => (typeof lag === 'number' ? lag : []));
  if (known.length === 0) return [skipped('lag', `not told, of ${lags.length} shard(s)`)];
  return [ok('lag', `${shortDuration(Math.max(...known))} at most, of ${known.length} shard(s)`)];
}

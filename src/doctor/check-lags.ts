/** How far behind each shard is, and whether its checkpoint can still be read. */
import { streamOfLease } from '../fleet/lease-place.ts';
import { lookAtLag, type ShardLag } from '../fleet/shard-lags.ts';
import { isFinished, type Lease } from '../leases/index.ts';
import { mapLimit } from '../retry.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import type { DoctorDeps, StreamFacts } from './doctor-deps.ts';
import type { LeaseLooks } from './lease-looks.ts';

/** Shards looked into at once. */
const LOOKS_MAX = 8;
/** As the alert `falling-behind`. Unit: ms. */
const BEHIND_MS = 300_000;

interface LeaseLag {
  readonly lease: Lease;
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

const knownMs = (lag: ShardLag): number => (typeof lag === 'number' ? lag : 0);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;

function checkLag({ lease, lag, retentionMs }: LeaseLag): readonly Check[] {
  const subject = lease.leaseKey;
  if (lag === 'refused' || lag === 'gone')
    return [
      trouble('fail', 'lag', {
        subject,
        found: 'Kinesis refuses its checkpoint: older than the retention, or of another stream',
        fix: `decide where to read on: \`supersim-meter leases reset ${subject} --to TRIM_HORIZON\` (docs/runbook.md#shard-parked)`,
      }),
    ];
  const lagMs = knownMs(lag);
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
  const most = Math.max(0, ...lags.map(({ lag }) => knownMs(lag)));
  return [ok('lag', `${seconds(most)} at most, of ${lags.length} shard(s)`)];
}

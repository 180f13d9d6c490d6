/** The fleet and what its workers say, as the page's shards and workers. Pure. */
import { type Fleet, type FleetShard, isReadable } from '../fleet/fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { largest } from './history.ts';
import type { ShapedShard, ShapedWorker } from './shapes.ts';
import type { ReportedShard, WorkerReport } from './worker-report.ts';

const HASH_KEYS = 2n ** 128n;
/** Parts of the hash range that are told apart. */
const HASH_STEPS = 1_000_000n;
/** A younger checkpoint is none that waits. Unit: ms. */
const AGE_SHOWN_FROM_MS = 1_000;
const TO_SECOND_MS = 1_000;

const share = (hashKey: bigint): number => Number((hashKey * HASH_STEPS) / HASH_KEYS) / Number(HASH_STEPS);

function hashShares({ hashRange }: FleetShard): { hashFrom: number | null; hashTo: number | null } {
  const { startingHashKey = '', endingHashKey = '' } = hashRange ?? {};
  if (!/^\d+$/.test(startingHashKey) || !/^\d+$/.test(endingHashKey)) return { hashFrom: null, hashTo: null };
  return { hashFrom: share(BigInt(startingHashKey)), hashTo: share(BigInt(endingHashKey) + 1n) };
}

const WHY_UNKNOWN: Readonly<Record<Exclude<ShardLag, number>, string>> = {
  refused: 'Kinesis refuses the checkpoint: older than the retention, or of another stream',
  gone: 'the stream has no such shard any more',
  throttled: 'others use up the shard’s reads',
  untold: 'not known yet',
};

function lagOf(
  own: ReportedShard | undefined,
  elsewhere: ShardLag | undefined,
): Pick<ShapedShard, 'lagMs' | 'lagUnknown'> {
  const lag = own ? (own.lagMs ?? 'untold') : (elsewhere ?? 'untold');
  if (typeof lag === 'number') return { lagMs: Math.round(lag), lagUnknown: null };
  return { lagMs: null, lagUnknown: WHY_UNKNOWN[lag] };
}

const toSecond = (ms: number): number => Math.floor(ms / TO_SECOND_MS) * TO_SECOND_MS;

/** Whole seconds, so that an unchanged fleet is an unchanged answer. */
function checkpointAge(
  shard: FleetShard,
  own: ReportedShard | undefined,
  lagMs: number | null,
): number | null {
  const ageMs = own ? own.checkpointAgeMs : lagMs === 0 ? 0 : shard.checkpointStillForMs;
  return ageMs === null || ageMs < AGE_SHOWN_FROM_MS ? null : toSecond(ageMs);
}

function shapeShard(
  shard: FleetShard,
  own: ReportedShard | undefined,
  elsewhere: ShardLag | undefined,
): ShapedShard {
  const isParked = own?.state === 'parked';
  const lag = isReadable(shard) ? lagOf(own, elsewhere) : { lagMs: null, lagUnknown: null };
  const isStill = shard.state === 'expired' || shard.state === 'expired?';
  return {
    leaseKey: shard.leaseKey,
    shardId: shard.shardId,
    stream: shard.stream,
    state: isParked ? 'parked' : shard.state,
    reason: own?.parkedReason ?? shard.reason ?? null,
    owner: shard.owner ?? null,
    ...lag,
    checkpoint: shard.checkpoint ?? null,
    checkpointAgeMs: isReadable(shard) ? checkpointAge(shard, own, lag.lagMs) : null,
    stillForMs: isStill && shard.stillForMs !== undefined ? toSecond(shard.stillForMs) : null,
    ...hashShares(shard),
    parentShardIds: shard.parentShardIds,
    childShardIds: shard.childShardIds,
  };
}

export const shapeShards = (
  { shards }: Fleet,
  own: ReadonlyMap<string, ReportedShard>,
  lags: ReadonlyMap<string, ShardLag>,
): readonly ShapedShard[] =>
  shards.map((shard) => shapeShard(shard, own.get(shard.leaseKey), lags.get(shard.leaseKey)));

/** Owners in the lease table, and the workers behind this address, also those that own nothing. */
export function shapeWorkers(
  fleet: Fleet | undefined,
  shards: readonly ShapedShard[],
  reports: readonly WorkerReport[],
): readonly ShapedWorker[] {
  const living = reports.filter(({ isGone = false }) => !isGone);
  const said = new Map(living.map((report) => [report.workerId, report]));
  const seen = new Map((fleet?.workers ?? []).map((worker) => [worker.workerId, worker]));
  return [...new Set([...seen.keys(), ...said.keys()])].sort().map((workerId) => {
    const report = said.get(workerId);
    const worker = seen.get(workerId);
    const owned = shards.filter(({ owner, state }) => owner === workerId && state !== 'finished');
    return {
      workerId,
      isAlive: worker ? (worker.isAlive ?? null) : true,
      shards: worker?.shards ?? 0,
      lagMs: largest(owned.map(({ lagMs }) => lagMs)),
      phase: report?.phase ?? null,
      startedAtMs: report?.startedAtMs ?? null,
      read: report?.totals.read ?? null,
    };
  });
}

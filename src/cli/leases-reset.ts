/** `leases reset`: moves a shard's checkpoint, also backwards. */
import { parseIsoTime } from '../decode/iso-time.ts';
import { MeterError } from '../errors.ts';
import { streamOfLease } from '../fleet/lease-place.ts';
import { toJson } from '../json.ts';
import {
  type CheckpointMove,
  comparePositions,
  formatPosition,
  isFinished,
  type Lease,
  parsePosition,
  reportLeases,
  toStored,
} from '../leases/index.ts';
import { shortDuration } from '../short-duration.ts';
import { lookAtShard } from '../source/look-at-shard.ts';
import type { StartPosition } from '../source/start-position.ts';
import { systemClock, toIso } from '../time.ts';
import { type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { findLease, type LeaseTable, leaseChanged, lookTwice, openLeases, watchMsOf } from './open-leases.ts';
import type { SettingFlags } from './setting-flags.ts';

export interface ResetOptions extends ExecuteFlag {
  readonly to: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly watchMs?: string;
}

const ATTEMPTS_MAX = 5;
const DAY_MS = 86_400_000;
/** How far our clock may differ from Kinesis's where LATEST becomes a time. Unit: ms. */
const CLOCK_SKEW_MS = 5_000;

/** A target in the row's words. @throws MeterError `usage`. */
export function parseTarget(text: string, wallMs: number): CheckpointMove {
  if (text === 'TRIM_HORIZON') return { checkpoint: text };
  // Stored with its time: a worker that dies before its first checkpoint must not lose what came meanwhile.
  if (text === 'LATEST') return { checkpoint: text, startTimestampMs: wallMs - CLOCK_SKEW_MS };
  const timestampMs = parseIsoTime(text);
  if (typeof timestampMs === 'number' && timestampMs <= wallMs)
    return { checkpoint: 'AT_TIMESTAMP', startTimestampMs: timestampMs };
  const [, sequenceNumber = '', sub = '0'] = /^(\d+)(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  const checkpoint = parsePosition({ checkpoint: sequenceNumber, subSequenceNumber: Number(sub) });
  if (checkpoint !== undefined) return { checkpoint };
  const why = typeof timestampMs === 'number' ? 'which lies in the future' : 'which is none of them';
  throw new MeterError(
    'usage',
    `--to must be TRIM_HORIZON, LATEST, a time like 2026-01-31T00:00:00Z, or a sequence number, which counts as read; not "${text}", ${why}.`,
  );
}

const startOf = ({ checkpoint, startTimestampMs }: CheckpointMove): StartPosition => {
  if (typeof checkpoint === 'object') return checkpoint;
  return startTimestampMs === undefined ? 'TRIM_HORIZON' : { timestampMs: startTimestampMs };
};

/** When the first record to be read arrived; undefined when nothing is to be read. Ms since 1970.
 *  @throws MeterError `position-refused` when Kinesis does not take the position. */
async function readFromMs(
  table: LeaseTable,
  lease: Lease,
  move: CheckpointMove,
): Promise<number | undefined> {
  const stream = streamOfLease(lease, table.config);
  const look = await lookAtShard(table.reader, stream, lease.shardId, startOf(move));
  if (look.kind === 'refused' || look.kind === 'gone')
    throw new MeterError(
      'position-refused',
      `Kinesis refuses ${formatPosition(move.checkpoint)} for ${lease.shardId} of stream "${stream}": it is no position of this shard, or it or the whole shard is older than the stream’s retention. TRIM_HORIZON is the oldest record there is.`,
    );
  if (look.kind === 'throttled') return undefined;
  if (look.arrivedAtMs !== undefined) return look.arrivedAtMs;
  return look.millisBehindLatest ? systemClock.wallMs() - look.millisBehindLatest : undefined;
}

/** What the person should know before saying yes. Pure. */
export function warningsOf(
  lease: Lease,
  move: CheckpointMove,
  fromMs: number | undefined,
  wallMs: number,
  dedupHorizonDays: number,
): readonly string[] {
  const isForward =
    move.checkpoint === 'LATEST' ||
    (typeof lease.checkpoint === 'object' &&
      typeof move.checkpoint === 'object' &&
      comparePositions(move.checkpoint, lease.checkpoint) > 0);
  const children = lease.childShardIds.join(', ');
  return [
    ...(isForward
      ? ['what lies between the checkpoint and this position will never be read: its events are not counted']
      : []),
    ...(fromMs !== undefined && wallMs - fromMs > dedupHorizonDays * DAY_MS
      ? [
          `records older than ${dedupHorizonDays} days will be read: events of theirs that were counted may be forgotten by now, and then count twice`,
        ]
      : []),
    ...(isFinished(lease)
      ? [
          `the shard was finished: its children${children && ` (${children})`} that are being read go on before it is read again, others wait for it`,
        ]
      : []),
  ];
}

/** @throws MeterError `lease-held` when the owner is alive. */
async function refuseLiveOwner(table: LeaseTable, lease: Lease, watchMs: number): Promise<void> {
  const looks = await lookTwice(table, watchMs);
  const now = reportLeases(looks.rows, table.config.failoverTimeMs, looks.earlier).find(
    ({ leaseKey }) => leaseKey === lease.leaseKey,
  );
  if (now?.state !== 'running') return;
  throw new MeterError(
    'lease-held',
    `${now.lease?.owner} holds "${lease.leaseKey}" and is alive: its counter moved within ${watchMs} ms. Stop that worker first; or --force takes the lease away from it with the same write, and it, or another worker, reads on from the new position.`,
  );
}

const isAt = ({ owner, checkpoint, ours }: Lease, move: CheckpointMove): boolean =>
  owner === undefined &&
  comparePositions(checkpoint, move.checkpoint) === 0 &&
  ours.startTimestampMs === move.startTimestampMs;

/** A live owner writes all the time, so by force it takes more than one try; else a changed row ends it. */
async function moveCheckpoint(
  { admin }: LeaseTable,
  lease: Lease,
  move: CheckpointMove,
  isForced: boolean,
): Promise<void> {
  let now = lease;
  for (let attempt = 0; attempt < (isForced ? ATTEMPTS_MAX : 1); attempt += 1) {
    if ((await admin.move(now, move)) === 'written') return;
    const row = await admin.lease(lease.leaseKey);
    // Ours, and its answer was lost.
    if (row === undefined || isAt(row, move)) break;
    now = row;
  }
  const row = await admin.lease(lease.leaseKey);
  if (row === undefined || !isAt(row, move)) throw leaseChanged(lease);
}

interface Plan {
  readonly lease: Lease;
  readonly move: CheckpointMove;
  readonly fromMs: number | undefined;
  readonly warnings: readonly string[];
}

function print(
  { lease, move, fromMs, warnings }: Plan,
  { json, execute }: ResetOptions,
  horizonDays: number,
): void {
  const wallMs = systemClock.wallMs();
  const time = move.startTimestampMs === undefined ? '' : ` ${toIso(move.startTimestampMs)}`;
  if (json) {
    const to = { ...toStored(move.checkpoint), startTimestampMs: move.startTimestampMs ?? null };
    const from = toStored(lease.checkpoint);
    const readsFrom = fromMs === undefined ? null : toIso(fromMs);
    process.stdout.write(
      `${toJson({ leaseKey: lease.leaseKey, owner: lease.owner ?? null, from, to, readsFrom, warnings, isExecuted: execute ?? false })}\n`,
    );
    return;
  }
  const reads =
    fromMs === undefined
      ? 'what arrives from now on'
      : `what arrived since ${toIso(fromMs)} (${shortDuration(Math.max(0, wallMs - fromMs))} ago)`;
  const lines = [
    `lease  ${lease.leaseKey}${lease.owner === undefined ? '' : `, owned by ${lease.owner}: becomes nobody’s`}`,
    `from   ${formatPosition(lease.checkpoint)}`,
    `to     ${formatPosition(move.checkpoint)}${time}`,
    `reads  ${reads}`,
    `safe   events already counted are recognised for ${horizonDays} days and change no number`,
    ...warnings.map((warning) => `WARN   ${warning}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Moves the checkpoint of the lease of `shard`. */
export async function resetLease(shard: string, options: ResetOptions & SettingFlags): Promise<void> {
  const table = openLeases(options);
  const { dedupHorizonDays } = table.config;
  const watchMs = watchMsOf(options.watchMs, table.config);
  const move = parseTarget(options.to, systemClock.wallMs());
  const lease = findLease(await table.admin.rows(), shard, table.tableName);
  const isForced = options.force ?? false;
  if (!isForced && lease.owner !== undefined && !isFinished(lease))
    await refuseLiveOwner(table, lease, watchMs);
  const fromMs = await readFromMs(table, lease, move);
  const warnings = warningsOf(lease, move, fromMs, systemClock.wallMs(), dedupHorizonDays);
  if (!options.json || !options.execute)
    print({ lease, move, fromMs, warnings }, { ...options, execute: false }, dedupHorizonDays);
  if (!options.execute) return sayPreview();
  await moveCheckpoint(table, lease, move, isForced);
  if (options.json) print({ lease, move, fromMs, warnings }, options, dedupHorizonDays);
  process.stderr.write(`moved; the next worker that takes ${lease.leaseKey} reads from there\n`);
}

/** The lease table: of this stream, read by live workers, without holes. */
import { streamsOf } from '../config.ts';
import {
  coveredRanges,
  findHoles,
  type HashRange,
  isFinished,
  LeaseAdmin,
  type LeaseReport,
  LeaseTableError,
  leaseIn,
  OTHER_ENTITY,
  refuseForeignTable,
  refuseLiveKcl3,
  type StreamListing,
} from '../leases/index.ts';
import { listStreams } from '../source/list-streams.ts';
import { tableNames } from '../store/tables.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import { checkLags } from './check-lags.ts';
import type { DoctorDeps, StreamFacts } from './doctor-deps.ts';
import { type LeaseLooks, lookAtLeases } from './lease-looks.ts';

const NEVER = new AbortController().signal;
const SHOWN_MAX = 5;

const some = (names: readonly string[]): string =>
  `${names.slice(0, SHOWN_MAX).join(', ')}${names.length > SHOWN_MAX ? ` and ${names.length - SHOWN_MAX} more` : ''}`;

const keysOf = (reports: readonly LeaseReport[]): string => some(reports.map(({ leaseKey }) => leaseKey));

function checkTable(
  subject: string,
  { reports, leases }: LeaseLooks,
  streams: readonly StreamListing[],
): Check {
  try {
    refuseForeignTable(streams, leases);
  } catch (error) {
    if (!(error instanceof LeaseTableError)) throw error;
    return trouble('fail', 'lease-table', {
      subject,
      found: `${error.problem}: ${error.message.split('. ')[0]}`,
      fix: 'set SUPERSIM_APPLICATION to a new name, with a lease table of its own; totals are kept and nothing counts twice',
    });
  }
  const broken = reports.filter(({ reason }) => reason !== undefined && reason !== OTHER_ENTITY);
  if (broken.length > 0)
    return trouble('warn', 'lease-table', {
      subject,
      found: `${broken.length} row(s) cannot be read: ${keysOf(broken)} (${broken[0]?.reason})`,
      fix: '`supersim-meter leases` says why of each; correct or delete them with the workers stopped',
    });
  const finished = leases.filter(isFinished).length;
  return ok(
    'lease-table',
    leases.length === 0
      ? 'no leases yet: the first worker makes them'
      : `${leases.length - finished} leases, ${finished} finished`,
    { subject },
  );
}

/** Who reads, and what nobody reads. */
export function checkOwners(reports: readonly LeaseReport[]): Check {
  const inState = (...states: readonly LeaseReport['state'][]): readonly LeaseReport[] =>
    reports.filter(({ state }) => states.includes(state));
  const running = inState('running');
  const unread = inState('expired', 'expired?', 'free');
  if (running.length + unread.length === 0) return skipped('lease-owners', 'there is nothing to read yet');
  const owners = new Set(running.map(({ lease }) => lease?.owner));
  if (running.length === 0)
    return trouble('warn', 'lease-owners', {
      found: `no worker is running: nobody renews the leases of ${unread.length} shard(s)`,
      fix: 'start a worker: `supersim-meter run`',
    });
  if (unread.length > 0)
    return trouble('fail', 'lease-owners', {
      found: `${owners.size} worker(s) run, and yet nobody reads ${keysOf(unread)} for a failover time`,
      fix: 'see SUPERSIM_LEASES_MAX, and the workers’ logs for shard.parked; `supersim-meter leases` shows who should',
    });
  return ok('lease-owners', `${running.length} shard(s) are read by ${owners.size} worker(s)`);
}

const shown = ({ startingHashKey, endingHashKey }: HashRange): string =>
  `${startingHashKey}–${endingHashKey}`;

function checkHoles({ leases }: LeaseLooks, { streamId, shards }: StreamListing): Check {
  const about = streamId === undefined ? {} : { subject: streamId };
  const own = leases.filter((lease) => lease.streamId === streamId);
  if (own.length === 0) return skipped('lease-holes', 'there are no leases yet', about);
  const holes = findHoles(coveredRanges(own, shards));
  if (holes.length === 0) return ok('lease-holes', 'every hash key has a lease', about);
  const leased = new Set(own.map(({ shardId }) => shardId));
  const unleased = shards.filter(
    ({ shardId, endingSequenceNumber }) => endingSequenceNumber === undefined && !leased.has(shardId),
  );
  return trouble('fail', 'lease-holes', {
    ...about,
    found: `nobody reads the hash keys ${some(holes.map(shown))}${unleased.length > 0 ? `: open shards without a lease: ${some(unleased.map(({ shardId }) => shardId))}` : ''}`,
    fix: 'a running worker makes missing leases within SUPERSIM_SHARD_SYNC_EVERY_MS: start one; if the hole stays, `supersim-meter leases import` a row from an export, or use another SUPERSIM_APPLICATION',
  });
}

async function checkKcl3(admin: LeaseAdmin, { clock, config }: DoctorDeps): Promise<Check> {
  const list = async () => ({
    leases: (await admin.rows()).flatMap((row) => leaseIn(row) ?? []),
    unreadable: [],
  });
  try {
    await refuseLiveKcl3({ store: { list }, clock }, config);
    return ok('kcl3', 'no live worker of Java KCL 3 in the lease table');
  } catch (error) {
    if (!(error instanceof LeaseTableError)) throw error;
    const fix =
      'stop the Java KCL 3 workers, then start these: they go on from the same checkpoints (docs/kcl.md)';
    return trouble(config.allowKcl3 ? 'warn' : 'fail', 'kcl3', {
      found: error.message.split('. ')[0] ?? '',
      fix,
    });
  }
}

/** All that leases tell; `streams` are those that could be described. */
export async function checkLeases(
  deps: DoctorDeps,
  streams: readonly StreamFacts[],
): Promise<readonly Check[]> {
  const { clients, clock, config, random } = deps;
  const tableName = tableNames(config).leases;
  const admin = new LeaseAdmin({ client: clients.dynamodb, tableName });
  const listed = await listStreams({ kinesis: clients.kinesis, clock, random }, streamsOf(config), NEVER);
  const looks = await lookAtLeases(admin, { ...config, clock });
  const table = checkTable(tableName, looks, listed);
  if (table.status === 'fail') return [table, skipped('lease-owners', 'the leases are not of this stream')];
  return [
    table,
    checkOwners(looks.reports),
    ...listed.map((listing) => checkHoles(looks, listing)),
    ...(await checkLags(deps, looks, streams)),
    await checkKcl3(admin, deps),
  ];
}

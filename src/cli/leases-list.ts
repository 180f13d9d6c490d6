/** `leases list`: one row per lease. */
import { shortShardId, streamOfLease } from '../fleet/lease-place.ts';
import { lookAtLag } from '../fleet/shard-lags.ts';
import { toJson } from '../json.ts';
import { formatPosition, type LeaseReport, reportLeases, type TableRow, toStored } from '../leases/index.ts';
import { mapLimit } from '../retry.ts';
import { shortDuration } from '../short-duration.ts';
import { systemClock, toIso } from '../time.ts';
import { findLease, type LeaseTable, lookTwice, openLeases, watchMsOf } from './open-leases.ts';
import { printTable } from './print-table.ts';
import type { SettingFlags } from './setting-flags.ts';
import { type Column, printable } from './text-table.ts';

export interface ListOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly once?: boolean;
  readonly lag?: boolean;
  readonly watchMs?: string;
}

/** How old the next unread record is, or why that is not known. */
type Lag = number | 'refused' | 'gone' | undefined;

interface ListedLease extends LeaseReport {
  readonly lag: Lag;
}

/** Shards looked into at once. */
const LOOKS_MAX = 8;

async function lagOfLease({ reader, config }: LeaseTable, { lease }: LeaseReport): Promise<Lag> {
  if (lease === undefined) return undefined;
  const lag = await lookAtLag({ reader, clock: systemClock }, streamOfLease(lease, config), lease);
  return lag === 'throttled' || lag === 'untold' ? undefined : lag;
}

const positionText = ({ lease }: LeaseReport): string => {
  if (lease === undefined) return '-';
  const { checkpoint, ours } = lease;
  const isTimed = checkpoint === 'LATEST' || checkpoint === 'AT_TIMESTAMP';
  const time = isTimed && ours.startTimestampMs !== undefined ? ` ${toIso(ours.startTimestampMs)}` : '';
  return `${formatPosition(checkpoint)}${time}`;
};

const counterText = ({ stillForMs }: LeaseReport): string => {
  if (stillForMs === undefined) return '-';
  return stillForMs === 0 ? 'moving' : `still ≥ ${shortDuration(stillForMs)}`;
};

const lagText = ({ lag }: ListedLease): string =>
  typeof lag === 'number' ? shortDuration(lag) : (lag ?? '-');
const shardsText = (shardIds: readonly string[]): string => shardIds.map(shortShardId).join(',') || '-';

interface ShownColumn extends Column {
  readonly text: (report: ListedLease) => string;
  /** Left out when no row has anything there. */
  readonly isOptional?: boolean;
}

const COLUMNS: readonly ShownColumn[] = [
  {
    name: 'shard',
    text: ({ lease, leaseKey }) => (lease?.streamId ? leaseKey : (lease?.shardId ?? leaseKey)),
  },
  { name: 'state', text: ({ state }) => state },
  { name: 'owner', text: ({ lease }) => lease?.owner ?? '-', widthMin: 10 },
  { name: 'counter', text: counterText },
  { name: 'lag', text: lagText, isOptional: true },
  { name: 'checkpoint', text: positionText, widthMin: 12 },
  { name: 'parents', text: ({ lease }) => shardsText(lease?.parentShardIds ?? []), isOptional: true },
  { name: 'children', text: ({ lease }) => shardsText(lease?.childShardIds ?? []), isOptional: true },
  { name: 'asked by', text: ({ lease }) => lease?.ours.handOffTo ?? '-', isOptional: true, widthMin: 10 },
  {
    name: 'drained by',
    text: ({ lease }) => lease?.ours.drainingOwner ?? '-',
    isOptional: true,
    widthMin: 10,
  },
];

const jsonOf = ({ leaseKey, state, reason, stillForMs, lease, lag }: ListedLease) => ({
  leaseKey,
  shardId: lease?.shardId ?? null,
  streamId: lease?.streamId ?? null,
  state,
  reason: reason ?? null,
  owner: lease?.owner ?? null,
  counter: lease?.counter ?? null,
  stillForMs: stillForMs ?? null,
  checkpoint: lease ? toStored(lease.checkpoint).checkpoint : null,
  checkpointSubSequenceNumber: lease ? toStored(lease.checkpoint).subSequenceNumber : null,
  lagMs: typeof lag === 'number' ? lag : null,
  lagUnknown: typeof lag === 'string' ? lag : null,
  parentShardIds: lease?.parentShardIds ?? [],
  childShardIds: lease?.childShardIds ?? [],
  hashRange: lease?.hashRange ?? null,
  handOffTo: lease?.ours.handOffTo ?? null,
  drainingOwner: lease?.ours.drainingOwner ?? null,
  startTimestampMs: lease?.ours.startTimestampMs ?? null,
});

function printLeases(shown: readonly ListedLease[]): void {
  const columns = COLUMNS.filter(
    ({ isOptional, text }) => !isOptional || shown.some((report) => text(report) !== '-'),
  );
  const rows = shown.map((report) => columns.map(({ text }) => text(report)));
  printTable(columns, rows);
  for (const { leaseKey, reason } of shown)
    if (reason !== undefined) process.stderr.write(`${printable(leaseKey)} is unreadable: ${reason}\n`);
}

/** `4 leases: 3 running of 2 workers, 1 free`. */
function summaryOf(reports: readonly LeaseReport[], isAll: boolean): string {
  const counts = new Map<string, number>();
  for (const { state } of reports) counts.set(state, (counts.get(state) ?? 0) + 1);
  const owners = new Set(reports.flatMap(({ lease, state }) => (state === 'running' ? lease?.owner : [])));
  const parts = [...counts].map(([state, count]) => {
    if (state === 'running')
      return `${count} running of ${owners.size} worker${owners.size === 1 ? '' : 's'}`;
    return `${count} ${state}${state === 'finished' && !isAll ? ' (--all shows them)' : ''}`;
  });
  return `${reports.length} row${reports.length === 1 ? '' : 's'}: ${parts.join(', ')}`;
}

/** The rows of `shards`, or all; finished ones only when named, or with `isAll`. */
function chosen(
  reports: readonly LeaseReport[],
  rows: readonly TableRow[],
  shards: readonly string[],
  { isAll, tableName }: { readonly isAll: boolean; readonly tableName: string },
): readonly LeaseReport[] {
  if (shards.length === 0) return isAll ? reports : reports.filter(({ state }) => state !== 'finished');
  const keys = new Set(shards.map((shard) => findLease(rows, shard, tableName).leaseKey));
  return reports.filter(({ leaseKey }) => keys.has(leaseKey));
}

/** Prints the table. */
export async function listLeases(
  shards: readonly string[],
  options: ListOptions & SettingFlags,
): Promise<void> {
  const table = openLeases(options);
  const watchMs = watchMsOf(options.watchMs, table.config);
  const looks = options.once ? { rows: await table.admin.rows() } : await lookTwice(table, watchMs);
  const earlier = 'earlier' in looks ? looks.earlier : undefined;
  const reports = reportLeases(looks.rows, table.config.failoverTimeMs, earlier);
  const isAll = options.all ?? false;
  const shown = chosen(reports, looks.rows, shards, { isAll, tableName: table.tableName });
  const listed = await mapLimit(
    shown,
    LOOKS_MAX,
    async (report): Promise<ListedLease> => ({
      ...report,
      lag: options.lag ? await lagOfLease(table, report) : undefined,
    }),
  );
  if (options.json) {
    for (const report of listed) process.stdout.write(`${toJson(jsonOf(report))}\n`);
    return;
  }
  if (listed.length > 0) printLeases(listed);
  process.stderr.write(reports.length === 0 ? 'no leases\n' : `${summaryOf(reports, isAll)}\n`);
}

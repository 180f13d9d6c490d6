/** What `top` shows: lines for a terminal, made from what was seen. Pure. */
import type { Fleet, FleetChange, FleetWorker } from '../fleet/fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { shortDuration } from '../short-duration.ts';
import { toIso } from '../time.ts';
import { lagText, shardText } from './fleet-flags.ts';
import { type LaggingShard, totalLag, totalLine } from './lag-report.ts';
import { type Column, textTable } from './text-table.ts';

export interface TopSight {
  readonly fleet: Fleet;
  readonly lags: ReadonlyMap<string, ShardLag>;
  /** Of the look before. */
  readonly lagsBefore: ReadonlyMap<string, ShardLag>;
  /** The most behind at each look, latest last. Unit: ms. */
  readonly maxLagsMs: readonly (number | undefined)[];
  /** Latest last. */
  readonly changes: readonly { readonly atMs: number; readonly change: FleetChange }[];
  /** What went wrong at the latest try, if it did. */
  readonly trouble?: string;
}

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
}

const BARS = '▁▂▃▄▅▆▇█';
const CHANGES_MAX = 4;
const WORKERS_MAX = 4;
const TIME_START = 11;
const TIME_END = 19;

/** `▁▁▃█▅`: each value by its part of the largest. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) =>
      value === undefined ? ' ' : BARS[most === 0 ? 0 : Math.round((value / most) * (BARS.length - 1))],
    )
    .join('');
}

/** Smaller changes are noise: records come one by one. Unit: ms. */
const STEADY_MS = 500;

export function trendOf(before: ShardLag | undefined, now: ShardLag | undefined): string {
  if (typeof before !== 'number' || typeof now !== 'number') return '';
  // No arrows that terminals draw as emoji, two columns wide.
  if (Math.abs(now - before) < STEADY_MS) return '·';
  return now > before ? '▲' : '▼';
}

const time = (ms: number): string => toIso(ms).slice(TIME_START, TIME_END);

export function changeText({ kind, shard, ...change }: FleetChange): string {
  const name = shardText(shard);
  if (kind !== 'moved') return `${name} ${kind}`;
  const { from = 'nobody', to = 'nobody' } = change as { from?: string; to?: string };
  return `${name} moved from ${from} to ${to}`;
}

const COLUMNS: readonly Column[] = [
  { name: 'shard' },
  { name: 'state' },
  { name: 'owner', widthMin: 10 },
  { name: 'lag', isRight: true },
  { name: '' },
  { name: 'checkpoint', widthMin: 12 },
  { name: 'still', isRight: true },
];

const numeric = (lag: ShardLag | undefined): number =>
  typeof lag === 'number' ? lag : Number.POSITIVE_INFINITY;

/** Those of most lag when there is not room for all, in their own order. */
export function slowest(lagging: readonly LaggingShard[], countMax: number): readonly LaggingShard[] {
  if (lagging.length <= countMax) return lagging;
  const chosen = new Set([...lagging].sort((a, b) => numeric(b.lag) - numeric(a.lag)).slice(0, countMax));
  return lagging.filter((each) => chosen.has(each));
}

function shardLines(
  { lagsBefore }: TopSight,
  shown: readonly LaggingShard[],
  widthMax: number,
): readonly string[] {
  const rows = shown.map(({ shard, lag }) => [
    shardText(shard),
    shard.state,
    shard.owner ?? '-',
    lagText(lag),
    trendOf(lagsBefore.get(shard.leaseKey), lag),
    shard.checkpoint ?? '-',
    shortDuration(shard.checkpointStillForMs),
  ]);
  return textTable(COLUMNS, rows, widthMax).lines;
}

function workerLine({ workerId, isAlive, shards }: FleetWorker): string {
  const state = isAlive === undefined ? '' : isAlive ? ', alive' : ', silent';
  return `${workerId}: ${shards} shard${shards === 1 ? '' : 's'}${state}`;
}

function workersLine({ workers }: Fleet): string {
  const more = workers.length > WORKERS_MAX ? ` and ${workers.length - WORKERS_MAX} more` : '';
  return `workers  ${workers.slice(0, WORKERS_MAX).map(workerLine).join(' · ') || 'none'}${more}`;
}

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;

/** No line is wider, and there are not more of them, than `size` says. */
export function topLines(title: string, sight: TopSight, { columns, rows }: TopSize): readonly string[] {
  const { fleet, lags } = sight;
  const open = fleet.shards.filter(({ state }) => state !== 'finished');
  const lagging = open.map((shard) => ({ shard, lag: lags.get(shard.leaseKey) }));
  const changes = sight.changes
    .slice(-CHANGES_MAX)
    .map(({ atMs, change }) => `${time(atMs)}  ${changeText(change)}`);
  const head = [
    `${title} · ${time(fleet.lookedAtMs)} UTC`,
    `${totalLine(totalLag(lagging))}  ${sparkline(sight.maxLagsMs)}`,
    workersLine(fleet),
    ...(sight.trouble === undefined ? [] : [sight.trouble]),
    '',
  ];
  const tail = changes.length > 0 ? ['', ...changes] : [];
  // A row of names, and one that says how many more there are.
  const room = Math.max(1, rows - head.length - tail.length - 2);
  const shown = slowest(lagging, room);
  const hidden = lagging.length - shown.length;
  const lines = [
    ...head,
    ...(open.length === 0
      ? ['no leases to read: start a worker, or see `supersim-meter doctor`']
      : shardLines(sight, shown, columns)),
    ...(hidden > 0 ? [`… and ${hidden} less behind`] : []),
    ...tail,
  ];
  return lines.map((line) => cut(line, columns));
}

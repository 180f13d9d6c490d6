/** The results as Markdown tables: what was asked for beside what was measured, then every run. */
import { cpus } from 'node:os';
import { systemClock, toIso } from '../../../src/time.ts';
import type { DesignResults, Results } from '../results.ts';
import type { RunResult } from '../run-worker.ts';

type Cells = readonly (string | number)[];

const row = (cells: Cells): string => `| ${cells.join(' | ')} |`;
const table = (head: Cells, rows: readonly Cells[]): string =>
  [row(head), row(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');
const number = (value: number): string => value.toLocaleString('en-US');
const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`;

interface Goal {
  readonly what: string;
  readonly asked: string;
  readonly measured: string;
  readonly isMet: boolean;
}

const atMost = (what: string, value: number, limit: number, unit = ''): Goal => ({
  what,
  asked: `≤ ${number(limit)}${unit}`,
  measured: `${number(value)}${unit}`,
  isMet: value <= limit,
});
const atLeast = (what: string, value: number, limit: number, unit = ''): Goal => ({
  what,
  asked: `≥ ${number(limit)}${unit}`,
  measured: `${number(value)}${unit}`,
  isMet: value >= limit,
});

const designGoals = (load: string, { others }: DesignResults): readonly Goal[] => [
  atLeast(
    `C: CPU of a transaction per event, in times of ours, ${load}`,
    others.transaction.ratios.cpu,
    8,
    '×',
  ),
  atLeast(
    `C: CPU of a \`PutItem\` per event, in times of ours, ${load}`,
    others['put-per-event'].ratios.cpu,
    5,
    '×',
  ),
];

/** @throws Error when a part was not run. */
function goals({ A, B, C, D, E }: Results): readonly Goal[] {
  const full = B?.['16'];
  if (!A || !full || !C || !D || !E) throw new Error('docs/performance.md needs all parts: leave --only out');
  return [
    atMost('A: decode and fold, in times of bare `JSON.parse`', A.ratio, 2.5, '×'),
    atLeast('B: events a second on one core, 16 shards', full.backlog.eventsPerCoreSecond, 10_000),
    atMost('B: event loop delay p99, 16 shards', full.backlog.loopDelayP99Ms, 50, ' ms'),
    atMost('B: memory (RSS), 16 shards', full.backlog.rssMaxMiB, 200, ' MiB'),
    atMost('C: memory (RSS), 16 shards, catching up on four hours', C.catchUp.ours.rssMaxMiB, 200, ' MiB'),
    atMost(
      'C: event loop delay p99, 16 shards, catching up on four hours',
      C.catchUp.ours.loopDelayP99Ms,
      50,
      ' ms',
    ),
    ...designGoals('one by one', C.oneByOne),
    ...designGoals('catching up on four hours', C.catchUp),
    atLeast(
      'D: share of 2 MB/s read of each of 8 shards',
      Math.min(...D.limited.sharesOfReadLimit) * 100,
      95,
      ' %',
    ),
    atMost('E: write units an event, steady', E.steady.writeUnitsPerEvent, 1.1),
    atMost(
      'E: write units an event, steady, with SIMs and usage by hour',
      E.everything.writeUnitsPerEvent,
      1.5,
    ),
    atMost('E: read units an event, steady', E.steady.readUnitsPerEvent, 0.1),
    atMost('E: write units an event, catching up on an hour', E.catchUp.writeUnitsPerEvent, 0.25),
  ];
}

const RUN_HEAD = [
  'run',
  'events/s',
  'CPU µs/event',
  'events/s and core',
  'events a write',
  'write units',
  'read units',
  'requests',
  'RSS MiB',
  'loop delay p99 ms',
  'durable after ms (p50 / p99 / p99.9)',
];

const runRow = (run: RunResult): Cells => [
  run.name,
  number(run.eventsPerSecond),
  run.cpuUsPerEvent,
  number(run.eventsPerCoreSecond),
  run.eventsPerSessionWrite,
  run.writeUnitsPerEvent,
  run.readUnitsPerEvent,
  run.requestsPerEvent,
  run.rssMaxMiB,
  run.loopDelayP99Ms,
  run.arrivalToDurableMs
    ? `${run.arrivalToDurableMs.p50} / ${run.arrivalToDurableMs.p99} / ${run.arrivalToDurableMs.p999}`
    : '',
];

function runs({ B = {}, C, D, E }: Results): readonly RunResult[] {
  return [
    ...Object.values(B).flatMap(({ backlog, folding, paced }) => [backlog, folding, paced]),
    ...(C ? [C.oneByOne, C.catchUp].flatMap(runsOf) : []),
    ...(D ? [...Object.values(D.byShards), D.twoProcesses, D.limited] : []),
    ...(E ? [E.steady, E.everything, E.catchUp, E.duplicates, E.disorder] : []),
  ];
}

const runsOf = ({ ours, others }: DesignResults): readonly RunResult[] => [
  ours,
  ...Object.values(others).map(({ run }) => run),
];

const machine = ({ node, events, rate, latency }: Results): string =>
  `${toIso(systemClock.wallMs()).slice(0, 10)}, Node ${node.slice(1)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ` +
  `worker and stub on one each, no TLS. ${number(events)} records a run (${number(rate)} a second where paced), ` +
  `latency p50 ${latency.p50Ms} ms, p99 ${latency.p99Ms} ms. Every run stored what is true.`;

/** @throws Error when a part was not run, or a run was not exact. */
export function figures(results: Results): string {
  if (!results.exact) throw new Error('not every run was exact: nothing is written');
  const { F = [], D } = results;
  return [
    machine(results),
    table(
      ['', 'asked for', 'measured', ''],
      goals(results).map(({ what, asked, measured, isMet }) => [what, asked, measured, isMet ? '✓' : '✗']),
    ),
    '![CPU, throughput, write units and scaling](performance.svg)',
    table(RUN_HEAD, runs(results).map(runRow)),
    `Reads of 8 shards at Kinesis’s limit: ${D?.limited.sharesOfReadLimit.map(percent).join(', ')} of 2 MB/s, ${D?.limited.refusedReads} refused.`,
    table(
      ['F: lease table', 'write units a shard and second', 'requests'],
      F.map(({ name, writeUnitsPerShardSecond, requests }) => [name, writeUnitsPerShardSecond, requests]),
    ),
  ].join('\n\n');
}

/** What the demo shows while it runs: text, made from a snapshot. */
import type { WorkerTotals } from './demo-worker.ts';

export interface DemoSnapshot {
  readonly elapsedS: number;
  readonly durationS: number;
  readonly engines: string;
  /** Where the live page is. */
  readonly pageUrl: string;
  readonly produced: number;
  readonly totals: WorkerTotals;
  readonly eventsPerSecond: number;
  readonly sessions: { readonly open: number; readonly ended: number; readonly bytes: bigint };
  readonly shards: readonly {
    readonly shardId: string;
    readonly owner: string;
    readonly lagMs: number | null;
    readonly state: string;
  }[];
  /** What was done to the fleet, latest last. */
  readonly happenings: readonly string[];
}

const count = (value: number | bigint): string => value.toLocaleString('en-US');
const lag = (ms: number | null): string =>
  ms === null ? '–' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

/** Several lines, for a terminal. */
export function renderDemo(view: DemoSnapshot): string {
  const { totals, sessions } = view;
  const shards = view.shards.map(
    ({ shardId, owner, lagMs, state }) =>
      `  ${shardId.padEnd(22)}${owner.padEnd(12)}${lag(lagMs).padStart(9)}   ${state}`,
  );
  return [
    `supersim-meter demo · ${Math.round(view.elapsedS)} s of about ${view.durationS} s · ${view.engines}`,
    `  live page ${view.pageUrl}`,
    '',
    `  events    ${count(view.produced)} produced · ${count(totals.read)} read · ${count(Math.round(view.eventsPerSecond))}/s`,
    `            ${count(totals.applied)} applied · ${count(totals.duplicate)} duplicates · ${count(totals.ignored)} ignored · ${count(totals.deadLettered)} dead letters`,
    `  sessions  ${count(sessions.open)} open · ${count(sessions.ended)} ended · ${count(sessions.bytes)} bytes`,
    '',
    `  ${'SHARD'.padEnd(22)}${'OWNER'.padEnd(12)}${'LAG'.padStart(9)}   STATE`,
    ...shards,
    '',
    ...view.happenings.map((text) => `  ${text}`),
  ].join('\n');
}

/** One line, where no terminal is. */
export function renderDemoLine(view: DemoSnapshot): string {
  const { totals, sessions } = view;
  const lags = view.shards.map(({ shardId, owner, lagMs }) => `${shardId.slice(-4)}@${owner}:${lag(lagMs)}`);
  return `${Math.round(view.elapsedS)} s: ${view.produced} produced, ${totals.read} read, ${Math.round(view.eventsPerSecond)}/s, ${totals.duplicate} duplicates, sessions ${sessions.open} open ${sessions.ended} ended, lag ${lags.join(' ')}`;
}

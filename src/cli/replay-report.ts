/** What a replay says at its end. Pure. */
import type { ReplayResult } from '../repair/replay.ts';
import type { ReplayTally } from '../repair/replay-tally.ts';
import type { WouldChangeSummary } from '../repair/would-change.ts';
import { terminalWidth } from './print-table.ts';
import { textTable } from './text-table.ts';

export type ReplayReport = ReplayResult &
  ReturnType<ReplayTally['summary']> & {
    readonly isExecuted: boolean;
    /** ISO 8601. */
    readonly from: string;
    readonly to: string;
    readonly wouldChange?: WouldChangeSummary;
  };

const count = (value: number | bigint): string => value.toLocaleString('en-US');

const reasonsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, times]) => `${reason} ${count(times)}`)
    .join(', ');

function changeLines({ isExact, events, sessions, totalBytes, countedBytes, top }: WouldChangeSummary) {
  const about = isExact ? '' : 'at most ';
  const lines = [
    `not counted yet: ${about}${count(events)} event${events === 1 ? '' : 's'} of ${count(sessions)} session${sessions === 1 ? '' : 's'}, ${count(totalBytes)} bytes more in the sessions' totals (the events' windows: ${count(countedBytes)})`,
  ];
  if (top.length === 0) return lines;
  const rows = top.map((change) => [
    change.dataSessionSid,
    change.simSid,
    count(change.events),
    count(change.totalBytes),
    count(change.countedBytes),
  ]);
  const columns = [
    { name: 'data_session_sid' },
    { name: 'sim_sid' },
    { name: 'events', isRight: true },
    { name: 'total bytes', isRight: true },
    { name: 'window bytes', isRight: true },
  ];
  return [...lines, ...textTable(columns, rows, terminalWidth()).lines];
}

/** For people. */
export function replayLines(report: ReplayReport): readonly string[] {
  const { ignoredByReason, deadLetteredByReason, wouldChange } = report;
  const [ignored, poison] = [reasonsOf(ignoredByReason), reasonsOf(deadLetteredByReason)];
  return [
    `${report.isExecuted ? '' : 'preview: '}${report.from} to ${report.to}: ${report.shardsDone} of ${report.shards} shards, ${count(report.records)} records`,
    `read ${count(report.read)} = applied ${count(report.applied)} + duplicate ${count(report.duplicate)} + ignored ${count(report.ignored)} + dead-lettered ${count(report.deadLettered)} + not asked for ${count(report.notAskedFor)}`,
    ...(ignored ? [`ignored: ${ignored}`] : []),
    ...(poison ? [`dead-lettered, counted and not stored again: ${poison}`] : []),
    ...(wouldChange ? changeLines(wouldChange) : []),
  ];
}

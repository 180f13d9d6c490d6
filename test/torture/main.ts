/** `npm run torture -- --events N --minutes M --seed S [--json]`: progress on stderr, the report last on stdout. */
import { parseArgs } from 'node:util';
import { type TortureReport, torture } from './torture.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

function shown(report: TortureReport): string {
  const { events, minutes, seed, kills, pauses, faults, appliedUnanswered, splits, merges, outagesMs } =
    report;
  const findings = Object.entries({
    'sessions that differ': report.differences,
    'wrong dead letters': report.deadLetters.wrong,
    'stuck shards': report.stuckShards,
    'violations of order': report.violations,
    'floors missed': report.missedFloors,
    failures: report.failures,
  });
  const lines = [
    `${report.ok ? 'exact' : 'NOT EXACT'}: ${events} events in ${minutes} minutes, seed ${seed}`,
    `${kills} kill -9, ${pauses} pauses beyond the lease, ${report.terminations} SIGTERM, ${splits} splits, ${merges} merges`,
    `${faults} faults, ${appliedUnanswered} writes done but unanswered, outages of ${outagesMs.join(' and ')} ms`,
    `${report.sessionsCompared} sessions, ${report.deadLetters.expected} dead letters, ${report.shards} shards; caught up in ${report.caughtUpMs} ms`,
    ...findings.map(
      ([name, found]) =>
        `${found.length} ${name}${found.map((each) => `\n    ${JSON.stringify(each)}`).join('')}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
const options = { events: Number(values.events), minutes: Number(values.minutes), seed: Number(values.seed) };
process.stderr.write(`torture: ${JSON.stringify(options)}\n`);
const report = await torture(options, (text) => process.stderr.write(`${text}\n`));
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : shown(report));
process.exitCode = report.ok ? 0 : 1;

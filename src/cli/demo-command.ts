import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import logUpdate from 'log-update';
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { Demo } from '../local/demo.ts';
import type { DemoVerdict } from '../local/demo-verdict.ts';
import { type DemoSnapshot, renderDemo, renderDemoLine } from '../local/demo-view.ts';
import { systemClock, systemRandom } from '../time.ts';
import { EXIT } from './exit-codes.ts';

const MAIN_FILE = fileURLToPath(new URL('../main.js', import.meta.url));
/** Off a terminal: one line this often, instead of a picture that moves. Unit: ms. */
const LINE_EVERY_MS = 2_000;

function progressTo(isTerminal: boolean): (snapshot: DemoSnapshot) => void {
  let printedAtMs = Number.NEGATIVE_INFINITY;
  return (snapshot) => {
    if (isTerminal) return logUpdate(renderDemo(snapshot));
    const nowMs = systemClock.monotonicMs();
    if (nowMs - printedAtMs < LINE_EVERY_MS) return;
    if (printedAtMs < 0) process.stderr.write(`live page: ${snapshot.pageUrl}\n`);
    printedAtMs = nowMs;
    process.stderr.write(`${renderDemoLine(snapshot)}\n`);
  };
}

const count = (value: number | bigint): string => value.toLocaleString('en-US');

function printVerdict({ events, bytes, usage, differences, ...verdict }: DemoVerdict): void {
  const lines = [
    '',
    `${count(events.produced)} events put; ${count(events.distinct)} distinct ones of ${count(verdict.sessions)} sessions and ${count(verdict.sims)} SIMs, ${count(events.stored)} stored`,
    `read ${count(events.read)} = applied ${count(events.applied)} + duplicates ${count(events.duplicates)} + ignored ${count(events.ignored)} + dead letters ${count(events.deadLettered)} (the killed worker stored ${count(events.unreported)} more after its last word)`,
    `bytes of sessions ${count(bytes.expected)} expected, ${count(bytes.stored)} stored`,
    `bytes by SIM, hour, APN and network ${count(usage.expected)} expected, ${count(usage.stored)} stored, on ${count(usage.lines)} lines`,
    `${verdict.shards} shards, ${verdict.workers} workers (${verdict.killed} killed with -9), ${verdict.seconds} s, seed ${verdict.seed}`,
    ...differences.map((difference) => `differs: ${difference}`),
    `exact: ${verdict.exact}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** An end that was asked for must not leave engines and workers behind: they end with this process. */
function endWithSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

async function runDemo(options: { duration: string; seed: string; json?: boolean }): Promise<void> {
  const [durationS, seed] = [Number(options.duration), Number(options.seed)];
  if (!(durationS >= 5 && durationS <= 3_600))
    throw new MeterError('usage', `--duration must be from 5 to 3600 seconds, not "${options.duration}".`);
  if (!Number.isSafeInteger(seed))
    throw new MeterError('usage', `--seed must be a whole number, not "${options.seed}".`);
  endWithSignals();
  const isTerminal = process.stdout.isTTY && !options.json;
  const verdict = await new Demo({
    durationS,
    seed,
    mainFile: MAIN_FILE,
    clock: systemClock,
    random: systemRandom,
    onProgress: progressTo(isTerminal),
  }).run();
  if (isTerminal) logUpdate.done();
  if (options.json) process.stdout.write(`${toJson(verdict)}\n`);
  else printVerdict(verdict);
  process.exitCode = verdict.exact ? EXIT.ok : EXIT.failed;
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('the whole job on embedded engines: a fleet, workers, a kill -9, a split, and a verdict')
    .option('--duration <seconds>', 'how long records are put', '30')
    .option('--seed <number>', 'of the fleet; the same seed makes the same events', '1')
    .option('--json', 'print the verdict as one JSON object, as the last line')
    .action(runDemo);
}

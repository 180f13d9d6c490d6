/** `npm run simulate`: the whole worker in a simulated world, many seeds on all cores. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { systemClock } from '../../src/time.ts';
import { planOf, type SeedPlan } from './plan.ts';
import { runSeeds, serveSeeds } from './pool.ts';
import { runMutants } from './run-mutants.ts';
import { runPlan } from './run-seed.ts';
import { addReport, noTotals, type Totals } from './totals.ts';
import type { SeedReport } from './world.ts';

/** Every so many seeds one is run twice. */
const REPEATED_EVERY = 100;
const REPORTED_FAILURES_MAX = 5;
/** A planted bug must be found within so many. */
const MUTANT_SEEDS = 200;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly json?: boolean;
  readonly seed?: number;
  readonly plan?: string;
  readonly mutants?: boolean | string;
}

const isRepeated = (seed: number): boolean => seed % REPEATED_EVERY === 0;
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function explain({ seed, violations }: SeedReport, plan: SeedPlan): string {
  const lines = violations.map(({ invariant, what, atMs }) => `  ${invariant} at ${atMs} ms: ${what}`);
  return [`seed ${seed} failed:`, ...lines, `  plan: ${JSON.stringify(plan)}`].join('\n');
}

async function simulate(options: Options): Promise<Totals> {
  const totals = noTotals();
  await runSeeds({ ...options, mainFile: fileURLToPath(import.meta.url) }, (report) => {
    addReport(totals, report);
    if (isRepeated(report.seed)) totals.repeatedSeeds += 1;
    if (report.violations.length > 0 && totals.failedSeeds.length <= REPORTED_FAILURES_MAX) {
      say(explain(report, planOf(report.seed)));
      say(`  again: npm run simulate -- --seed ${report.seed}`);
    }
    if (totals.seeds % 100 === 0) say(`${totals.seeds} seeds, ${totals.failedSeeds.length} failed`);
    return undefined;
  });
  return totals;
}

/** One world in this process, twice, with all that it did. */
async function runOne(plan: SeedPlan): Promise<Totals> {
  const totals = noTotals();
  const report = await runPlan(plan, { isRepeated: true });
  addReport(totals, report);
  totals.repeatedSeeds = 1;
  say(JSON.stringify(report, undefined, 2));
  if (report.violations.length > 0) say(explain(report, plan));
  return totals;
}

function chooseRun(options: Options): Promise<Totals> {
  if (options.plan !== undefined)
    return runOne((JSON.parse(readFileSync(options.plan, 'utf8')) as { plan: SeedPlan }).plan);
  return options.seed === undefined ? simulate(options) : runOne(planOf(options.seed));
}

/** One line for people, or one for programs, as the last of stdout. */
const print = (result: object, isJson: boolean): boolean =>
  process.stdout.write(`${JSON.stringify(result, undefined, isJson ? undefined : 2)}\n`);

async function huntMutants({ jobs, json = false, mutants }: Options): Promise<void> {
  const only = typeof mutants === 'string' ? { only: mutants } : {};
  const results = await runMutants({ seeds: MUTANT_SEEDS, jobs, ...only }, (result) => {
    const verdict = result.seed === undefined ? 'NOT FOUND' : `seed ${result.seed}`;
    say(`${verdict.padEnd(10)} ${result.invariants.join(' ').padEnd(8)} ${result.name}: ${result.what}`);
  });
  const missed = results.filter(({ seed }) => seed === undefined).map(({ name }) => name);
  print({ mutants: results.length, missed, results }, json);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

async function main(options: Options): Promise<void> {
  if (options.mutants) return huntMutants(options);
  const startedAtMs = systemClock.monotonicMs();
  const totals = await chooseRun(options);
  const elapsedS = (systemClock.monotonicMs() - startedAtMs) / 1000;
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  print(
    {
      ...totals,
      simulatedHours: rounded(totals.simulatedHours),
      elapsedS: rounded(elapsedS),
      seedsPerSecond: rounded(totals.seeds / elapsedS),
    },
    options.json ?? false,
  );
  process.exitCode = totals.failedSeeds.length === 0 ? 0 : 1;
}

const whole = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no whole number`);
  return Number(text);
};

if (process.argv[2] === '--child')
  serveSeeds((seed) => runPlan(planOf(seed), { isRepeated: isRepeated(seed) }));
else
  await new Command('simulate')
    .description('the whole worker in a simulated world with faults; each seed is one world')
    .option('--seeds <n>', 'how many seeds', whole, 500)
    .option('--from <n>', 'the first seed', whole, 1)
    .option('--seed <n>', 'this seed alone, with all that it did', whole)
    .option('--plan <file>', 'a plan from a file, as a regression keeps it')
    .option('--mutants [part of a name]', 'plant each known bug, and look which seed finds it')
    .option('--jobs <n>', 'processes', whole, availableParallelism())
    .option('--json', 'the figures as one line')
    .action(main)
    .parseAsync();

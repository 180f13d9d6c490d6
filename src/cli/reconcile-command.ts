/** `reconcile`: our usage beside the vendor's Usage Records. docs/reconciliation.md */
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { parseIsoTime } from '../decode/iso-time.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { createReader } from '../reader/index.ts';
import type { Tolerance } from '../reconcile/compare.ts';
import type { AllSessions, SimReader } from '../reconcile/reader.ts';
import { REASONS, type Reason } from '../reconcile/reasons.ts';
import { type ReconcileInput, reconcile } from '../reconcile/reconcile.ts';
import { sessionSpan } from '../reconcile/session-span.ts';
import { type Granularity, PERIOD_MS } from '../reconcile/usage-record.ts';
import type { VendorUsage } from '../reconcile/vendor-usage.ts';
import { recordedGaps } from '../store/read-gaps.ts';
import { tableNames } from '../store/tables.ts';
import { fromIso } from '../time.ts';
import { EXIT } from './exit-codes.ts';
import { numeric } from './numeric-flag.ts';
import { sayHidden, terminalWidth } from './print-table.ts';
import { readUsageFiles } from './read-usage-files.ts';
import { headerLine, hiddenColumns, periodJson, periodLine, ReconcileSummary } from './reconcile-table.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';

interface ReconcileOptions extends SettingFlags {
  readonly usageRecords: readonly string[];
  readonly toleranceBytes: string;
  readonly tolerancePercent: string;
  readonly accept?: string;
  readonly from?: string;
  readonly to?: string;
  readonly allSims?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

const MICRO = 1_000_000;
const PERCENT_MAX = 100;

function toleranceOf({ toleranceBytes, tolerancePercent }: ReconcileOptions): Tolerance {
  if (!/^\d{1,19}$/.test(toleranceBytes))
    throw new MeterError(
      'usage',
      `--tolerance-bytes must be a whole number of bytes, not "${toleranceBytes}".`,
    );
  const percent = numeric(tolerancePercent, 'tolerance-percent', 0, PERCENT_MAX);
  return { bytes: BigInt(toleranceBytes), microPercent: BigInt(Math.round(percent * MICRO)) };
}

function acceptedOf({ accept = '' }: ReconcileOptions): ReadonlySet<Reason> {
  const names = accept.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(REASONS as readonly string[]).includes(name));
  if (unknown === undefined) return new Set(names as Reason[]);
  throw new MeterError('usage', `--accept takes some of ${REASONS.join(', ')}, not "${unknown}".`);
}

function timeOf(text: string | undefined, flag: string, granularity: Granularity, fallback: number): number {
  if (text === undefined) return fallback;
  const ms = parseIsoTime(text);
  if (ms !== 'invalid-timestamp' && ms % PERIOD_MS[granularity] === 0) return ms;
  throw new MeterError(
    'usage',
    `--${flag} must be the start of a UTC ${granularity}, like 2026-01-31T00:00:00Z, not "${text}".`,
  );
}

type Range = ReconcileInput['range'];

/** The time the API was asked for, or what the files span. @throws MeterError `usage` */
function rangeOf(usage: VendorUsage, granularity: Granularity, { from, to }: ReconcileOptions): Range {
  const { range } = usage;
  if (range === undefined && (from === undefined || to === undefined))
    throw new MeterError('usage', 'The files hold no record: say --from and --to to compare all the same.');
  const startMs = timeOf(from, 'from', granularity, range?.startMs ?? 0);
  const endMs = timeOf(to, 'to', granularity, range?.endMs ?? 0);
  if (startMs < endMs && startMs <= (range?.startMs ?? startMs) && endMs >= (range?.endMs ?? endMs))
    return { startMs, endMs };
  throw new MeterError(
    'usage',
    '--from and --to must hold all records of the files: they are the time that the API was asked for.',
  );
}

/** The SIMs of the files, and those with a session in the time that is compared. */
async function simSidsOf(
  reader: AllSessions,
  usage: VendorUsage,
  range: Range,
  isAll: boolean,
): Promise<readonly string[]> {
  const simSids = new Set(usage.simSids);
  if (isAll)
    for await (const row of reader.allSessions()) {
      const { startedAtMs, throughMs } = sessionSpan(row);
      if (row.sim_sid !== undefined && startedAtMs < range.endMs && throughMs >= range.startMs)
        simSids.add(row.sim_sid);
    }
  return [...simSids].sort();
}

async function inputOf(
  options: ReconcileOptions,
): Promise<ReconcileInput & { readonly summary: ReconcileSummary }> {
  const [tolerance, summary] = [toleranceOf(options), new ReconcileSummary(acceptedOf(options))];
  const { config } = configFrom(options);
  const vendor = await readUsageFiles(options.usageRecords);
  const granularity = vendor.granularity ?? 'day';
  const range = rangeOf(vendor, granularity, options);
  const { data } = createClients();
  const reader: AllSessions & SimReader = createReader({ client: data, tablePrefix: config.tablePrefix });
  const gaps = [];
  for await (const { shardId, recordedAt } of recordedGaps(data, tableNames(config).deadLetters))
    gaps.push({ shardId, recordedAtMs: fromIso(recordedAt) });
  const simSids = await simSidsOf(reader, vendor, range, options.allSims ?? false);
  summary.simCount = simSids.length;
  return { reader, vendor, granularity, range, simSids, gaps, tolerance, summary };
}

function printHeader(look: Parameters<typeof headerLine>[0]): void {
  process.stdout.write(`${headerLine(look)}\n`);
  sayHidden(hiddenColumns(look.widthMax));
}

async function printReconciliation(options: ReconcileOptions): Promise<void> {
  const { summary, ...input } = await inputOf(options);
  const { granularity, vendor } = input;
  const look = { granularity, widthMax: terminalWidth() ?? Number.POSITIVE_INFINITY };
  let isFirst = true;
  for await (const periods of reconcile(input))
    for (const period of periods) {
      summary.add(period);
      if (period.reason === undefined && !options.all) continue;
      if (isFirst && !options.json) printHeader(look);
      isFirst = false;
      const text = options.json ? toJson(periodJson(period, granularity)) : periodLine(period, look);
      process.stdout.write(`${text}\n`);
    }
  if (options.json) process.stdout.write(`${toJson(summary.json)}\n`);
  else process.stderr.write(`${summary.line}\n`);
  if (vendor.repeatedCount > 0)
    process.stderr.write(`${vendor.repeatedCount} record(s) came more than once, and were counted once\n`);
  if (summary.beyondCount > 0) process.exitCode = EXIT.differences;
}

/** Registers `reconcile`. */
export function addReconcileCommand(program: Command): void {
  addSettingFlags(
    program
      .command('reconcile')
      .description(
        'hold our usage against the vendor’s Usage Records, by SIM and hour or day, and say why they differ',
      )
      .requiredOption(
        '--usage-records <file...>',
        'JSON as the API answers it, JSON lines or CSV; several files may be pages of one answer; - is standard input',
      )
      .option('--tolerance-bytes <count>', 'differences up to this are no failure', '0')
      .option('--tolerance-percent <percent>', 'nor those up to this part of the vendor’s bytes', '0')
      .option(
        '--accept <reasons>',
        `reasons that are no failure, separated by commas: of ${REASONS.join(', ')}`,
      )
      .option('--from <time>', 'start of the time that the API was asked for; default: of the first record')
      .option('--to <time>', 'its end; default: of the last record')
      .option('--all-sims', 'also SIMs that are in no file; reads the whole sessions table')
      .option('--all', 'print equal periods too')
      .option('--json', 'as JSON lines, the summary last'),
    ['tablePrefix'],
  ).action(async (options: ReconcileOptions) => {
    try {
      await printReconciliation(options);
    } catch (error) {
      throw explain(error, 'reconciling');
    }
  });
}

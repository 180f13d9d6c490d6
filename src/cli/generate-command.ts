import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { onlyStreamOf } from '../config.ts';
import { errorName, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { type Fleet, generateFleet } from '../local/fleet.ts';
import { FLEET_DEFAULTS, type FleetOptions } from '../local/fleet-options.ts';
import { putRecords } from '../local/put-records.ts';
import { systemClock, systemRandom, toIso } from '../time.ts';
import { dayFlag } from './day-flag.ts';
import { numeric, whole } from './numeric-flag.ts';
import { addSettingFlags, configFrom } from './setting-flags.ts';

interface GenerateFlags {
  readonly devices: string;
  readonly hours: string;
  readonly seed: string;
  readonly startAt: string;
  readonly duplicates: string;
  readonly disorder: string;
  readonly poison: string;
  readonly lostUpdates: string;
  readonly lostEnded: string;
  readonly kore: string;
  readonly v1: string;
  readonly eventsMax?: string;
  readonly rate?: string;
  readonly out?: string;
  readonly put?: boolean;
  readonly truth?: string;
  readonly stream?: string;
  readonly json?: boolean;
}

/** So that readers of the file meet arrays of several events too. */
const ARRAY_ELEMENTS_MAX = 4;

/** Flags that contradict each other would be obeyed in part only. */
function checkTogether(flags: GenerateFlags): void {
  if (flags.put && flags.out !== undefined)
    throw new MeterError(
      'usage',
      'Give --out or --put, not both: `supersim-meter put --file` puts a file later.',
    );
  for (const flag of ['rate', 'stream'] as const)
    if (flags[flag] !== undefined && !flags.put)
      throw new MeterError('usage', `--${flag} goes with --put only.`);
}

function fleetOptions(flags: GenerateFlags): Partial<FleetOptions> {
  const startAtMs = dayFlag(flags.startAt, 'start-at', systemClock.wallMs());
  const hours = numeric(flags.hours, 'hours', 0.1, 10_000);
  if (startAtMs + hours * 3_600_000 > systemClock.wallMs())
    throw new MeterError(
      'usage',
      'The span must lie in the past: choose an earlier --start-at or fewer --hours.',
    );
  return {
    seed: whole(flags.seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
    devices: whole(flags.devices, 'devices', 1, 1_000_000),
    hours,
    startAtMs,
    duplicateRate: numeric(flags.duplicates, 'duplicates', 0, 1),
    disorderMs: numeric(flags.disorder, 'disorder', 0, 240) * 60_000,
    poisonRate: numeric(flags.poison, 'poison', 0, 1),
    lostUpdateRate: numeric(flags.lostUpdates, 'lost-updates', 0, 1),
    lostEndedRate: numeric(flags.lostEnded, 'lost-ended', 0, 1),
    koreRate: numeric(flags.kore, 'kore', 0, 1),
    v1Rate: numeric(flags.v1, 'v1', 0, 1),
    arrayElementsMax: ARRAY_ELEMENTS_MAX,
    ...(flags.eventsMax !== undefined
      ? { eventsMax: whole(flags.eventsMax, 'events-max', 1, 100_000_000) }
      : {}),
  };
}

async function writeLines({ lines }: Fleet, file: string | undefined): Promise<void> {
  if (file === undefined) {
    for (const { data } of lines) if (!process.stdout.write(`${data}\n`)) await once(process.stdout, 'drain');
    return;
  }
  await writing(file, () =>
    pipeline(
      lines.map(({ data }) => `${data}\n`),
      createWriteStream(file),
    ),
  );
}

/** @throws MeterError `usage` when the file cannot be written. */
async function writing(file: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MeterError('usage', `${file} cannot be written (${code ?? errorName(error)}).`, {
      cause: error,
    });
  }
}

async function putLines({ lines }: Fleet, stream: string, ratePerSecond: number | undefined): Promise<void> {
  const utf8 = new TextEncoder();
  const deps = { kinesis: createClients().kinesis, clock: systemClock, random: systemRandom };
  const records = lines.map(({ partitionKey, data }) => ({ partitionKey, data: utf8.encode(data) }));
  try {
    await putRecords(deps, stream, records, ratePerSecond === undefined ? {} : { ratePerSecond });
  } catch (error) {
    throw explain(error, `putting records into "${stream}"`);
  }
}

async function deliver(fleet: Fleet, flags: GenerateFlags): Promise<void> {
  if (!flags.put) return writeLines(fleet, flags.out);
  const ratePerSecond = flags.rate === undefined ? undefined : numeric(flags.rate, 'rate', 1, 1_000_000);
  const { config } = configFrom(flags.stream === undefined ? {} : { stream: flags.stream });
  await putLines(fleet, onlyStreamOf(config), ratePerSecond);
}

const summarize = ({ lines, truth }: Fleet) => ({
  lines: lines.length,
  sessions: Object.keys(truth.sessions).length,
  ...truth.totals,
});

async function generate(flags: GenerateFlags): Promise<void> {
  checkTogether(flags);
  const fleet = generateFleet(fleetOptions(flags));
  const { truth } = flags;
  // The truth first: records that are in the stream without it can no longer be checked.
  if (truth !== undefined) await writing(truth, () => writeFile(truth, `${toJson(fleet.truth, 2)}\n`));
  await deliver(fleet, flags);
  const summary = summarize(fleet);
  process.stderr.write(
    `${summary.lines} records: ${summary.distinct} distinct events of ${summary.sessions} sessions, ${summary.duplicates} duplicates, ${summary.ignored} to be ignored, ${summary.poison} poison\n`,
  );
  if (flags.json && (flags.put || flags.out !== undefined)) process.stdout.write(`${toJson(summary)}\n`);
}

/** Registers `generate`. */
export function addGenerateCommand(program: Command): void {
  const defaults = FLEET_DEFAULTS;
  const command = program
    .command('generate')
    .description('a realistic fleet’s records as JSON lines, or into the stream, with its ground truth')
    .option('--devices <count>', 'devices', String(defaults.devices))
    .option('--hours <count>', 'simulated span', String(defaults.hours))
    .option('--seed <number>', 'the same seed makes the same records', String(defaults.seed))
    .option(
      '--start-at <time>',
      'start of the span: a time, a day, yesterday or 7d (days ago)',
      toIso(defaults.startAtMs),
    )
    .option('--duplicates <share>', 'share of events delivered twice', String(defaults.duplicateRate))
    .option(
      '--disorder <minutes>',
      'a tenth of the events are late by up to this',
      String(defaults.disorderMs / 60_000),
    )
    .option('--poison <share>', 'poison records per record', String(defaults.poisonRate))
    .option('--lost-updates <share>', 'share of updates that never arrive', String(defaults.lostUpdateRate))
    .option('--lost-ended <share>', 'share of ended events that never arrive', String(defaults.lostEndedRate))
    .option(
      '--kore <share>',
      'share of records in KORE’s envelope; the rest is Twilio’s',
      String(defaults.koreRate),
    )
    .option('--v1 <share>', 'share of sessions of schema v1', String(defaults.v1Rate))
    .option('--events-max <count>', 'only so many records, the earliest')
    .option('--out <file>', 'write the lines here; default: standard output')
    .option('--put', 'put the records into the stream instead')
    .option('--rate <count>', 'with --put: records a second; default: as fast as it goes')
    .option('--truth <file>', 'write what each session’s item must say')
    .option('--json', 'with --out or --put: a summary as one JSON object');
  addSettingFlags(command, ['stream']).action(generate);
}

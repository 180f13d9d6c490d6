import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { type Fleet, generateFleet } from '../local/fleet.ts';
import { FLEET_DEFAULTS, type FleetOptions } from '../local/fleet-options.ts';
import { putRecords } from '../local/put-records.ts';
import { fromIso, systemClock, systemRandom, toIso } from '../time.ts';
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

function numeric(text: string, flag: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== '' && value >= min && value <= max) return value;
  throw new MeterError('usage', `--${flag} must be a number from ${min} to ${max}, not "${text}".`);
}

function fleetOptions(flags: GenerateFlags): Partial<FleetOptions> {
  const startAtMs = fromIso(flags.startAt);
  const hours = numeric(flags.hours, 'hours', 0.1, 10_000);
  if (Number.isNaN(startAtMs))
    throw new MeterError(
      'usage',
      `--start-at must be a time like 2026-03-01T00:00:00Z, not "${flags.startAt}".`,
    );
  if (startAtMs + hours * 3_600_000 > systemClock.wallMs())
    throw new MeterError(
      'usage',
      'The span must lie in the past: choose an earlier --start-at or fewer --hours.',
    );
  return {
    seed: numeric(flags.seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
    devices: numeric(flags.devices, 'devices', 1, 1_000_000),
    hours,
    startAtMs,
    duplicateRate: numeric(flags.duplicates, 'duplicates', 0, 1),
    disorderMs: numeric(flags.disorder, 'disorder', 0, 240) * 60_000,
    poisonRate: numeric(flags.poison, 'poison', 0, 1),
    lostUpdateRate: numeric(flags.lostUpdates, 'lost-updates', 0, 1),
    lostEndedRate: numeric(flags.lostEnded, 'lost-ended', 0, 1),
    koreRate: numeric(flags.kore, 'kore', 0, 1),
    v1Rate: numeric(flags.v1, 'v1', 0, 1),
    ...(flags.eventsMax ? { eventsMax: numeric(flags.eventsMax, 'events-max', 1, 100_000_000) } : {}),
  };
}

async function writeLines({ lines }: Fleet, file: string | undefined): Promise<void> {
  const output = file ? createWriteStream(file) : process.stdout;
  for (const { data } of lines) if (!output.write(`${data}\n`)) await once(output, 'drain');
  if (!file) return;
  output.end();
  await once(output, 'finish');
}

async function putLines({ lines }: Fleet, flags: GenerateFlags): Promise<void> {
  const { config } = configFrom(flags.stream === undefined ? {} : { stream: flags.stream });
  const utf8 = new TextEncoder();
  const deps = { kinesis: createClients().kinesis, clock: systemClock, random: systemRandom };
  const records = lines.map(({ partitionKey, data }) => ({ partitionKey, data: utf8.encode(data) }));
  await putRecords(
    deps,
    config.stream,
    records,
    flags.rate ? { ratePerSecond: numeric(flags.rate, 'rate', 1, 1_000_000) } : {},
  ).catch((error: unknown) => {
    throw explain(error, `putting records into "${config.stream}"`);
  });
}

async function generate(flags: GenerateFlags): Promise<void> {
  const fleet = generateFleet(fleetOptions(flags));
  if (flags.put) await putLines(fleet, flags);
  else await writeLines(fleet, flags.out);
  if (flags.truth) writeFileSync(flags.truth, `${toJson(fleet.truth, 2)}\n`);
  const summary = {
    lines: fleet.lines.length,
    sessions: Object.keys(fleet.truth.sessions).length,
    ...fleet.truth.totals,
  };
  process.stderr.write(
    `${summary.lines} records: ${summary.distinct} distinct events of ${summary.sessions} sessions, ${summary.duplicates} duplicates, ${summary.ignored} to be ignored, ${summary.poison} poison\n`,
  );
  if (flags.json && (flags.put || flags.out)) process.stdout.write(`${toJson(summary)}\n`);
}

export function addGenerateCommand(program: Command): void {
  const defaults = FLEET_DEFAULTS;
  const command = program
    .command('generate')
    .description('a realistic fleet’s records as JSON lines, or into the stream, with its ground truth')
    .option('--devices <count>', 'devices', String(defaults.devices))
    .option('--hours <count>', 'simulated span', String(defaults.hours))
    .option('--seed <number>', 'the same seed makes the same records', String(defaults.seed))
    .option('--start-at <time>', 'start of the span', toIso(defaults.startAtMs))
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

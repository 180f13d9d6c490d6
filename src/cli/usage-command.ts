/** `usage`: what a SIM or a fleet used, by hour, day or month. */
import { type Command, Option } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { createReader, type UsageRange, type UsageRow } from '../reader/index.ts';
import { systemClock, toIso } from '../time.ts';
import { dayFlag } from './day-flag.ts';
import { printTable } from './print-table.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { simSid } from './sim-sid.ts';
import type { Column } from './text-table.ts';

interface UsageFlags extends SettingFlags {
  readonly fleet?: string;
  readonly by: UsageRange['by'];
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

const FLEET_SID = /^HF[0-9a-fA-F]{32}$/;

type Subject = { readonly simSid: string } | { readonly fleetSid: string };

function subjectOf(sim: string | undefined, fleet: string | undefined): Subject {
  if ((sim === undefined) === (fleet === undefined))
    throw new MeterError('usage', 'Give a SIM (HS…) or --fleet HF…, one of them.');
  if (sim !== undefined) return { simSid: simSid(sim) };
  if (fleet !== undefined && FLEET_SID.test(fleet)) return { fleetSid: fleet };
  throw new MeterError('usage', `--fleet must be HF and 32 hex digits, not "${fleet}".`);
}

function rangeOf({ from, to, by }: UsageFlags): UsageRange {
  const wallMs = systemClock.wallMs();
  const [fromMs, toMs] = [dayFlag(from, 'from', wallMs), dayFlag(to, 'to', wallMs)];
  if (fromMs >= toMs) throw new MeterError('usage', '--from must be before --to, which is not in the range.');
  return { from: toIso(fromMs), to: toIso(toMs), by };
}

const LENGTHS = {
  hour: '2026-01-31T05:00'.length,
  day: '2026-01-31'.length,
  month: '2026-01'.length,
} as const;

const columnsOf = (by: UsageRange['by']): readonly Column[] => [
  { name: `${by} (UTC)` },
  { name: 'download', isRight: true },
  { name: 'upload', isRight: true },
  { name: 'total bytes', isRight: true },
  { name: 'of it SIM updates', isRight: true },
  { name: 'networks', widthMin: 10 },
];

const networksOf = ({ lines }: UsageRow): string => {
  const names = lines.map(
    ({ mcc, mnc, isoCountry }) => `${mcc ?? '-'}-${mnc ?? '-'}${isoCountry ? ` ${isoCountry}` : ''}`,
  );
  return [...new Set(names)].join(', ');
};

const count = (bytes: bigint): string => bytes.toLocaleString('en-US');

function printRows(rows: readonly UsageRow[], by: UsageRange['by']): void {
  const sum = (of: (row: UsageRow) => bigint): string =>
    count(rows.reduce((total, row) => total + of(row), 0n));
  const cells = rows.map((row) => [
    row.period.slice(0, LENGTHS[by]),
    count(row.downloadBytes),
    count(row.uploadBytes),
    count(row.totalBytes),
    count(row.ota.totalBytes),
    networksOf(row),
  ]);
  const total = [
    'total',
    sum(({ downloadBytes }) => downloadBytes),
    sum(({ uploadBytes }) => uploadBytes),
    sum(({ totalBytes }) => totalBytes),
    sum(({ ota }) => ota.totalBytes),
    '',
  ];
  printTable(columnsOf(by), rows.length > 1 ? [...cells, total] : cells);
}

async function showUsage(sim: string | undefined, flags: UsageFlags): Promise<void> {
  const subject = subjectOf(sim, flags.fleet);
  const range = rangeOf(flags);
  const { config } = configFrom({
    ...(flags.tablePrefix === undefined ? {} : { tablePrefix: flags.tablePrefix }),
  });
  const reader = createReader({ client: createClients().data, tablePrefix: config.tablePrefix });
  const rows =
    'simSid' in subject
      ? await reader.usageOfSim(subject.simSid, range)
      : await reader.usageOfFleet(subject.fleetSid, range);
  if (flags.json) for (const row of rows) process.stdout.write(`${toJson(row)}\n`);
  else if (rows.length > 0) printRows(rows, flags.by);
  const { from, to } = range;
  process.stderr.write(
    `${rows.length === 0 ? 'no usage' : `${rows.length} ${flags.by}(s) with usage`} from ${from} to before ${to}\n`,
  );
}

/** Registers `usage`. */
export function addUsageCommand(program: Command): void {
  addSettingFlags(
    program
      .command('usage [sim]')
      .description('what a SIM (HS…) or a fleet used, by hour, day or month, with what open sessions hold')
      .option('--fleet <sid>', 'a whole fleet (HF…) instead of a SIM')
      .addOption(
        new Option('--by <period>', 'rows by UTC hour, day or month')
          .choices(['hour', 'day', 'month'])
          .default('day'),
      )
      .option('--from <time>', 'first full hour: a day, today, yesterday, 7d (days ago) or a time', '7d')
      .option('--to <time>', 'the same; up to before it', 'tomorrow')
      .option('--json', 'as JSON lines, with each network and APN'),
    ['tablePrefix'],
  ).action(async (sim: string | undefined, flags: UsageFlags) => {
    try {
      await showUsage(sim, flags);
    } catch (error) {
      throw explain(error, 'reading usage');
    }
  });
}

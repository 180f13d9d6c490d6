/** An estimate for people. Pure. */
import { ASSUMPTION_NAMES, ASSUMPTIONS } from '../estimate/assumptions.ts';
import {
  type CostItem,
  type DesignEstimate,
  type DesignName,
  type Estimate,
  HOURS_PER_MONTH,
} from '../estimate/formulas.ts';
import { type Column, printable, textTable } from './text-table.ts';

const DESIGNS: readonly DesignName[] = ['ours', 'transaction', 'put'];

const DESIGN_COLUMNS: readonly Column[] = [
  { name: 'a month' },
  { name: 'ours', isRight: true },
  { name: 'transaction per event', isRight: true },
  { name: 'PutItem per event', isRight: true },
];
const LOAD_COLUMNS: readonly Column[] = [
  { name: 'load' },
  { name: 'a month', isRight: true },
  { name: 'a second', isRight: true },
];

const COST_NAMES: Readonly<Record<CostItem, string>> = {
  dynamodbWrites: 'DynamoDB writes',
  dynamodbReads: 'DynamoDB reads',
  dynamodbStorage: 'DynamoDB storage',
  leaseTable: 'lease table',
  kinesis: 'Kinesis stream',
  fargate: 'Fargate tasks',
};

const SCALES = [
  ['G', 1_000_000_000],
  ['M', 1_000_000],
  ['k', 1_000],
] as const;
const DIGITS = 3;

const fixed = (value: number, digits: number, digitsMin = digits): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digitsMin, maximumFractionDigits: digits });
/** Three digits: `73.0 M`, `304 k`, `27.8`, `0`. */
export function shortNumber(exact: number): string {
  // Rounded first: 999.9 is 1.00 k.
  const value = Number(exact.toPrecision(DIGITS));
  if (value === 0) return '0';
  const [suffix, size] = SCALES.find(([, scale]) => value >= scale) ?? ['', 1];
  const scaled = value / size;
  return `${scaled < 1_000 ? scaled.toPrecision(DIGITS) : fixed(scaled, 0)}${suffix && ` ${suffix}`}`;
}

const whole = (value: number): string => fixed(value, 0);
const money = (value: number): string => fixed(value, 2);
const times = (ratio: number | null): string => (ratio === null ? '-' : fixed(ratio, 2));

/** `--attach-rate` for `attachRate`. */
export const flagOf = (name: string): string => name.replace(/[A-Z]/g, (big) => `-${big.toLowerCase()}`);

function loadTable({ load }: Estimate): readonly string[] {
  const row = (name: string, perMonth: number): readonly string[] => [
    name,
    shortNumber(perMonth),
    shortNumber(perMonth / (HOURS_PER_MONTH * 3_600)),
  ];
  const rows = [
    row('updates', load.updatesPerMonth),
    row('sessions started and ended', load.startsAndEndsPerMonth),
    row('attachments', load.attachmentsPerMonth),
    row('events in all', load.eventsPerMonth),
    row('MB', load.gbPerMonth * 1_000),
  ];
  return textTable(LOAD_COLUMNS, rows).lines;
}

const counted = (count: number, thing: string): string =>
  `${fixed(count, 1, 0)} ${thing}${count === 1 ? '' : 's'}`;

function designTable({ designs, prices, timesOurs, input }: Estimate): readonly string[] {
  const row = (name: string, text: (design: DesignEstimate) => string): readonly string[] => [
    name,
    ...DESIGNS.map((design) => text(designs[design])),
  ];
  const horizon = counted(input.dedupHorizonDays, 'day');
  const costNames = Object.entries(COST_NAMES) as [CostItem, string][];
  const rows = [
    row('write units per session event', ({ units }) => fixed(units.writeUnitsPerEvent, 2)),
    row('write units for sessions', ({ units }) => shortNumber(units.writeUnitsPerMonth)),
    row('  for SIMs and usage by hour', ({ units }) => shortNumber(units.projectionWriteUnitsPerMonth)),
    row('read units for sessions', ({ units }) => shortNumber(units.readUnitsPerMonth)),
    row('  for SIMs and usage by hour', ({ units }) => shortNumber(units.projectionReadUnitsPerMonth)),
    row('lease table units', ({ units }) =>
      shortNumber(units.leaseWriteUnitsPerMonth + units.leaseReadUnitsPerMonth),
    ),
    row('GB of sessions', ({ units }) => shortNumber(units.sessionsGb)),
    row('GB of SIMs and usage', ({ units }) => shortNumber(units.projectionsGb)),
    row('GB of event ids', ({ units }) => shortNumber(units.dedupGb)),
    ['event ids are kept for', horizon, horizon, 'what the item holds'],
    row('tasks × vCPU', ({ units }) => `${whole(units.tasks)} × ${units.vcpuPerTask}`),
    ...costNames.map(([item, name]) =>
      row(`${name}, ${prices.currency}`, ({ costPerMonth }) => money(costPerMonth[item])),
    ),
    row(`total, ${prices.currency}`, ({ totalPerMonth }) => money(totalPerMonth)),
    row('  per million events', ({ perMillionEvents }) =>
      perMillionEvents === null ? '-' : fixed(perMillionEvents, 3),
    ),
    row('  per device', ({ perDevice }) => fixed(perDevice, 4)),
    ['  times ours', times(1), times(timesOurs.transaction), times(timesOurs.put)],
  ];
  return textTable(DESIGN_COLUMNS, rows).lines;
}

function streamLines({ stream, prices, load, input }: Estimate): readonly string[] {
  const { provisionedCost, onDemandCost, shards } = stream;
  const verdict =
    provisionedCost <= onDemandCost
      ? 'provisioned is cheaper'
      : `on demand is cheaper, by ${money(provisionedCost - onDemandCost)} of the totals`;
  return [
    `Sized for ${fixed(input.peakToMean, 1, 0)} times the mean, ${shortNumber(load.eventsPerSecondPeak)} events a second: ${counted(shards, 'shard')}.`,
    `Stream in ${prices.currency}: provisioned ${money(provisionedCost)}, as counted below; on demand ${money(onDemandCost)}: ${verdict}.`,
  ];
}

/** Flags that change what the table shows, so that it can be repeated. */
function changedFlags({ input }: Estimate): readonly string[] {
  const changed = ASSUMPTION_NAMES.filter((name) => input[name] !== ASSUMPTIONS[name].default);
  if (changed.length === 0) return [];
  return [`assumed: ${changed.map((name) => `--${flagOf(name)} ${input[name]}`).join(' ')}`];
}

export function estimateLines(result: Estimate): readonly string[] {
  const { input, prices } = result;
  return [
    `${counted(input.devices, 'device')}, ${fixed(input.attachRate * 100, 1, 0)} % of them with a data session at a time; prices of ${printable(prices.region)}`,
    ...changedFlags(result),
    ...loadTable(result),
    ...streamLines(result),
    '',
    ...designTable(result),
  ];
}

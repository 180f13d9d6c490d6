import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { errorName, MeterError } from '../errors.ts';
import {
  ASSUMPTION_NAMES,
  ASSUMPTIONS,
  type Assumption,
  type AssumptionName,
  type Assumptions,
} from '../estimate/assumptions.ts';
import { estimate } from '../estimate/formulas.ts';
import { PRICE_DEFAULTS, type Prices, parsePrices } from '../estimate/prices.ts';
import { toJson } from '../json.ts';
import { estimateLines, flagOf } from './estimate-table.ts';
import { numeric, whole } from './numeric-flag.ts';

type EstimateFlags = Partial<Record<AssumptionName, string>> & {
  readonly devices?: string;
  readonly prices?: string;
  readonly printPrices?: boolean;
  readonly json?: boolean;
};

const DEVICES_MAX = 1_000_000_000;

function assumptionsFrom(flags: EstimateFlags): Assumptions {
  const values = ASSUMPTION_NAMES.map((name) => {
    const { default: fallback, min, max, isWhole }: Assumption = ASSUMPTIONS[name];
    const given = flags[name];
    if (given === undefined) return [name, fallback];
    return [name, (isWhole ? whole : numeric)(given, flagOf(name), min, max)];
  });
  return Object.fromEntries(values) as Assumptions;
}

/** @throws MeterError `usage` when the file cannot be read, `file-invalid` when it holds something else. */
async function pricesFrom(file: string | undefined): Promise<Prices> {
  if (file === undefined) return PRICE_DEFAULTS;
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MeterError('usage', `${file} cannot be read (${code ?? errorName(error)}).`, { cause: error });
  }
  return parsePrices(content, file === '-' ? 'Standard input' : file);
}

async function printEstimate(flags: EstimateFlags): Promise<void> {
  const prices = await pricesFrom(flags.prices);
  if (flags.printPrices) {
    process.stdout.write(`${toJson(prices, 2)}\n`);
    return;
  }
  if (flags.devices === undefined)
    throw new MeterError(
      'usage',
      'Say how many devices the fleet has, as in `supersim-meter estimate --devices 10000`.',
    );
  const devices = whole(flags.devices, 'devices', 1, DEVICES_MAX);
  const result = estimate({ devices, ...assumptionsFrom(flags) }, prices);
  process.stdout.write(flags.json ? `${toJson(result, 2)}\n` : `${estimateLines(result).join('\n')}\n`);
}

/** Registers `estimate`. */
export function addEstimateCommand(program: Command): void {
  const command = program
    .command('estimate')
    .description('what a fleet costs a month, beside the obvious designs: units, shards, tasks and money')
    .option('--devices <count>', 'devices of the fleet');
  for (const name of ASSUMPTION_NAMES) {
    const { unit, text: meaning, default: fallback } = ASSUMPTIONS[name];
    command.option(`--${flagOf(name)} <${unit}>`, `${meaning}; default ${fallback}`);
  }
  command
    .option(
      '--prices <file>',
      'prices that replace the defaults, as --print-prices writes them; - is standard input',
    )
    .option('--print-prices', 'print the prices in force as JSON, to be edited, and nothing else')
    .option('--json', 'as one JSON object, unrounded')
    .action(printEstimate);
}

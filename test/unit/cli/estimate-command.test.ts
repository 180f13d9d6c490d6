import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { flagOf, shortNumber } from '../../../src/cli/estimate-table.ts';
import { ASSUMPTION_DEFAULTS, ASSUMPTION_NAMES, ASSUMPTIONS } from '../../../src/estimate/assumptions.ts';
import { estimate } from '../../../src/estimate/formulas.ts';
import { PRICE_DEFAULTS } from '../../../src/estimate/prices.ts';
import { estimatePrinted as run } from '../../support/estimate-printed.ts';

const DOCS = readFileSync(join(import.meta.dirname, '../../../docs/cost.md'), 'utf8');

const pricesFile = async (content: string): Promise<string> => {
  const file = join(await mkdtemp(join(tmpdir(), 'supersim-')), 'prices.json');
  await writeFile(file, content);
  return file;
};

describe('estimate', () => {
  it('prints every figure unrounded as JSON', async () => {
    const printed = JSON.parse(await run('--devices', '12345', '--attach-rate', '0.3', '--json'));

    expect(printed).toEqual(
      estimate({ ...ASSUMPTION_DEFAULTS, devices: 12_345, attachRate: 0.3 }, PRICE_DEFAULTS),
    );
  });

  it.each(ASSUMPTION_NAMES)('takes %s from its flag', async (name) => {
    const { min, max } = ASSUMPTIONS[name];

    for (const value of [min, max]) {
      const printed = await run('--devices', '10', `--${flagOf(name)}`, String(value), '--json');
      expect(JSON.parse(printed).input).toEqual({ ...ASSUMPTION_DEFAULTS, devices: 10, [name]: value });
    }
  });

  it('says what was assumed otherwise than by default, so that a copy of the table can be repeated', async () => {
    const printed = await run('--devices', '10', '--tasks-min', '3', '--attach-rate', '0.25');

    expect(printed).toContain('10 devices, 25 % of them');
    expect(printed).toContain('\nassumed: --attach-rate 0.25 --tasks-min 3\n');
    expect(await run('--devices', '10')).not.toContain('assumed:');
  });

  it('prints the prices in force, and takes them back edited', async () => {
    expect(JSON.parse(await run('--print-prices'))).toEqual(PRICE_DEFAULTS);

    const edited = await pricesFile(
      (await run('--print-prices')).replace('us-east-1', 'eu-central-1').replace('0.625', '0.7625'),
    );
    const { prices, designs } = JSON.parse(await run('--devices', '10000', '--prices', edited, '--json'));
    expect(prices).toEqual({
      ...PRICE_DEFAULTS,
      region: 'eu-central-1',
      dynamodbPerMillionWriteUnits: 0.7625,
    });
    expect(designs.transaction.costPerMonth.dynamodbWrites).toBeCloseTo((184.21 * 0.7625) / 0.625, 1);
    expect(await run('--devices', '10', '--prices', edited)).toContain('prices of eu-central-1');
  });

  it('says when a stream on demand is cheaper', async () => {
    expect(await run('--devices', '1000')).toContain('provisioned is cheaper.');
    expect(await run('--devices', '100000', '--peak-to-mean', '100')).toContain('on demand is cheaper, by ');
  });

  it('shows no price per event where nothing happens', async () => {
    const nothing = [
      '--attach-rate',
      '0',
      '--sessions-per-device-day',
      '0',
      '--attachments-per-device-day',
      '0',
    ];

    const printed = await run('--devices', '1', ...nothing);

    expect(printed).toMatch(/per million events +- +- +-\n/);
    expect(printed).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  it.each([
    [[], 'Say how many devices'],
    [['--devices', '0'], '--devices must be a number from 1'],
    [['--devices', '10,000'], '--devices must be a number from 1'],
    [['--devices', '1.5'], '--devices must be a whole number'],
    [['--devices', '1', '--attach-rate', '30'], '--attach-rate must be a number from 0 to 1'],
    [['--devices', '1', '--update-every-seconds', '0'], '--update-every-seconds must be a number from 1'],
    [['--devices', '1', '--event-bytes', '1.5'], '--event-bytes must be a whole number'],
    [['--devices', '1', '--prices', '/nowhere/prices.json'], '/nowhere/prices.json cannot be read (ENOENT)'],
  ])('%j is refused', async (args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a file with other things in it', async () => {
    const file = await pricesFile('{"shards":1}');

    await expect(run('--devices', '1', '--prices', file)).rejects.toMatchObject({
      code: 'file-invalid',
      message: expect.stringContaining('there is no price named shards'),
    });
  });
});

it.each([
  [0, '0'],
  [0.040_4, '0.0404'],
  [27.77, '27.8'],
  [999.4, '999'],
  [999.9, '1.00 k'],
  [73_000_000, '73.0 M'],
  [999_999, '1.00 M'],
  [7.3e12, '7,300 G'],
])('%d is short as %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

describe('docs/cost.md', () => {
  const examples = [...DOCS.matchAll(/```\n\$ supersim-meter estimate ([^\n]*)\n([\s\S]*?)```/g)];

  it('shows two fleets', () => {
    expect(examples.map(([, args]) => args)).toEqual(['--devices 10000', '--devices 1000000']);
  });

  it.each(examples.map(([, args = '', output = '']) => [args, output]))(
    'shows what the command prints for %s',
    async (args, output) => {
      expect(output).toBe(await run(...args.split(' ')));
    },
  );

  it.each(ASSUMPTION_NAMES)('gives the default of %s and where it comes from', (name) => {
    const row = DOCS.split('\n').find((line) => line.startsWith(`| \`--${flagOf(name)}\` |`));

    expect(row?.split('|')[2]?.trim()).toBe(ASSUMPTIONS[name].default.toLocaleString('en-US'));
    expect(row?.split('|')[3]?.trim().length).toBeGreaterThan(20);
  });

  it.each(Object.entries(PRICE_DEFAULTS).filter(([, price]) => typeof price === 'number'))(
    'gives the price %s with its source and date',
    (name, price) => {
      const row = DOCS.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));

      expect(Number(row?.split('|')[2])).toBe(price);
      expect(row).toMatch(/20\d\d/);
    },
  );

  it('stays short', () => {
    expect(DOCS.split('\n').length).toBeLessThanOrEqual(121);
  });
});

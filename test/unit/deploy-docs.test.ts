/** docs/deploy.md says what the program says, and links to what is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { estimatePrinted } from '../support/estimate-printed.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');

const FLEETS = [1_000, 10_000, 100_000, 1_000_000];

interface Estimate {
  readonly load: { readonly eventsPerMonth: number };
  readonly stream: { readonly shards: number };
  readonly designs: {
    readonly ours: {
      readonly units: { readonly tasks: number; readonly vcpuPerTask: number };
      readonly costPerMonth: Readonly<Record<string, number>>;
      readonly totalPerMonth: number;
      readonly perMillionEvents: number;
    };
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const cents = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

async function costRow(devices: number): Promise<string> {
  const printed = await estimatePrinted('--devices', String(devices), '--json');
  const { load, stream, designs } = JSON.parse(printed) as Estimate;
  const { units, costPerMonth, totalPerMonth, perMillionEvents } = designs.ours;
  const { kinesis = Number.NaN, fargate = Number.NaN, ...dynamodb } = costPerMonth;
  const inDynamoDb = Object.values(dynamodb).reduce((sum, cost) => sum + cost, 0);
  const cells = [
    whole(devices),
    `${whole(load.eventsPerMonth / 1e6)} M`,
    stream.shards,
    `${units.tasks} × ${units.vcpuPerTask}`,
    ...[inDynamoDb, kinesis, fargate].map(cents),
    `**${cents(totalPerMonth)}**`,
    cents(perMillionEvents),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The table as it must stand in the document. */
async function costTable(): Promise<string> {
  const lines = [
    '| devices | events a month | shards | tasks × vCPU | DynamoDB | Kinesis | Fargate | in all | per million events |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  for (const devices of FLEETS) lines.push(await costRow(devices));
  return lines.join('\n');
}

describe('docs/deploy.md', () => {
  it('has the table that `estimate` gives', async () => {
    const [, table = ''] = /<!-- estimate: [^>]*-->\n([\s\S]*?)<!-- \/estimate -->/.exec(text) ?? [];

    expect(table.trim()).toBe(await costTable());
  });

  it('links only to what is there, and to headings that are there', () => {
    const headings = new Set(
      [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-')),
    );
    for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      const [file = '', heading = ''] = link.split('#');
      if (file === '') expect([link, headings.has(heading)]).toEqual([link, true]);
      else expect([link, existsSync(join(ROOT, 'docs', file))]).toEqual([link, true]);
    }
  });

  it('names only tests that are there', () => {
    const tests = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file);
    expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

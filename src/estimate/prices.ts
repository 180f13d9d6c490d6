/** What AWS asks for each thing that the estimate counts. Pure. Sources and dates of the defaults: docs/cost.md. */
import * as z from 'zod';
import { MeterError } from '../errors.ts';

const price = z.number().min(0).max(1_000_000);

/** Units are in the names: a million request units, an hour, a GB (10^9 bytes) for a month. */
const pricesSchema = z.strictObject({
  region: z.string().min(1).max(40),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, such as USD'),
  dynamodbPerMillionWriteUnits: price,
  dynamodbPerMillionReadUnits: price,
  dynamodbPerGbMonth: price,
  kinesisPerShardHour: price,
  kinesisPerMillionPutUnits: price,
  kinesisOnDemandPerStreamHour: price,
  kinesisOnDemandPerGbIn: price,
  kinesisOnDemandPerGbOut: price,
  fargatePerVcpuHour: price,
  fargatePerGbHour: price,
});

export type Prices = Readonly<z.infer<typeof pricesSchema>>;

/** List prices of us-east-1: DynamoDB on demand, Kinesis, Fargate on Linux/ARM64. */
export const PRICE_DEFAULTS: Prices = {
  region: 'us-east-1',
  currency: 'USD',
  dynamodbPerMillionWriteUnits: 0.625,
  dynamodbPerMillionReadUnits: 0.125,
  dynamodbPerGbMonth: 0.25,
  kinesisPerShardHour: 0.015,
  kinesisPerMillionPutUnits: 0.014,
  kinesisOnDemandPerStreamHour: 0.04,
  kinesisOnDemandPerGbIn: 0.08,
  kinesisOnDemandPerGbOut: 0.04,
  fargatePerVcpuHour: 0.03238,
  fargatePerGbHour: 0.00356,
};

const invalid = (name: string, problems: readonly string[]): MeterError =>
  new MeterError(
    'file-invalid',
    `${name} holds no prices as \`supersim-meter estimate --print-prices\` writes them; correct it, or leave a name out to keep its default:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  );

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(name, [`it is not JSON (${error instanceof Error ? error.message : 'unreadable'})`]);
  }
}

const problemOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'unrecognized_keys') return `there is no price named ${issue.keys.join(', ')}`;
  return `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
};

/** The prices in a file; those that it leaves out keep their defaults.
 *  @throws MeterError `file-invalid`, with a line for each problem. */
export function parsePrices(text: string, name: string): Prices {
  const parsed = pricesSchema.partial().safeParse(parseJson(text, name));
  if (!parsed.success) throw invalid(name, parsed.error.issues.map(problemOf));
  return { ...PRICE_DEFAULTS, ...parsed.data } as Prices;
}

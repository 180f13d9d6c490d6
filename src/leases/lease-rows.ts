/** Rows of the lease table as JSON lines, in DynamoDB's own JSON form, and back: nothing is lost, neither what other
 *  libraries keep in a lease row nor rows that are no lease. Pure.
 *  Source: DynamoDB API, AttributeValue; numbers are text of their digits, binary is base64. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

/** A row as DynamoDB's low-level API gives it: attribute → typed value. */
export type TableItem = Readonly<Record<string, AttributeValue>>;

type Json = string | boolean | readonly Json[] | { readonly [name: string]: Json };

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Names in order, so that one row is always one text. */
const inOrder = (entries: readonly (readonly [string, Json])[]): Json =>
  Object.fromEntries([...entries].sort(([a], [b]) => byText(a, b)));

function jsonOf(value: AttributeValue): Json {
  if (value.B !== undefined) return { B: toBase64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(toBase64).sort(byText) };
  if (value.SS !== undefined) return { SS: [...value.SS].sort(byText) };
  if (value.NS !== undefined) return { NS: [...value.NS].sort(byText) };
  if (value.L !== undefined) return { L: value.L.map(jsonOf) };
  if (value.M !== undefined)
    return { M: inOrder(Object.entries(value.M).map(([name, inner]) => [name, jsonOf(inner)])) };
  return { ...value } as Json;
}

/** One row as one line, without its line end. Sets and names are in order; the key comes first. */
export function formatRow({ leaseKey, ...others }: TableItem): string {
  const entries = Object.entries(others).map(([name, value]) => [name, jsonOf(value)] as const);
  const key = leaseKey === undefined ? {} : { leaseKey: jsonOf(leaseKey) };
  return JSON.stringify({ ...key, ...(inOrder(entries) as object) });
}

const digits = z.string().regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/);
const binary = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
  .transform((text): Uint8Array => Buffer.from(text, 'base64'));
/** DynamoDB refuses empty sets, and the same member twice. */
const setOf = <T>(member: z.ZodType<T, string>) =>
  z
    .array(z.string())
    .min(1)
    .refine((members) => new Set(members).size === members.length)
    .pipe(z.array(member));

const attributeValue: z.ZodType<AttributeValue> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }),
    z.strictObject({ N: digits }),
    z.strictObject({ B: binary }),
    z.strictObject({ BOOL: z.boolean() }),
    z.strictObject({ NULL: z.literal(true) }),
    z.strictObject({ SS: setOf(z.string()) }),
    z.strictObject({ NS: setOf(digits) }),
    z.strictObject({ BS: setOf(binary) }),
    z.strictObject({ L: z.array(attributeValue) }),
    z.strictObject({ M: z.record(z.string(), attributeValue) }),
  ]),
) as z.ZodType<AttributeValue>;

const rowSchema = z
  .record(z.string(), attributeValue)
  .refine(({ leaseKey }) => leaseKey?.S !== undefined && leaseKey.S !== '', { path: ['leaseKey'] });

export interface ParsedRows {
  readonly items: readonly TableItem[];
  /** One sentence per wrong line, with its number from 1. */
  readonly problems: readonly string[];
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What is wrong with a line; undefined when nothing is. Values are not quoted. */
function problemOf(line: string): { readonly item: TableItem } | { readonly problem: string } {
  const json = parseJson(line);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { problem: 'is no JSON object' };
  const parsed = rowSchema.safeParse(json);
  if (parsed.success) return { item: parsed.data };
  const attribute = String(parsed.error.issues[0]?.path[0]);
  if (attribute === 'leaseKey') return { problem: 'has no leaseKey of the form {"S":"…"}' };
  return {
    problem: `has an attribute ${JSON.stringify(attribute)} that is no value in DynamoDB's JSON form, such as {"S":"…"} or {"N":"1"}`,
  };
}

/** Reads what `formatRow` wrote, line by line. Empty lines are passed over. */
export function parseRows(lines: readonly string[]): ParsedRows {
  const items: TableItem[] = [];
  const problems: string[] = [];
  const lineOfKey = new Map<string, number>();
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const parsed = problemOf(line);
    if ('problem' in parsed) {
      problems.push(`line ${at + 1} ${parsed.problem}`);
      continue;
    }
    const key = parsed.item['leaseKey']?.S ?? '';
    const before = lineOfKey.get(key);
    if (before === undefined) items.push(parsed.item);
    else problems.push(`line ${at + 1} has the leaseKey of line ${before}`);
    lineOfKey.set(key, before ?? at + 1);
  }
  return { items, problems };
}

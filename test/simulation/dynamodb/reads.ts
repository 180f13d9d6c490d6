/** Scan and Query: which items, in which order, and how much of them at once. */
import { lookUp, type Placeholders, parseCondition, parseProjection, resolve } from './expressions.ts';
import type { SimTable } from './table.ts';
import { compareValues, copyItem, copyValue, type Item, invalid, itemSize, type Value } from './values.ts';

export interface ReadInput {
  readonly IndexName?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly ScanIndexForward?: boolean | undefined;
  readonly ExclusiveStartKey?: Readonly<Record<string, unknown>> | undefined;
  readonly Limit?: number | undefined;
  readonly ConsistentRead?: boolean | undefined;
  readonly Select?: string | undefined;
}

export interface ReadPage {
  readonly items: readonly Item[];
  readonly scannedCount: number;
  readonly scannedBytes: number;
  readonly lastKey: Item | undefined;
}

/** What a projection keeps: whole attributes, or single paths of them. */
export function project(item: Item, text: string | undefined, placeholders: Placeholders): Item {
  if (text === undefined) return copyItem(item);
  const result: Record<string, Value> = {};
  for (const path of parseProjection(text)) {
    const resolved = resolve(path, placeholders);
    const value = lookUp(item, resolved);
    if (value === undefined) continue;
    if (resolved.length > 1) throw new Error('the simulated DynamoDB projects whole attributes only');
    result[String(resolved[0])] = copyValue(value);
  }
  return result;
}

function candidates(table: SimTable, input: ReadInput, placeholders: Placeholders): Item[] {
  const index = input.IndexName === undefined ? undefined : table.indexes.get(input.IndexName);
  if (input.IndexName !== undefined && !index)
    throw invalid(`The table does not have the specified index: ${input.IndexName}`);
  if (index && input.ConsistentRead)
    throw invalid('Consistent reads are not supported on global secondary indexes');
  const inIndex = [...table.items.values()].filter(
    (item) => !index || table.indexPlace(item, index) !== undefined,
  );
  if (input.KeyConditionExpression === undefined) return inIndex;
  const isWanted = parseCondition(input.KeyConditionExpression);
  const sortName = (index ?? table.key)[1];
  const found = inIndex.filter((item) => isWanted(item, placeholders));
  if (sortName !== undefined) found.sort((a, b) => compareValues(a[sortName], b[sortName]) ?? 0);
  return input.ScanIndexForward === false ? found.reverse() : found;
}

const pick = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(names.map((name) => [name, item[name] as Value]));

/** One page: at most `Limit` items, and no more after `pageBytesMax`. */
export function readPage(
  table: SimTable,
  input: ReadInput,
  placeholders: Placeholders,
  pageBytesMax: number,
): ReadPage {
  const index = input.IndexName === undefined ? [] : (table.indexes.get(input.IndexName) ?? []);
  const keyNames = [...new Set([...table.key, ...index])];
  const all = candidates(table, input, placeholders);
  const start = input.ExclusiveStartKey;
  const startPlace = start && table.place(pick(copyItem(start), table.key), { isKeyOnly: true });
  const from =
    startPlace === undefined
      ? 0
      : all.findIndex((item) => table.place(item, { isKeyOnly: false }) === startPlace) + 1;
  const isKept = input.FilterExpression === undefined ? undefined : parseCondition(input.FilterExpression);
  const items: Item[] = [];
  let [at, bytes] = [from, 0];
  while (at < all.length && at - from < (input.Limit ?? Number.POSITIVE_INFINITY) && bytes < pageBytesMax) {
    const item = all[at++] as Item;
    bytes += itemSize(item);
    if (isKept && !isKept(item, placeholders)) continue;
    items.push(
      index.length > 0
        ? copyItem(pick(item, keyNames))
        : project(item, input.ProjectionExpression, placeholders),
    );
  }
  const isMore = at < all.length || (input.Limit !== undefined && at - from === input.Limit && at > from);
  const last = isMore ? (all[at - 1] as Item) : undefined;
  return {
    items,
    scannedCount: at - from,
    scannedBytes: bytes,
    lastKey: last && copyItem(pick(last, keyNames)),
  };
}

/** Changes of items that are small and written seldom: made whole, and compared. */
import { isDeepStrictEqual } from 'node:util';
import { toPlain } from '../json.ts';
import type { ItemMap } from './item-size.ts';
import type { ItemChange, ReadItem } from './item-writer.ts';

/** What of an item is to be set and removed, so that it becomes `after`. `key`: its key's attributes, which stay. */
export function changeOf(before: ReadItem, after: ItemMap, key: ItemMap): ItemChange {
  const set: Record<string, ItemMap[string]> = {};
  for (const name in after)
    if (!(name in key) && !isSame(before[name], after[name])) set[name] = after[name] as ItemMap[string];
  // Every write has these anew: the update must name them, whatever they were.
  for (const name of ['version', 'updated_at', 'dedup']) set[name] = after[name] as ItemMap[string];
  return { set, remove: Object.keys(before).filter((name) => !(name in after) && !(name in key)) };
}

/** As read, numbers are wrapped; as made, they are numbers. */
const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && isDeepStrictEqual(exact(a), exact(b)));

function exact(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if ('toBigInt' in value) return exact(toPlain(value));
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, exact(entry)]));
}

/** JSON with exact integers: a bigint is written as its digits, not as text and not rounded.
 *  (`JSON.rawJSON` would do it, from Node 22 on.) */
import { systemRandom } from './time.ts';

// Not to be guessed: a name chosen by a device's owner must not turn into a number.
const MARK = `bigint-${Buffer.from(systemRandom.bytes(12)).toString('hex')}:`;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** An attribute value as lib-dynamodb reads it, made plain: wrapped numbers become exact integers, and names
 *  stand in order, so that the same item is always the same text. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Set) return [...value].map(toPlain);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  if ('value' in value && typeof value.value === 'string' && 'toBigInt' in value)
    return /^-?\d+$/.test(value.value) ? BigInt(value.value) : Number(value.value);
  const entries = Object.entries(value).map(([name, entry]) => [name, toPlain(entry)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(
    value,
    (_, entry: unknown) => (typeof entry === 'bigint' ? `${MARK}${entry}` : entry),
    indent,
  ).replace(MARKED, '$1');

/** JSON with exact integers: a bigint is written as its digits, not as text and not rounded.
 *  (`JSON.rawJSON` would do it, from Node 22 on.) */
const MARK = '\u0001bigint:';
const MARKED = /"\\u0001bigint:(-?\d+)"/g;

/** An attribute value as lib-dynamodb reads it, made plain: wrapped numbers become exact integers. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Set) return [...value].map(toPlain);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  if ('value' in value && typeof value.value === 'string' && 'toBigInt' in value)
    return /^-?\d+$/.test(value.value) ? BigInt(value.value) : Number(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, toPlain(entry)]));
}

export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(
    value,
    (_, entry: unknown) => (typeof entry === 'bigint' ? `${MARK}${entry}` : entry),
    indent,
  ).replace(MARKED, '$1');

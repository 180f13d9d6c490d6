/** Sizes as DynamoDB counts them, so that write units can be computed where engines under-report.
 *  Source: DynamoDB developer guide, "DynamoDB item sizes and formats" (CapacityUnitCalculations). */

/** An attribute value as lib-dynamodb takes and gives it. */
export type ItemValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ItemMap
  | readonly ItemValue[];
export interface ItemMap {
  readonly [name: string]: ItemValue;
}

const NESTED_OVERHEAD_BYTES = 3;
const ENTRY_OVERHEAD_BYTES = 1;
const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;

/** Names come again and again. */
const NAME_BYTES = new Map<string, number>();

function nameBytes(name: string): number {
  const known = NAME_BYTES.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(name);
  // Of a foreign item there may be any number.
  if (NAME_BYTES.size < 1_000) NAME_BYTES.set(name, bytes);
  return bytes;
}

/** One byte per two significant digits, plus one; a sign takes one more. */
function numberBytes(value: number | bigint): number {
  const text = String(value);
  let [first, end] = [0, 0];
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < DIGIT_ZERO || code > DIGIT_NINE) continue;
    digits += 1;
    if (code === DIGIT_ZERO) continue;
    if (first === 0) first = digits;
    end = digits;
  }
  const significant = first === 0 ? 0 : end - first + 1;
  return Math.ceil(significant / 2) + 1 + (value < 0 ? 1 : 0);
}

export function valueBytes(value: ItemValue): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number' || typeof value === 'bigint') return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  return entries.reduce(
    (bytes, [name, entry]) =>
      bytes + ENTRY_OVERHEAD_BYTES + (isList ? 0 : nameBytes(name)) + valueBytes(entry),
    NESTED_OVERHEAD_BYTES,
  );
}

/** Size of a whole item. Unit: bytes. */
export function itemSizeBytes(item: ItemMap): number {
  let bytes = 0;
  for (const name of Object.keys(item)) bytes += nameBytes(name) + valueBytes(item[name] as ItemValue);
  return bytes;
}

export const WRITE_UNIT_BYTES = 1024;

/** Write units of a put: by the larger of the item before and after. */
export const writeUnits = (sizeBytes: number): number => Math.max(1, Math.ceil(sizeBytes / WRITE_UNIT_BYTES));

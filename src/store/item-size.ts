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
const utf8 = new TextEncoder();

/** One byte per two significant digits, plus one; a sign takes one more. */
function numberBytes(value: number | bigint): number {
  const digits = String(value).replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return Math.ceil(digits.length / 2) + 1 + (value < 0 ? 1 : 0);
}

function valueBytes(value: ItemValue): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return utf8.encode(value).length;
  if (typeof value === 'number' || typeof value === 'bigint') return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  return entries.reduce(
    (bytes, [name, entry]) =>
      bytes + ENTRY_OVERHEAD_BYTES + (isList ? 0 : utf8.encode(name).length) + valueBytes(entry),
    NESTED_OVERHEAD_BYTES,
  );
}

/** Size of a whole item. Unit: bytes. */
export const itemSizeBytes = (item: ItemMap): number =>
  Object.entries(item).reduce(
    (bytes, [name, value]) => bytes + utf8.encode(name).length + valueBytes(value),
    0,
  );

export const WRITE_UNIT_BYTES = 1024;

/** Write units of a put: by the larger of the item before and after. */
export const writeUnits = (sizeBytes: number): number => Math.max(1, Math.ceil(sizeBytes / WRITE_UNIT_BYTES));

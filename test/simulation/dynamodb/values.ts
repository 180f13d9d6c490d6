/** Values as a document client with `wrapNumbers` gives them: the only form in which the simulated tables keep them.
 *  They are copied on their way in and out, so that nobody shares them with a table. */
import { NumberValue } from '@aws-sdk/lib-dynamodb';

export type Value =
  | string
  | boolean
  | null
  | NumberValue
  | Uint8Array
  | Set<unknown>
  | readonly Value[]
  | Item;
export interface Item {
  readonly [name: string]: Value;
}

/** An error as the service names it. */
export const dynamoError = (name: string, message: string, extra: object = {}): Error =>
  Object.assign(new Error(message), { name, $fault: 'client', $metadata: {}, ...extra });
export const invalid = (message: string): Error => dynamoError('ValidationException', message);

const DIGITS_MAX = 38;

function toNumber(value: number | bigint | NumberValue): NumberValue {
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid('a number must be finite');
  const text = typeof value === 'object' ? String(value.value) : String(value);
  const digits = text.replace(/e.*$/i, '').replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  if (digits.length > DIGITS_MAX)
    throw invalid('Attempting to store more than 38 significant digits in a Number');
  return value instanceof NumberValue ? value : NumberValue.from(text);
}

function copyObject(value: object): Item {
  const copy: Record<string, Value> = {};
  for (const [name, entry] of Object.entries(value)) if (entry !== undefined) copy[name] = copyValue(entry);
  return copy;
}

/** @throws ValidationException for what DynamoDB cannot keep. */
export function copyValue(value: unknown): Value {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberValue)
    return toNumber(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Set) {
    if (value.size === 0) throw invalid('An attribute value may not contain an empty set');
    return new Set([...value].map((entry) => (typeof entry === 'string' ? entry : copyValue(entry))));
  }
  if (Array.isArray(value)) return value.map(copyValue);
  if (typeof value === 'object') return copyObject(value);
  throw invalid(`a value of type ${typeof value} cannot be stored`);
}

export const copyItem = (item: object): Item => copyObject(item);

/** DynamoDB's letter for the type. */
export function typeOf(value: Value | undefined): string {
  if (typeof value === 'string') return 'S';
  if (typeof value === 'boolean') return 'BOOL';
  if (value === null) return 'NULL';
  if (value instanceof NumberValue) return 'N';
  if (value instanceof Uint8Array) return 'B';
  if (value instanceof Set) return `${typeOf([...value][0] as Value)}S`;
  return Array.isArray(value) ? 'L' : 'M';
}

function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  const isWhole = /^-?\d+$/;
  if (a.length < 16 && b.length < 16) return Number(a) - Number(b);
  if (!isWhole.test(a) || !isWhole.test(b)) return Number(a) - Number(b);
  return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
}

/** Order of two values; undefined when they are of types that have none in common. */
export function compareValues(a: Value | undefined, b: Value | undefined): number | undefined {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof NumberValue && b instanceof NumberValue)
    return compareNumbers(String(a.value), String(b.value));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return undefined;
}

/** A text that is the same for equal values only. */
const canonical = (value: Value): string => {
  if (value instanceof NumberValue) return `N${Number(value.value)}:${String(value.value)}`;
  if (value instanceof Uint8Array) return `B${Buffer.from(value).toString('base64')}`;
  if (value instanceof Set)
    return `${typeOf(value)}${[...value].map((entry) => canonical(entry as Value)).sort()}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Item).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${canonical(entry)}`).join()}}`;
};

export function isEqual(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const order = compareValues(a, b);
  if (order !== undefined) return order === 0;
  return typeOf(a) === typeOf(b) && canonical(a) === canonical(b);
}

/** Unit: bytes. Source: DynamoDB developer guide, "DynamoDB item sizes and formats". */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'boolean' || value === null) return 1;
  if (value instanceof NumberValue) {
    const text = String(value.value);
    const digits = text.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
    return Math.ceil(digits.length / 2) + 1 + (text.startsWith('-') ? 1 : 0);
  }
  if (value instanceof Uint8Array) return value.length;
  const entries = value instanceof Set ? [...value] : Array.isArray(value) ? value : undefined;
  if (value instanceof Set)
    return (entries ?? []).reduce((sum: number, entry) => sum + sizeOf(entry as Value), 0);
  if (entries) return 3 + entries.reduce((sum: number, entry) => sum + sizeOf(entry as Value) + 1, 0);
  return 3 + itemSize(value as Item) + Object.keys(value as Item).length;
}

/** Kept items never change. */
const SIZES = new WeakMap<Item, number>();

/** Unit: bytes. */
export function itemSize(item: Item): number {
  const known = SIZES.get(item);
  if (known !== undefined) return known;
  let size = 0;
  for (const [name, value] of Object.entries(item)) size += Buffer.byteLength(name) + sizeOf(value);
  SIZES.set(item, size);
  return size;
}

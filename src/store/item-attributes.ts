/** Attributes of an item as read, checked. Each throws a RangeError when it is of another type. */
import { fromIso } from '../time.ts';

export type Attributes = Readonly<Record<string, unknown>>;

/** Numbers arrive as number, bigint or lib-dynamodb's wrapped text, by client setting: all are read exactly. */
export function integer(attributes: Attributes, name: string): bigint {
  const value = attributes[name];
  const wrapped = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  if (typeof wrapped !== 'number' && typeof wrapped !== 'bigint' && typeof wrapped !== 'string')
    throw new RangeError(`attribute ${name} is not a number`);
  return BigInt(wrapped);
}

export function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new RangeError(`attribute ${name} is not a string`);
}

/** A time. Unit: ms since 1970. */
export function instant(attributes: Attributes, name: string): number | undefined {
  const iso = text(attributes, name);
  if (iso === undefined) return undefined;
  const epochMs = fromIso(iso);
  if (Number.isNaN(epochMs)) throw new RangeError(`attribute ${name} is not a time`);
  return epochMs;
}

export function map(attributes: Attributes, name: string): Attributes | undefined {
  const value = attributes[name];
  if (value === undefined || (typeof value === 'object' && value !== null)) return value as Attributes;
  throw new RangeError(`attribute ${name} is not a map`);
}

export function bytes(attributes: Attributes, name: string): Uint8Array {
  const value = attributes[name];
  if (value instanceof Uint8Array) return value;
  throw new RangeError(`attribute ${name} is not binary`);
}

/** The attributes that are none of `known`: written back as they are. */
export const unknownOf = (attributes: Attributes, known: ReadonlySet<string>): Record<string, never> =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !known.has(name))) as Record<
    string,
    never
  >;

/** DynamoDB's JSON values and those that the simulated tables keep, each made of the other. By hand, because the
 *  SDK's own translation costs more than the rest of the stub. */
import { NumberValue } from '@aws-sdk/lib-dynamodb';
import type { Item, Value } from '../../simulation/dynamodb/values.ts';

export type WireValue = Readonly<Record<string, unknown>>;
export type WireItem = Readonly<Record<string, WireValue>>;

const bytesOf = (base64: unknown): Uint8Array => Buffer.from(String(base64), 'base64');

export function fromWire(wire: WireValue): Value {
  for (const type in wire) {
    const value = wire[type];
    switch (type) {
      case 'S':
      case 'BOOL':
        return value as string | boolean;
      case 'N':
        return NumberValue.from(value as string);
      case 'B':
        return bytesOf(value);
      case 'NULL':
        return null;
      case 'M':
        return itemFromWire(value as WireItem);
      case 'L':
        return (value as WireValue[]).map(fromWire);
      case 'SS':
        return new Set(value as string[]);
      case 'NS':
        return new Set((value as string[]).map((each) => NumberValue.from(each)));
      case 'BS':
        return new Set((value as string[]).map(bytesOf));
    }
  }
  throw new Error(`not a value of DynamoDB: ${JSON.stringify(wire)}`);
}

export function itemFromWire(wire: WireItem): Item {
  const item: Record<string, Value> = {};
  for (const name in wire) item[name] = fromWire(wire[name] as WireValue);
  return item;
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function setToWire(entries: readonly unknown[]): WireValue {
  const [first] = entries;
  if (typeof first === 'string') return { SS: entries };
  if (first instanceof Uint8Array) return { BS: (entries as Uint8Array[]).map(base64) };
  return { NS: (entries as NumberValue[]).map(({ value }) => String(value)) };
}

export function toWire(value: Value): WireValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof NumberValue) return { N: String(value.value) };
  if (value instanceof Uint8Array) return { B: base64(value) };
  if (value instanceof Set) return setToWire([...value]);
  if (Array.isArray(value)) return { L: value.map(toWire) };
  return { M: itemToWire(value as Item) };
}

export function itemToWire(item: Item): WireItem {
  const wire: Record<string, WireValue> = {};
  for (const name in item) wire[name] = toWire(item[name] as Value);
  return wire;
}

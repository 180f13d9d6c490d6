/** Requests and answers of DynamoDB, their items translated; the rest is the same on both sides. */
import type { Item } from '../../simulation/dynamodb/values.ts';
import { itemFromWire, itemToWire, type WireItem } from './wire-values.ts';

export type Json = Readonly<Record<string, unknown>>;

const ITEM_FIELDS = ['Key', 'Item', 'ExpressionAttributeValues', 'ExclusiveStartKey'];
const ANSWER_FIELDS = ['Item', 'Attributes', 'LastEvaluatedKey'];
export function decode(input: Json): Json {
  const decoded: Record<string, unknown> = { ...input };
  for (const name of ITEM_FIELDS) if (decoded[name]) decoded[name] = itemFromWire(decoded[name] as WireItem);
  if (decoded['RequestItems'])
    decoded['RequestItems'] = eachTable<{ Keys: WireItem[] }>(decoded['RequestItems'], (request) => ({
      ...request,
      Keys: request.Keys.map(itemFromWire),
    }));
  return decoded;
}

const eachTable = <T>(tables: unknown, change: (of: T) => unknown): Json =>
  Object.fromEntries(Object.entries(tables as Record<string, T>).map(([name, of]) => [name, change(of)]));

export function encode(answer: Json): Json {
  const encoded: Record<string, unknown> = { ...answer };
  for (const name of ANSWER_FIELDS) if (encoded[name]) encoded[name] = itemToWire(encoded[name] as Item);
  if (encoded['Items']) encoded['Items'] = (encoded['Items'] as Item[]).map(itemToWire);
  if (encoded['Responses'])
    encoded['Responses'] = eachTable<Item[]>(encoded['Responses'], (items) => items.map(itemToWire));
  if (encoded['UnprocessedKeys'])
    encoded['UnprocessedKeys'] = eachTable<{ Keys: Item[] }>(encoded['UnprocessedKeys'], (request) => ({
      ...request,
      Keys: request.Keys.map(itemToWire),
    }));
  return encoded;
}

/** Lets the real SDK clients talk to the simulated engine: JSON in, JSON out, no socket. For the contract suites,
 *  which thereby test the engine as the SDK sees it; the simulation itself asks the engine directly. */
import { Readable } from 'node:stream';
import { type AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { SimDynamoDb } from '../sim-dynamodb.ts';

type Json = Record<string, unknown>;
type Wire = Record<string, AttributeValue>;
type Translate = (item: Json) => Json;

/** What holds values, by field; the rest is the same on both sides. */
const MAPS = [
  'Key',
  'Item',
  'ExpressionAttributeValues',
  'ExclusiveStartKey',
  'LastEvaluatedKey',
  'Attributes',
];

function translate(message: Json, values: Translate): Json {
  const result = { ...message };
  for (const name of MAPS) if (result[name]) result[name] = values(result[name] as Json);
  if (result['Items']) result['Items'] = (result['Items'] as Json[]).map(values);
  const keysOf = (tables: unknown): Json =>
    Object.fromEntries(
      Object.entries(tables as Record<string, { Keys: Json[] }>).map(([table, request]) => [
        table,
        { ...request, Keys: request.Keys.map(values) },
      ]),
    );
  for (const name of ['RequestItems', 'UnprocessedKeys'])
    if (result[name]) result[name] = keysOf(result[name]);
  if (result['Statements'])
    result['Statements'] = (result['Statements'] as { Parameters?: unknown[] }[]).map((statement) => ({
      ...statement,
      Parameters: statement.Parameters?.map((value) => values({ value })['value']),
    }));
  if (Array.isArray(result['Responses'])) {
    result['Responses'] = (result['Responses'] as { Error?: { Item?: Json } }[]).map((response) =>
      response.Error?.Item
        ? { ...response, Error: { ...response.Error, Item: values(response.Error.Item) } }
        : response,
    );
    return result;
  }
  if (result['Responses'])
    result['Responses'] = Object.fromEntries(
      Object.entries(result['Responses'] as Record<string, Json[]>).map(([table, items]) => [
        table,
        items.map(values),
      ]),
    );
  return result;
}

/** Binary values are base64 in JSON. */
const withBytes = (_: string, value: unknown): unknown => {
  const { B, BS } = (value ?? {}) as { B?: string; BS?: string[] };
  if (typeof B === 'string') return { B: Buffer.from(B, 'base64') };
  if (Array.isArray(BS) && BS.every((entry) => typeof entry === 'string'))
    return { BS: BS.map((entry) => Buffer.from(entry, 'base64')) };
  return value;
};

function withBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(withBase64);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, withBase64(entry)]));
}

class SimHandler {
  private readonly engine: SimDynamoDb;

  constructor(engine: SimDynamoDb) {
    this.engine = engine;
  }

  async handle({ headers, body }: { headers: Record<string, string>; body: string | Uint8Array }) {
    const operation = (headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    const input = JSON.parse(text, withBytes) as Json;
    try {
      const document = translate(input, (item) => unmarshall(item as Wire, { wrapNumbers: true }));
      const answer = this.engine.perform(operation, document);
      return respond(
        200,
        translate(answer, (item) => marshall(item)),
      );
    } catch (error) {
      const { name, message, $fault, Item } = error as Error & { $fault?: string; Item?: Wire };
      if ($fault === undefined) throw error;
      return respond(400, {
        __type: `com.amazonaws.dynamodb.v20120810#${name}`,
        message,
        ...(Item && { Item }),
      });
    }
  }
}

const respond = (statusCode: number, body: Json) => ({
  response: {
    statusCode,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: Readable.from([Buffer.from(JSON.stringify(withBase64(body)))]),
  },
});

/** A real client whose requests end in the engine. */
export const sdkClientOf = (engine: SimDynamoDb): DynamoDBClient =>
  new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new SimHandler(engine) as never,
  });

/** Errors of DynamoDB as its answers word them. */
import { WireError } from './wire-error.ts';
import type { Json } from './wire-messages.ts';
import type { WireItem } from './wire-values.ts';

/** Whether it is an answer of the service, and not a defect of the stub. */
export const isAnswer = (error: unknown): error is Error =>
  error instanceof WireError || (error instanceof Error && '$fault' in error);

/** The row that made a condition fail, on the wire. */
const rowOf = (error: Error, isShown: boolean): object => {
  const row = (error as Error & { Item?: WireItem }).Item;
  return row && isShown ? { Item: withBase64(row) } : {};
};

/** The SDK's exception holds bytes; JSON holds base64. */
function withBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(withBase64);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, withBase64(entry)]));
}

const STATEMENT_CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ValidationException: 'ValidationError',
  ResourceNotFoundException: 'ResourceNotFound',
};

export function cancellation(error: Error | undefined, input: Json): { readonly Code: string } {
  if (!error) return { Code: 'None' };
  const Code = STATEMENT_CODES[error.name] ?? 'ValidationError';
  const isShown = input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD';
  return { Code, Message: error.message, ...rowOf(error, isShown) } as { Code: string };
}

/** The body of an error's answer. */
export const errorBody = (error: Error): string =>
  JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${error.name}`,
    message: error.message,
    ...(error instanceof WireError ? error.extra : rowOf(error, true)),
  });

/** Puts the two shortcuts into the SDK's clients. All else stays the SDK's: signing, retries, errors, and whatever a
 *  shortcut does not know. */

import type { Readable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { type RecordsAnswer, recordsAnswer } from './records-answer.ts';
import { statementsBody } from './statements-body.ts';

/** Writes the bodies of BatchExecuteStatement. For a client whose callers give native values. */
export function writeStatements(client: DynamoDBClient): void {
  const bodies = new WeakMap<object, Uint8Array>();
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (context.commandName !== 'BatchExecuteStatementCommand') return next(args);
      const body = statementsBody(args.input);
      if (body === undefined) return next(args);
      // As bytes: as a text it would be made bytes to be measured, to be signed, and to be sent.
      bodies.set(context, Buffer.from(body));
      return next({ ...args, input: { Statements: [] } });
    },
    { step: 'initialize', priority: 'high', name: 'writeStatements' },
  );
  client.middlewareStack.add(
    (next, context) => (args) => {
      const body = bodies.get(context);
      if (body !== undefined) (args.request as { body: unknown }).body = body;
      return next(args);
    },
    // Before the length of the body is taken.
    { step: 'build', priority: 'high', name: 'setStatementsBody' },
  );
}

interface HttpAnswer {
  readonly statusCode: number;
  body: Uint8Array | Readable;
}

/** `node:stream/consumers` copies it all once more. */
async function collect(body: HttpAnswer['body']): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

const NOTHING = new TextEncoder().encode('{}');

/** Reads the answers of GetRecords. */
export function readRecordsAnswers(client: KinesisClient): void {
  const answers = new WeakMap<object, RecordsAnswer>();
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as HttpAnswer;
      if (context.commandName !== 'GetRecordsCommand' || response.statusCode !== 200) return result;
      const bytes = await collect(response.body);
      const answer = recordsAnswer(bytes.toString('utf8'));
      if (answer) answers.set(response, answer);
      response.body = answer ? NOTHING : bytes;
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'readRecords' },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const answer = answers.get(result.response as object);
      if (answer) Object.assign(result.output as object, answer);
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'setRecords' },
  );
}

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
  body: Readable | Uint8Array;
}

/** Piece by piece: all bytes together would be half a megabyte more for each page. */
async function textOf(body: Readable): Promise<string> {
  let text = '';
  for await (const piece of body.setEncoding('utf8')) text += piece as string;
  return text;
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
      const text = await textOf(response.body as Readable);
      const answer = recordsAnswer(text);
      if (answer) answers.set(response, answer);
      response.body = answer ? NOTHING : Buffer.from(text);
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

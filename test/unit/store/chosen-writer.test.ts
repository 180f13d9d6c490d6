import { BatchExecuteStatementCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { ChosenWriter } from '../../../src/store/chosen-writer.ts';
import type { WriteMode } from '../../../src/store/write-mode.ts';
import { awsError } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type Line, recordingLog } from '../source/given-poller.ts';

/** A writer on an engine that answers each probe in turn with a statement's error code, or fails. */
async function given(mode: WriteMode, ...probes: readonly (string | Error)[]) {
  const clock = new VirtualClock();
  const lines: Line[] = [];
  const statements: string[] = [];
  const commands: string[] = [];
  const send = async (command: unknown): Promise<unknown> => {
    commands.push((command as object).constructor.name);
    if (!(command instanceof BatchExecuteStatementCommand)) return {};
    statements.push(command.input.Statements?.[0]?.Statement ?? '');
    const answer = probes[statements.length - 1];
    if (answer instanceof Error) throw answer;
    return { Responses: [answer === undefined ? {} : { Error: { Code: answer } }] };
  };
  const writer = new ChosenWriter(
    {
      client: { send } as unknown as DynamoDBDocumentClient,
      clock,
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
      closing: new AbortController().signal,
      log: recordingLog(lines),
    },
    { mode, tableName: 't' },
  );
  const opening = writer.open().then(
    () => undefined,
    (error: unknown) => error,
  );
  await clock.advance(60_000);
  const failure = await opening;
  const writing = writer.write({ tableName: 't', key: { id: 'a' }, whole: () => ({ id: 'a' }) });
  await clock.advance(60_000);
  return { failure, lines, statements, outcome: await writing, last: commands.at(-1) };
}

const YES = 'ConditionalCheckFailed';

describe('how sessions are written', () => {
  it('is in batches where a batch is understood, after one probe that stores nothing', async () => {
    const { statements, last, lines } = await given('auto', YES);

    expect(statements[0]).toMatch(/^UPDATE "t" SET "version"=\? SET "status"=\? WHERE /);
    expect([last, lines]).toEqual(['BatchExecuteStatementCommand', []]);
  });

  it('is in the other dialect where the engine refuses the first', async () => {
    const { statements, last } = await given('auto', 'ValidationError', YES);

    expect(statements[1]).toMatch(/ SET "version"=\?, "status"=\? WHERE /);
    expect(last).toBe('BatchExecuteStatementCommand');
  });

  it.each([awsError('UnknownOperationException'), awsError('AccessDeniedException')])(
    'is one call each where batches are not to be had: %s',
    async (error) => {
      const { last, lines } = await given('auto', error, error);

      expect(last).toBe('PutCommand');
      expect(lines).toMatchObject([
        { level: 'warn', event: 'store.no-batches', fields: { reason: error.name } },
      ]);
    },
  );

  it('is not decided by a failure that passes', async () => {
    const { last, lines } = await given('auto', awsError('ThrottlingException'), 'ThrottlingError', YES);

    expect([last, lines]).toEqual(['BatchExecuteStatementCommand', []]);
  });

  it('is one call each without a probe when told so', async () => {
    const { statements, last } = await given('put');

    expect([statements, last]).toEqual([[], 'PutCommand']);
  });

  it('fails at the start when told to batch and batches are not allowed', async () => {
    const denied = awsError('AccessDeniedException');
    const { failure } = await given('batch', denied, denied);

    expect(failure).toMatchObject({
      code: 'batch-writes-refused',
      message: expect.stringContaining('dynamodb:PartiQLUpdate'),
    });
  });
});

import { BatchExecuteStatementCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { BatchWriter } from '../../../src/store/batch-writer.ts';
import type { ItemWrite } from '../../../src/store/item-writer.ts';
import { awsError } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Answer = Record<string, unknown> | Error;

/** A writer whose batches are answered in turn by `answers`, the last of which stays. */
function given(...answers: readonly ((count: number) => Answer)[]) {
  const clock = new VirtualClock();
  const batches: string[][] = [];
  const send = async (command: unknown): Promise<unknown> => {
    if (!(command instanceof BatchExecuteStatementCommand)) throw new Error('no batch');
    const statements = command.input.Statements ?? [];
    batches.push(statements.map(({ Parameters }) => String(Parameters?.[0])));
    const answer = answers[Math.min(batches.length, answers.length) - 1]?.(statements.length);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const closing = new AbortController();
  const writer = new BatchWriter('each', {
    client: { send } as unknown as DynamoDBDocumentClient,
    clock,
    random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
    closing: closing.signal,
  });
  const write = async (...ids: string[]): Promise<unknown[]> => {
    const writing = Promise.allSettled(ids.map((id) => writer.write(insert(id))));
    await clock.advance(120_000);
    return (await writing).map((result) =>
      result.status === 'fulfilled' ? result.value : (result.reason as Error).name,
    );
  };
  return { batches, write, closing };
}

const insert = (id: string): ItemWrite => ({
  tableName: 't',
  key: { id },
  whole: () => ({ id, version: 1 }),
});
const OK = { TableName: 't' };
const failed = (Code: string, extra: object = {}): object => ({ Error: { Code, ...extra } });
const each =
  (...responses: readonly object[]) =>
  (): Answer => ({ Responses: responses });
const allOk = (count: number): Answer => ({ Responses: Array(count).fill(OK) });

describe('a batch of statements', () => {
  it('gives each write its own outcome', async () => {
    const current = { id: 'c', version: 7 };
    const { write, batches } = given(
      each(
        OK,
        failed('ConditionalCheckFailed'),
        failed('ConditionalCheckFailed', { Item: current }),
        failed('DuplicateItem'),
        failed('ValidationError'),
        failed('ItemCollectionSizeLimitExceeded'),
      ),
    );

    expect(await write('a', 'b', 'c', 'd', 'e', 'f')).toEqual([
      { kind: 'written' },
      { kind: 'conflict' },
      { kind: 'conflict', current },
      { kind: 'conflict' },
      { kind: 'refused' },
      { kind: 'refused' },
    ]);
    expect(batches).toHaveLength(1);
  });

  it.each([
    'ThrottlingError',
    'ProvisionedThroughputExceeded',
    'RequestLimitExceeded',
    'InternalServerError',
    'TransactionConflict',
  ])('repeats only the statement that failed with %s', async (code) => {
    const { write, batches } = given(each(OK, failed(code), OK), allOk);

    expect(await write('a', 'b', 'c')).toEqual(Array(3).fill({ kind: 'written' }));
    expect(batches).toEqual([['a', 'b', 'c'], ['b']]);
  });

  it.each(['AccessDenied', 'ResourceNotFound', 'SomethingNew', undefined])(
    'fails with what it does not know how to repeat: %s',
    async (code) => {
      const { write } = given(each(OK, { Error: { Code: code } }));

      expect((await write('a', 'b'))[0]).toEqual({ kind: 'written' });
      expect((await write('a', 'b'))[1]).toMatch(/AccessDenied|ResourceNotFound|SomethingNew|Unknown/);
    },
  );

  it('repeats all of a call that failed as a whole, or whose answer has too few outcomes', async () => {
    const { write, batches } = given(() => awsError('ThrottlingException'), each(OK), allOk);

    expect(await write('a', 'b')).toEqual(Array(2).fill({ kind: 'written' }));
    expect(batches.flat().filter((id) => id === 'a').length).toBeGreaterThanOrEqual(2);
  });

  it('finds the one statement that spoils the call by sending each alone', async () => {
    const { write, batches } = given(
      () => awsError('ValidationException'),
      allOk,
      () => awsError('ValidationException'),
      () => awsError('ThrottlingException'),
      allOk,
    );

    expect(await write('a', 'b', 'c')).toEqual([
      { kind: 'written' },
      { kind: 'refused' },
      { kind: 'written' },
    ]);
    expect(batches.slice(0, 4)).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  });

  it('ends with an AbortError when the store closes', async () => {
    const { write, closing } = given(() => awsError('ThrottlingException'));
    closing.abort();

    expect(await write('a')).toEqual(['AbortError']);
  });
});

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { createDecoder, type DecodedItem } from '../../../src/decode/decode-record.ts';
import { toPlain } from '../../../src/json.ts';
import { itemsMeant, Redrive, RedriveSummary } from '../../../src/repair/redrive.ts';
import { gunzip } from '../../../src/source/record-codec.ts';
import { DeadLetterTable } from '../../../src/store/dead-letter-table.ts';
import { type DeadLetter, DynamoDeadLetterStore } from '../../../src/store/dead-letters.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { givenStore } from '../../support/given-store.ts';
import { DECODER_OPTIONS } from '../../support/realistic-event.ts';
import { kore, sessionData, sessionSid, twilio } from '../../support/stream-records.ts';

const NAMING = { tablePrefix: 'test', application: 'app' };
const NAMES = tableNames(NAMING);
const NEVER = new AbortController().signal;
const DAY_MS = 86_400_000;
const utf8 = new TextEncoder();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The tables in memory; `failNext` loses the next removal of a letter, as a kill would. */
function given() {
  const engine = new SimDynamoDb(systemClock);
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  let isKilled = false;
  const send = async (command: unknown): Promise<unknown> => {
    if (isKilled && command instanceof DeleteCommand) throw new Error('killed');
    return engine.apply(command);
  };
  const client = { send } as unknown as DynamoDBDocumentClient;
  const deps = { client, tableName: NAMES.deadLetters, clock: systemClock, random: systemRandom };
  const store = new DynamoDeadLetterStore({
    ...deps,
    keepDays: 30,
    gzip: (bytes) => gzipSync(bytes),
    sha256,
  });
  const letters = new DeadLetterTable({ ...deps, closing: NEVER, gunzip, sha256 });
  const sessions = givenStore({ client, names: NAMES, clock: systemClock, writer: 'put' });
  const redrive = async (isExecuted = true, stopping = NEVER) => {
    const run = new Redrive(
      { decode: createDecoder(DECODER_OPTIONS), sessions, letters, clock: systemClock },
      { isExecuted, horizonMs: 32 * DAY_MS },
    );
    const summary = new RedriveSummary();
    for await (const letter of run.run(letters.heads(), stopping, NEVER)) summary.add(letter);
    const outcomes = [...summary.outcomes].filter(([, count]) => count > 0);
    return {
      ...Object.fromEntries(outcomes),
      applied: summary.tally.applied,
      duplicate: summary.tally.duplicate,
    };
  };
  return {
    engine,
    letters,
    redrive,
    kill: (is: boolean) => {
      isKilled = is;
    },
    bury: (raw: string | Uint8Array, changes: Partial<DeadLetter> = {}) =>
      store.put(
        [
          {
            shardId: 'shardId-000000000000',
            sequenceNumber: '1',
            index: 0,
            reason: 'unknown-verb',
            arrivedAtMs: systemClock.wallMs(),
            raw: typeof raw === 'string' ? utf8.encode(raw) : raw,
            ...changes,
          },
        ],
        NEVER,
      ),
    left: async () => {
      const ids: string[] = [];
      for await (const { recordId } of letters.heads()) ids.push(recordId);
      return ids.sort();
    },
    eventCount: (name: string) => {
      const items = engine.items(NAMES.sessions).map((item) => toPlain(item) as Record<string, unknown>);
      return items.find((item) => item['data_session_sid'] === sessionSid(name))?.['event_count'];
    },
  };
}

const poison: DecodedItem = { kind: 'poison', index: 0, reason: 'missing-type', raw: new Uint8Array() };
const items = [0, 1, 2].map((index) => ({ ...poison, index }));

describe('a letter means', () => {
  it.each([
    ['the element it names', { reason: 'missing-type', index: 9, element: 1 }, [1]],
    ['all up to its index, where only that is known', { reason: 'missing-type', index: 1 }, [0, 1]],
    ['all, where other user records came before', { reason: 'missing-type', index: 17 }, [0, 1, 2]],
    ['all, for a reason of a whole record', { reason: 'not-json', index: 0, element: 0 }, [0, 1, 2]],
    ['all, for a reason of the store', { reason: 'refused-by-store', index: 1, element: 1 }, [0, 1, 2]],
    ['all, for a reason it does not know', { reason: 'new-one', index: 0 }, [0, 1, 2]],
    ['all, without an index', { reason: 'missing-type', index: Number.NaN }, [0, 1, 2]],
    [
      'all, where its element is not there any more',
      { reason: 'missing-type', index: 5, element: 5 },
      [0, 1, 2],
    ],
  ])('%s', (_, head, expected) => {
    expect(itemsMeant(items, { element: undefined, ...head }).map(({ index }) => index)).toEqual(expected);
  });
});

describe('redriving', () => {
  it('killed between counting and removing counts nothing twice', async () => {
    const { bury, redrive, kill, left, eventCount } = given();
    await bury(twilio(sessionData('a', 1)));
    kill(true);
    await expect(redrive()).rejects.toThrow('killed');

    kill(false);
    expect([await left(), eventCount('a')]).toEqual([['1#0'], 1n]);
    expect(await redrive()).toEqual({ redriven: 1, applied: 0, duplicate: 1 });
    expect([await left(), eventCount('a')]).toEqual([[], 1n]);
  });

  it('takes the letter’s own element of an array, and leaves a neighbour that is still poison', async () => {
    const { bury, redrive, left, eventCount } = given();
    const array = `[{},${kore(sessionData('a', 1))},${kore(sessionData('a', 2))}]`;
    await bury(array, { index: 0, element: 0, reason: 'missing-type' });
    await bury(array, { index: 2, element: 2 });

    expect(await redrive()).toEqual({ redriven: 1, 'still-poison': 1, applied: 1, duplicate: 0 });
    expect([await left(), eventCount('a')]).toEqual([['1#0'], 1n]);
  });

  it('of a preview asks the store, and removes nothing', async () => {
    const { bury, redrive, left } = given();
    await bury(twilio(sessionData('a', 1)));

    expect(await redrive(false)).toMatchObject({ redriven: 1 });
    expect(await left()).toEqual(['1#0']);
  });

  it('passes over what has no bytes, is a gap, or may be forgotten by the dedup memory', async () => {
    const { bury, redrive, left } = given();
    await bury('', { sequenceNumber: '1', reason: 'refused-by-store' });
    await bury(systemRandom.bytes(360 * 1024), { sequenceNumber: '2', reason: 'too-large' });
    await bury('7', { sequenceNumber: '3', reason: 'gap', index: -1 });
    await bury(twilio(sessionData('a', 1)), {
      sequenceNumber: '4',
      arrivedAtMs: systemClock.wallMs() - 33 * DAY_MS,
    });

    expect(await redrive()).toEqual({
      'without-bytes': 2,
      gap: 1,
      'too-old': 1,
      applied: 0,
      duplicate: 0,
    });
    expect(await left()).toHaveLength(4);
  });

  it('says so of bytes that are not what was put in', async () => {
    const { bury, letters, redrive, engine } = given();
    await bury(twilio(sessionData('a', 1)));
    const [item] = engine.items(NAMES.deadLetters);
    engine.apply(
      new PutCommand({
        TableName: NAMES.deadLetters,
        Item: { ...item, raw_sha256: sha256(utf8.encode('other')) },
      }),
    );

    expect(await redrive()).toMatchObject({ damaged: 1, applied: 0 });
    expect(await letters.letter({ shardId: 'shardId-000000000000', recordId: '1#0' })).toMatchObject({
      raw: { kind: 'damaged' },
    });
  });

  it('removes only the letter that it read', async () => {
    const { bury, letters, left } = given();
    await bury('x', { reason: 'not-json' });
    const found = await letters.letter({ shardId: 'shardId-000000000000', recordId: '1#0' });
    if (!found) throw new Error('no letter');

    expect(await letters.remove({ ...found.head, recordedAt: '2026-01-01T00:00:00.000Z' })).toBe('gone');
    expect(await left()).toEqual(['1#0']);
    expect(await letters.remove(found.head)).toBe('removed');
    expect(await letters.remove(found.head)).toBe('gone');
  });

  it('that is told to stop begins no more letters', async () => {
    const { bury, redrive, left } = given();
    await bury(twilio(sessionData('a', 1)));

    expect(await redrive(true, AbortSignal.abort())).toEqual({ applied: 0, duplicate: 0 });
    expect(await left()).toEqual(['1#0']);
  });
});

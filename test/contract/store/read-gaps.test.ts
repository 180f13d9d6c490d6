import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provisionTables } from '../../../src/local/provision.ts';
import { DynamoDeadLetterStore } from '../../../src/store/dead-letters.ts';
import { recordedGaps } from '../../../src/store/read-gaps.ts';
import { tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { type DynamoDbUnderTest, documentClient, overHttp } from '../../support/dynamodb-under-test.ts';

const NAMING = { tablePrefix: 'gaps', application: 'gaps' };
const SEQUENCE_NUMBER = '49600000000000000000000000000000000000000000000000000099';

describe.each(['dynalite', 'auto'] as const)('recorded gaps on %s', (engine) => {
  let database: DynamoDbUnderTest;
  beforeAll(async () => {
    database = await overHttp(engine)();
    await provisionTables(database.dynamodb, tableDefinitions(NAMING));
  });
  afterAll(() => database?.stop());

  it('are read as they were kept, and other letters are left out', async () => {
    const client = documentClient(database);
    const tableName = tableNames(NAMING).deadLetters;
    const letters = new DynamoDeadLetterStore({
      client,
      tableName,
      clock: { ...systemClock, wallMs: () => Date.UTC(2026, 10, 24) },
      random: systemRandom,
      keepDays: 30,
      gzip: (bytes) => bytes,
      sha256: () => 'digest',
    });
    const raw = new TextEncoder().encode(SEQUENCE_NUMBER);
    const letter = { shardId: 'shardId-000000000000', index: -1, reason: 'gap', arrivedAtMs: 0 };
    await letters.put(
      [
        { ...letter, sequenceNumber: '1', raw },
        { ...letter, sequenceNumber: '2', raw: new Uint8Array() },
        { ...letter, sequenceNumber: '3', raw, reason: 'not-json', index: 0 },
      ],
      new AbortController().signal,
    );

    const gaps = [];
    for await (const gap of recordedGaps(client, tableName)) gaps.push(gap);

    const expected = { shardId: letter.shardId, recordedAt: '2026-11-24T00:00:00.000Z' };
    expect(gaps.sort((a, b) => (a.afterSequenceNumber < b.afterSequenceNumber ? -1 : 1))).toEqual([
      { ...expected, afterSequenceNumber: '1', firstSequenceNumber: SEQUENCE_NUMBER },
      { ...expected, afterSequenceNumber: '2' },
    ]);
  });
});

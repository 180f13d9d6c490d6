/** The reader on real engines, over items written by hand and by the worker's store. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { provisionTables } from '../../../src/local/provision.ts';
import { createReader, type Reader } from '../../../src/reader/index.ts';
import { type DynamoDbUnderTest, overHttp } from '../../support/dynamodb-under-test.ts';
import {
  definitionsOf,
  FLEET,
  HUGE,
  openSessionItem,
  type PlainItem,
  PREFIX,
  SIM,
  sessionItem,
  sessionSid,
  simItem,
  usageItem,
} from '../../support/reader-items.ts';

const DAYS = Array.from({ length: 30 }, (_, at) => `2026-11-${String(at + 1).padStart(2, '0')}`);
const LINE = 'super|310-260|US';
const OTA = 'ota.super|310-260|US';

async function store(
  client: DynamoDBDocumentClient,
  table: string,
  items: readonly PlainItem[],
): Promise<void> {
  for (let at = 0; at < items.length; at += 25)
    await client.send(
      new BatchWriteCommand({
        RequestItems: {
          [`${PREFIX}-${table}`]: items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })),
        },
      }),
    );
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

describe.each(['dynalite', 'auto'] as const)('the reader on %s', (engine) => {
  let running: DynamoDbUnderTest;
  let reader: Reader;
  let plain: DynamoDBClient;

  beforeAll(async () => {
    running = await overHttp(engine)();
    await provisionTables(running.dynamodb, definitionsOf(PREFIX));
    const writer = DynamoDBDocumentClient.from(running.connect());
    await store(writer, 'sessions', [
      ...Array.from({ length: 240 }, (_, at) => sessionItem(at + 1, { total_bytes: HUGE })),
      sessionItem(900, { sim_sid: 'HS2' }),
      openSessionItem(901),
      openSessionItem(902, { sim_sid: 'HS2' }),
    ]);
    await store(writer, 'sims', [simItem()]);
    const hours = { '00': { [LINE]: { down: HUGE, up: 1n } }, '23': { [OTA]: { down: 5n, up: 0n } } };
    await store(
      writer,
      'usage',
      [SIM, 'HS2', 'HS3', 'HS4'].flatMap((sim) => DAYS.map((day) => usageItem(day, hours, { sim }))),
    );
    // Default settings: numbers would be rounded, or refused.
    plain = running.connect();
    reader = createReader({ client: DynamoDBDocumentClient.from(plain), tablePrefix: PREFIX });
  });
  afterAll(() => running?.stop());

  it('reads one session and one SIM, exactly, also through a client that is no document client', async () => {
    expect((await reader.session(sessionSid(7)))?.total_bytes).toBe(HUGE);
    expect((await reader.sim(SIM))?.ota?.last_check_bytes).toBe(HUGE);
    expect(await reader.session('PI')).toBeUndefined();
    const another = createReader({ client: running.connect(), tablePrefix: PREFIX });
    expect((await another.session(sessionSid(7)))?.total_bytes).toBe(HUGE);
  });

  it('lists the sessions of a SIM, latest first, in a range of starts', async () => {
    const found = await all(reader.sessionsOfSim(SIM));
    expect(found.map((session) => session.data_session_sid)).toEqual([
      sessionSid(901),
      ...Array.from({ length: 240 }, (_, at) => sessionSid(240 - at)),
    ]);

    const range = { from: '2026-11-24T00:00:00.010Z', to: '2026-11-24T00:00:00.013Z' };
    const some = await all(reader.sessionsOfSim(SIM, range));
    expect(some.map((session) => session.data_session_sid)).toEqual([12, 11, 10].map(sessionSid));
  });

  it('lists open sessions by their sparse index, and all sessions', async () => {
    const open = await all(reader.openSessionsOfSim(SIM));
    expect(open.map((session) => session.data_session_sid)).toEqual([sessionSid(901)]);
    expect(await all(reader.allSessions())).toHaveLength(243);
  });

  it('adds up a month of a SIM and of a fleet', async () => {
    const month = { from: '2026-11-01', to: '2026-12-01', by: 'month' as const };
    const [ofSim] = await reader.usageOfSim(SIM, month);
    expect(ofSim).toMatchObject({
      period: '2026-11-01T00:00:00.000Z',
      user: { downloadBytes: 30n * HUGE, uploadBytes: 30n },
      ota: { downloadBytes: 150n, uploadBytes: 0n },
    });

    const [ofFleet] = await reader.usageOfFleet(FLEET, month);
    expect(ofFleet).toMatchObject({ fleetSid: FLEET, totalBytes: 4n * (ofSim?.totalBytes ?? 0n) });
    expect(await reader.usageOfFleet('HF9', month)).toEqual([]);
  });

  it('gives hours and days at the edges of a range', async () => {
    const hours = { from: '2026-11-03T23:00:00Z', to: '2026-11-04T01:00:00Z', by: 'hour' as const };
    expect((await reader.usageOfSim(SIM, hours)).map(({ period }) => period)).toEqual([
      '2026-11-03T23:00:00.000Z',
      '2026-11-04T00:00:00.000Z',
    ]);
    const days = await reader.usageOfFleet(FLEET, { ...hours, by: 'day' });
    expect(days.map(({ downloadBytes }) => downloadBytes)).toEqual([20n, 4n * HUGE]);
  });
});

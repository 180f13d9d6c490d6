/** The reader over what the worker's store writes, also while it writes. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { provisionTables } from '../../../src/local/provision.ts';
import { createReader, type Reader } from '../../../src/reader/index.ts';
import { tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock } from '../../../src/time.ts';
import { type DynamoDbUnderTest, documentClient, overHttp } from '../../support/dynamodb-under-test.ts';
import { sessionEvent } from '../../support/events.ts';
import { givenStore } from '../../support/given-store.ts';

const RANGE = { from: '2026-01-01', to: '2027-01-01', by: 'month' as const };
const NEVER = new AbortController().signal;

let running: DynamoDbUnderTest;
let worlds = 0;
beforeAll(async () => {
  running = await overHttp('auto')();
});
afterAll(() => running?.stop());

/** A store with all projections over fresh tables, and a reader of them. */
async function given() {
  worlds += 1;
  const naming = { tablePrefix: `worker-${worlds}`, application: `app-${worlds}` };
  await provisionTables(running.dynamodb, tableDefinitions(naming));
  const client = documentClient(running);
  const store = givenStore({
    client,
    names: tableNames(naming),
    clock: systemClock,
    writer: 'batch',
    options: { projections: ['sessions', 'sims', 'usage'] },
  });
  let written = 0n;
  const write = async (number: number): Promise<void> => {
    const event = sessionEvent(number);
    await store.apply([event], NEVER);
    written += (event.downloadBytes ?? 0n) + (event.uploadBytes ?? 0n);
  };
  return { write, written: () => written, reader: createReader({ client, tablePrefix: naming.tablePrefix }) };
}

const { simSid, fleetSid = '' } = sessionEvent(1);
const totalOfSim = async (reader: Reader): Promise<bigint> =>
  (await reader.usageOfSim(simSid, RANGE)).reduce((sum, row) => sum + row.totalBytes, 0n);

it('counts every window after each event, whether its hour is open, closed or handed on', async () => {
  const { write, written, reader } = await given();
  for (let number = 1; number <= 40; number += 1) {
    await write(number);
    expect([number, await totalOfSim(reader)]).toEqual([number, written()]);
    if (fleetSid) {
      const [row] = await reader.usageOfFleet(fleetSid, RANGE);
      expect([number, row?.totalBytes]).toEqual([number, written()]);
    }
  }
  const [hour] = await reader.usageOfSim(simSid, { ...RANGE, by: 'hour' });
  expect(hour?.lines).toHaveLength(1);
});

it('counts neither too much nor too little while hours move to the table', async () => {
  const { write, written, reader } = await given();
  let isWriting = true;
  const writing = (async () => {
    for (let number = 1; number <= 400; number += 1) await write(number);
  })().finally(() => {
    isWriting = false;
  });

  let reads = 0;
  const wrong: unknown[] = [];
  for (; isWriting; reads += 1) {
    const before = written();
    const read = await totalOfSim(reader);
    // What is being written may be there before `written` says so: one event more.
    const after = written() + 2_000n;
    if (read < before || read > after) wrong.push({ before, read, after });
  }

  await writing;
  expect({ wrong, hasRead: reads > 50 }).toEqual({ wrong: [], hasRead: true });
  expect(await totalOfSim(reader)).toBe(written());
});

import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import { ItemLoader } from '../../../src/store/item-loader.ts';
import { loadSessions } from '../../../src/store/load-sessions.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { sessionEvent } from '../../support/events.ts';
import { givenStore } from '../../support/given-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NAMING = { tablePrefix: 'test', application: 'app' };
const NAMES = tableNames(NAMING);

/** An engine that leaves all but one key of each batch unread. */
function given() {
  const clock = new VirtualClock();
  const engine = new SimDynamoDb(clock);
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  const asked: number[] = [];
  const send = async (command: unknown): Promise<unknown> => {
    if (!(command instanceof BatchGetCommand)) return engine.apply(command);
    const keys = command.input.RequestItems?.[NAMES.sessions]?.Keys ?? [];
    asked.push(keys.length);
    const first = new BatchGetCommand({ RequestItems: { [NAMES.sessions]: { Keys: keys.slice(0, 1) } } });
    const left = keys.slice(1);
    return {
      ...engine.apply(first),
      UnprocessedKeys: left.length > 0 ? { [NAMES.sessions]: { Keys: left } } : {},
    };
  };
  return { clock, engine, client: { send } as unknown as DynamoDBDocumentClient, asked };
}

describe('loading sessions', () => {
  it('asks for all keys together, and again for each that came back unprocessed', async () => {
    const { clock, engine, client, asked } = given();
    const sids = ['a', 'b', 'c'];
    for (const sid of sids)
      engine.apply(new PutCommand({ TableName: NAMES.sessions, Item: { data_session_sid: sid } }));
    const closing = new AbortController().signal;
    const loader = new ItemLoader(NAMES.sessions, { client, clock, random: seededRandom(1), closing });

    const loading = Promise.all([...sids, 'absent'].map((sid) => loader.load({ data_session_sid: sid })));
    await clock.advance(60_000);
    const loaded = await loading;

    expect(loaded.map((item) => item?.['data_session_sid'])).toEqual(['a', 'b', 'c', undefined]);
    expect(asked[0]).toBe(4);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4 + 3 + 2 + 1);
  });

  it('one after the other asks again for what came back unprocessed, after a pause each time', async () => {
    const { engine, client, asked } = given();
    for (const sid of ['a', 'b'])
      engine.apply(new PutCommand({ TableName: NAMES.sessions, Item: { data_session_sid: sid } }));
    const pauses: number[] = [];

    const loaded = await loadSessions(client, NAMES.sessions, ['a', 'b', 'absent'], async (attempt) => {
      pauses.push(attempt);
    });

    expect([...loaded.keys()]).toEqual(['a', 'b']);
    expect(pauses).toEqual([0, 1]);
    expect(asked).toEqual([3, 2, 1]);
  });

  it('is given up as soon as the lease is lost, and leaves nothing behind when the store closes', async () => {
    const { clock, client } = given();
    const closing = new AbortController();
    const store = givenStore({ client, names: NAMES, clock, writer: 'put', closing: closing.signal });
    const lost = new AbortController();
    const events = [sessionEvent(1), { ...sessionEvent(2), dataSessionSid: `PI${'b'.repeat(32)}` }];

    const applying = store.apply(events, lost.signal);
    await clock.advance(0);
    lost.abort();

    await expect(applying).rejects.toMatchObject({ name: 'AbortError' });
    closing.abort();
    await clock.advance(0);
    expect(clock.pendingCount).toBe(0);
  });
});

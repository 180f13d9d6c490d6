import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';
import { DedupPages } from '../../../src/store/dedup-pages.ts';
import { DynamoSessionStore } from '../../../src/store/dynamo-session-store.ts';
import { loadSessions } from '../../../src/store/load-sessions.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { sessionEvent } from '../../support/events.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NAMING = { tablePrefix: 'test', application: 'app' };
const NAMES = tableNames(NAMING);

/** An engine that leaves all but one key of each batch unread. */
function given() {
  const engine = new SimDynamoDb(new VirtualClock());
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  let batches = 0;
  const send = async (command: unknown): Promise<unknown> => {
    if (!(command instanceof BatchGetCommand)) return engine.apply(command);
    batches += 1;
    const keys = command.input.RequestItems?.[NAMES.sessions]?.Keys ?? [];
    const asked = new BatchGetCommand({ RequestItems: { [NAMES.sessions]: { Keys: keys.slice(0, 1) } } });
    const left = keys.slice(1);
    return {
      ...engine.apply(asked),
      UnprocessedKeys: left.length > 0 ? { [NAMES.sessions]: { Keys: left } } : {},
    };
  };
  return { engine, client: { send } as unknown as DynamoDBDocumentClient, batches: () => batches };
}

describe('loading sessions', () => {
  it('asks again for what came back unprocessed, after a pause each time', async () => {
    const { engine, client, batches } = given();
    const sids = ['a', 'b', 'c'];
    for (const sid of sids)
      engine.apply(new PutCommand({ TableName: NAMES.sessions, Item: { data_session_sid: sid } }));
    const pauses: number[] = [];

    const loaded = await loadSessions(client, NAMES.sessions, [...sids, 'absent'], async (attempt) => {
      pauses.push(attempt);
    });

    expect([...loaded.keys()]).toEqual(sids);
    expect(pauses).toEqual([0, 1, 2]);
    expect(batches()).toBe(4);
  });

  it('gives the pause up as soon as the lease is lost', async () => {
    const { client } = given();
    const clock = new VirtualClock();
    const random = seededRandom(1);
    const shared = { client, clock, random };
    const store = new DynamoSessionStore(
      {
        ...shared,
        tableName: NAMES.sessions,
        pages: new DedupPages({ ...shared, tableName: NAMES.dedup, horizonDays: 32 }),
        hash16: () => new Chance(random).hex(32),
      },
      { dedupRingSize: 16, personalFields: new Set() },
    );
    const lost = new AbortController();
    const events = [sessionEvent(1), { ...sessionEvent(2), dataSessionSid: `PI${'b'.repeat(32)}` }];

    const applying = store.apply(events, lost.signal);
    lost.abort();

    await expect(applying).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.pendingCount).toBe(0);
  });
});

/** Tables with all that can be stored of some SIMs, made by the stores where they exist. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { DataSessionEvent } from '../../src/decode/event.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { type DeadLetter, DynamoDeadLetterStore } from '../../src/store/dead-letters.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { sessionEvent, sid, without } from './events.ts';
import { givenStore } from './given-store.ts';

export interface GivenSim {
  readonly simSid: string;
  readonly iccid: string;
  readonly sessionSids: readonly string[];
}

const SESSIONS = 3;
const DAYS = 3;
/** With a ring of 4, most of a session's events are in pages. */
const EVENTS = 9;
const NEVER = new AbortController().signal;
const utf8 = new TextEncoder();

export const simOf = (name: string): GivenSim => ({
  simSid: sid('HS', name),
  iccid: `8988307${[...name].map((letter) => letter.charCodeAt(0)).join('')}`.padEnd(20, '7'),
  sessionSids: Array.from({ length: SESSIONS }, (_, n) => sid('PI', `${name}-${n}`)),
});

/** The last session has no start: it is in no index. */
const eventsOf = ({ simSid, iccid, sessionSids }: GivenSim): DataSessionEvent[] =>
  sessionSids.flatMap((dataSessionSid, session) =>
    Array.from({ length: EVENTS }, (_, n) => {
      const eventSid = sid('EZ', `${dataSessionSid}-${n}`);
      const event = sessionEvent(n + 1, { eventSid, dataSessionSid, simSid, simIccid: iccid });
      return session < SESSIONS - 1 ? event : without(event, 'sessionStartMs');
    }),
  );

/** Poison that names the SIM, each in another way. */
function lettersOf({ simSid, iccid, sessionSids }: GivenSim, name: string): DeadLetter[] {
  const raws = [
    utf8.encode(`{"data":{"sim_sid":"${simSid}"`),
    utf8.encode(JSON.stringify({ data: JSON.stringify({ sim_iccid: iccid }) })),
    gzipSync(`[{"data_session_sid":"${sessionSids[0]}"`),
    utf8.encode(`{"data":"{\\"sim_sid\\":\\"\\\\u0048S${simSid.slice(2)}\\"`),
  ];
  return raws.map((raw, index) => ({
    shardId: 'shardId-000000000000',
    sequenceNumber: String([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)),
    index,
    reason: 'not-json',
    arrivedAtMs: 1_772_323_200_000,
    raw: new Uint8Array(raw),
  }));
}

export const deadLetterStore = (client: DynamoDBDocumentClient, tableName: string) =>
  new DynamoDeadLetterStore({
    client,
    tableName,
    clock: systemClock,
    random: systemRandom,
    keepDays: 30,
    gzip: (bytes) => gzipSync(bytes),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  });

/** The shapes of the tables whose stores are not here. */
async function putOthers(
  client: DynamoDBDocumentClient,
  names: ReturnType<typeof tableNames>,
  { simSid, iccid }: GivenSim,
): Promise<void> {
  const put = (TableName: string, Item: Record<string, unknown>) =>
    client.send(new PutCommand({ TableName, Item }));
  await put(names.sims, { sim_sid: simSid, sim_iccid: iccid, connection_state: 'online' });
  await put(names.dedup, { item_key: `sim#${simSid}`, page_id: 'a', ids: new Uint8Array(16) });
  for (let day = 0; day < DAYS; day += 1) {
    const day_fleet = `2026-03-0${day + 1}#${sid('HF', 'fleet')}`;
    await put(names.usage, { sim_sid: simSid, day_fleet, download_bytes: 5 });
    await put(names.dedup, {
      item_key: `usage#${simSid}#${day_fleet}`,
      page_id: 'a',
      ids: new Uint8Array(16),
    });
  }
}

/** Makes the tables, and stores all that there can be of SIMs of these names. */
export async function givenSims(
  { dynamodb, client }: { readonly dynamodb: DynamoDBClient; readonly client: DynamoDBDocumentClient },
  naming: { readonly tablePrefix: string; readonly application: string },
  simNames: readonly string[],
) {
  const names = tableNames(naming);
  await provisionTables(dynamodb, tableDefinitions(naming));
  await provisionTables(dynamodb, [
    { name: names.sims, key: ['sim_sid'], indexes: {} },
    { name: names.usage, key: ['sim_sid', 'day_fleet'], indexes: {} },
  ]);
  const sims = simNames.map(simOf);
  for (const [at, sim] of sims.entries()) {
    for (const event of eventsOf(sim)) {
      const store = givenStore({
        client,
        names,
        clock: systemClock,
        writer: 'put',
        options: { dedupRingSize: 4 },
      });
      await store.apply([event], NEVER);
    }
    await deadLetterStore(client, names.deadLetters).put(lettersOf(sim, simNames[at] ?? ''), NEVER);
    await putOthers(client, names, sim);
  }
  return { names, sims };
}

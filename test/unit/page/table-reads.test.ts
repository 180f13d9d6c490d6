/** What the page reads from the tables: bounded, and without personal data. */
import type { DynamoDBDocumentClient, ScanCommandInput } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { readLetters } from '../../../src/page/read-letters.ts';
import { readOpenSessions } from '../../../src/page/read-open-sessions.ts';
import { SessionFinder } from '../../../src/page/session-finder.ts';
import { ItemReader } from '../../../src/reader/item-reader.ts';
import { createReader } from '../../../src/reader/reader.ts';
import { readerTables } from '../../../src/reader/reader-tables.ts';
import { systemRandom } from '../../../src/time.ts';
import { FakeTables } from '../../support/fake-tables.ts';
import {
  openSessionItem,
  PREFIX,
  SIM,
  sessionItem,
  sessionSid,
  usageItem,
} from '../../support/reader-items.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A document client whose scans bring these pages, one after another. */
function scanning(...pages: readonly (readonly Record<string, unknown>[])[]) {
  const inputs: ScanCommandInput[] = [];
  const client = {
    send: async ({ input }: { readonly input: ScanCommandInput }) => {
      const at = inputs.push(input);
      return { Items: pages[at - 1] ?? [], ...(at < pages.length ? { LastEvaluatedKey: { at } } : {}) };
    },
  } as unknown as DynamoDBDocumentClient;
  return { client, inputs };
}

const letter = (number: number, reason: string) => ({
  shard_id: 'shardId-000000000000',
  record_id: `${number}#0`,
  sequence_number: String(number),
  index: 0,
  reason,
  arrived_at: '2026-11-24T06:00:00.000Z',
  recorded_at: `2026-11-24T06:00:${String(number).padStart(2, '0')}.000Z`,
  raw_bytes: 9,
  raw_sha256: 'x',
});

describe('dead letters', () => {
  it('are grouped by reason, the latest first, with gaps apart', async () => {
    const { client, inputs } = scanning([letter(1, 'not-json'), letter(2, 'gap')], [letter(3, 'not-json')]);

    const { count, isPartial, byReason, latest, gaps } = await readLetters(client, 'letters');

    expect([count, isPartial]).toEqual([2, false]);
    expect(byReason).toEqual([{ reason: 'not-json', count: 2, lastAt: '2026-11-24T06:00:03.000Z' }]);
    expect(latest.map(({ recordId }) => recordId)).toEqual(['3#0', '1#0']);
    expect(gaps.map(({ recordId }) => recordId)).toEqual(['2#0']);
    expect(Object.values(inputs[0]?.ExpressionAttributeNames ?? {})).not.toContain('raw');
  });

  it('are read in part only when there are very many', async () => {
    const { client, inputs } = scanning(...Array.from({ length: 50 }, () => [letter(1, 'not-json')]));

    expect(await readLetters(client, 'letters')).toMatchObject({ count: 8, isPartial: true });
    expect(inputs).toHaveLength(8);
  });
});

const personal = {
  imsi: '310170845466094',
  imei: '358600000000001',
  ip_address: '100.64.1.1',
  location: { lat: '52.1' },
  sim_iccid: '8988307000001112222',
};
const PERSONAL = /310170845466094|358600000000001|100\.64\.1\.1|52\.1|8988307/;

function givenTables() {
  const clock = new VirtualClock();
  const tables = new FakeTables({
    [`${PREFIX}-sessions`]: [
      openSessionItem(1, personal),
      sessionItem(2),
      { data_session_sid: 'odd', sim_sid: 'HS2', is_open: '1' },
    ],
    [`${PREFIX}-sims`]: [
      { sim_sid: SIM, ...personal, version: 1n, updated_at: '2026-11-24T06:00:00.000Z', schema_version: 1n },
    ],
    [`${PREFIX}-usage`]: [usageItem('2026-11-24', { '05': { 'super|310-260|US': { down: 70n, up: 7n } } })],
  });
  const items = new ItemReader({ client: tables.client, clock, random: systemRandom });
  const reader = createReader(
    { client: tables.client, tablePrefix: PREFIX },
    { clock, random: systemRandom },
  );
  const finder = (scan = scanning([])) =>
    new SessionFinder({ client: scan.client, clock, reader, tables: readerTables(PREFIX) });
  return { items, finder };
}

describe('open sessions', () => {
  it('are counted, and some are shown, those of the SIMs that use most first; a damaged one hides none', async () => {
    const { items } = givenTables();
    const keys = [
      { data_session_sid: 'odd', sim_sid: 'HS2' },
      { data_session_sid: sessionSid(1), sim_sid: SIM },
    ];
    const { client } = scanning(keys);

    const open = await readOpenSessions({
      client,
      items,
      tableName: `${PREFIX}-sessions`,
      preferred: () => new Set([SIM]),
    });

    expect(open).toMatchObject({ count: 2, isPartial: false });
    expect(open.sessions.map(({ sessionSid: sid }) => sid)).toEqual([sessionSid(1)]);
    expect(JSON.stringify(open)).not.toMatch(PERSONAL);
  });
});

describe('the search', () => {
  it('finds a session by its SID, with its SIM and what that used by hour', async () => {
    const found = await givenTables()
      .finder()
      .find(` ${sessionSid(1)} `);

    expect(found).toMatchObject({
      kind: 'session',
      simSid: SIM,
      session: { sessionSid: sessionSid(1), totalBytes: '110' },
      usage: { problem: null, value: { hours: [{ downloadBytes: 70, uploadBytes: 7 }] } },
    });
    expect(JSON.stringify(found)).not.toMatch(PERSONAL);
  });

  it('finds a SIM by its SID, with its sessions, latest first', async () => {
    const found = await givenTables().finder().find(SIM);

    expect(found).toMatchObject({
      kind: 'sim',
      sim: { iccidEnd: '2222' },
      sessions: [{ sessionSid: sessionSid(2) }, { sessionSid: sessionSid(1) }],
    });
    expect(JSON.stringify(found)).not.toMatch(PERSONAL);
  });

  it('finds a SIM by its ICCID', async () => {
    const scan = scanning([], [{ sim_sid: SIM }]);

    const found = await givenTables().finder(scan).find('8988307000001112222');

    expect(found).toMatchObject({ kind: 'sim', simSid: SIM });
    expect(scan.inputs[0]).toMatchObject({ TableName: `${PREFIX}-sims`, ProjectionExpression: 'sim_sid' });
  });

  it('looks through a bounded part of the table, and says so', async () => {
    const scan = scanning(...Array.from({ length: 100 }, () => []));

    const found = await givenTables().finder(scan).find('8988307000009999999');

    expect(scan.inputs).toHaveLength(20);
    expect(found).toEqual({ kind: 'nothing', hint: expect.stringContaining('only its first part') });
  });

  it('says what it takes when it finds nothing', async () => {
    const { finder } = givenTables();

    expect(await finder().find('')).toMatchObject({ kind: 'nothing' });
    expect(await finder().find('HS00000000000000000000000000000099')).toEqual({
      kind: 'nothing',
      hint: 'Nothing is stored of the SIM HS00000000000000000000000000000099.',
    });
  });
});

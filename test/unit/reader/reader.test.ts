import { describe, expect, it } from '@jest/globals';
import { createReader, type Reader } from '../../../src/reader/index.ts';
import type { HeldUsage } from '../../../src/reader/usage-reading.ts';
import type { OpenUsageEntry } from '../../../src/store/open-usage.ts';
import { type Clock, fromIso, systemClock } from '../../../src/time.ts';
import { FakeTables } from '../../support/fake-tables.ts';
import {
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

const DAY = '2026-11-24';
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

interface Part {
  readonly hour: string;
  readonly bytes: number;
  readonly fleetSid?: string;
  readonly apn?: string;
}

/** As the private attributes would say it: `open_usage` and `closed_usage` of a session, `counted` of a day. */
const entriesOf = (parts: unknown): OpenUsageEntry[] =>
  (JSON.parse(String(parts ?? '[]')) as Part[]).map(({ hour, bytes, ...line }) => ({
    ...line,
    hourMs: fromIso(`${hour}:00:00Z`),
    downloadBytes: BigInt(bytes),
    uploadBytes: 0n,
  }));
const heldUsage: HeldUsage = {
  openUsageOf: (item) => entriesOf(item['open_usage']),
  closedUsageOf: (item) =>
    entriesOf(item['closed_usage']).map((entry) => ({
      partId: `${item['data_session_sid']}@${entry.hourMs}`,
      timestampMs: entry.hourMs,
      entries: [entry],
    })),
  isCountedIn: (day, { partId }) => ((day['counted'] as string[] | undefined) ?? []).includes(partId),
};
const open = (...parts: Part[]): PlainItem => ({ open_usage: JSON.stringify(parts) });
const closed = (...parts: Part[]): PlainItem => ({ closed_usage: JSON.stringify(parts) });
const counted = (session: number, hour: string): PlainItem => ({
  counted: [`${sessionSid(session)}@${fromIso(`${hour}:00:00Z`)}`],
});

/** A reader of these items; a test may change them meanwhile. */
function given(stored: { sessions?: PlainItem[]; sims?: PlainItem[]; usage?: PlainItem[] }) {
  const tables = new FakeTables(
    Object.fromEntries(Object.entries(stored).map(([name, items]) => [`${PREFIX}-${name}`, items])),
  );
  const slept: number[] = [];
  const clock: Clock = { ...systemClock, sleep: async (ms) => void slept.push(ms) };
  const random = { next: () => 1, bytes: (count: number) => new Uint8Array(count) };
  const reader = createReader({ client: tables.client, tablePrefix: PREFIX }, { clock, random, heldUsage });
  return { reader, tables, slept };
}

describe('single items', () => {
  it('are read consistently by key, or are undefined', async () => {
    const { reader, tables } = given({
      sessions: [sessionItem(1, { download_bytes: HUGE })],
      sims: [simItem()],
    });

    expect((await reader.session(sessionSid(1)))?.download_bytes).toBe(HUGE);
    expect((await reader.sim(SIM))?.connection_state).toBe('online');
    expect(await reader.session(sessionSid(2))).toBeUndefined();
    expect(await reader.sim('HS2')).toBeUndefined();
    expect(tables.calls.map(({ input }) => input)).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ ConsistentRead: true })),
    );
  });

  it('are read from the tables of the default prefix', async () => {
    const tables = new FakeTables({ 'supersim-meter-sims': [simItem()] });
    expect(await createReader({ client: tables.client }).sim(SIM)).toBeDefined();
  });
});

describe('the sessions of a SIM', () => {
  const sessions = Array.from({ length: 9 }, (_, at) => sessionItem(at + 1));

  it('come latest first, over all pages, and only those of the SIM', async () => {
    const { reader } = given({ sessions: [sessionItem(99, { sim_sid: 'HS2' }), ...sessions] });

    const found = await all(reader.sessionsOfSim(SIM));

    expect(found.map((session) => session.data_session_sid)).toEqual(
      [9, 8, 7, 6, 5, 4, 3, 2, 1].map(sessionSid),
    );
  });

  it.each([
    [{ from: '2026-11-24T00:00:00.008Z' }, [9, 8]],
    [{ to: '2026-11-24T00:00:00.003Z' }, [2, 1]],
    [{ from: '2026-11-24T00:00:00.003Z', to: '2026-11-24T00:00:00.005Z' }, [4, 3]],
    [{ from: '2026-11-24T00:00:00.003Z', to: '2026-11-24T00:00:00.003Z' }, []],
    [{ to: '2026-11-24' }, []],
  ])('in %j: from is in the range, to is not', async (range, numbers) => {
    const found = await all(given({ sessions }).reader.sessionsOfSim(SIM, range));

    expect(found.map((session) => session.data_session_sid)).toEqual(numbers.map(sessionSid));
  });

  it('are asked for again when DynamoDB leaves keys unprocessed, later each time, and keep their order', async () => {
    const { reader, tables, slept } = given({ sessions });
    tables.pageSize = 9;
    tables.unprocessed = [5, 5, 5, 2];

    const found = await all(reader.sessionsOfSim(SIM));

    expect(found.map((session) => session.data_session_sid)).toEqual(
      [9, 8, 7, 6, 5, 4, 3, 2, 1].map(sessionSid),
    );
    expect(slept).toEqual([50, 100, 200, 50]);
  });

  it('that DynamoDB never gives are an error in the end', async () => {
    const { reader, tables, slept } = given({ sessions });
    tables.unprocessed = Array.from({ length: 20 }, () => 9);

    await expect(all(reader.sessionsOfSim(SIM))).rejects.toMatchObject({ code: 'throttled' });
    expect(slept.length).toBeLessThan(15);
  });

  it('are loaded a hundred at a time', async () => {
    const many = Array.from({ length: 250 }, (_, at) => sessionItem(at + 1));
    const { reader, tables } = given({ sessions: many });
    tables.pageSize = 250;

    expect(await all(reader.sessionsOfSim(SIM))).toHaveLength(250);
    expect(tables.names()).toEqual(['Query', 'BatchGetItem', 'BatchGetItem', 'BatchGetItem']);
  });

  it('are read no further than they are taken', async () => {
    const { reader, tables } = given({ sessions });
    for await (const _ of reader.sessionsOfSim(SIM)) break;
    expect(tables.names()).toEqual(['Query', 'BatchGetItem']);
  });
});

it('open sessions are found by their index, and what has just ended is left out', async () => {
  const { reader } = given({
    sessions: [
      openSessionItem(1),
      sessionItem(2),
      // As the index may still show it.
      sessionItem(3, { is_open: '1' }),
      openSessionItem(4, { started_at: undefined }),
    ].map(({ started_at, ...item }) => (started_at === undefined ? item : { ...item, started_at })),
  });

  const found = await all(reader.openSessionsOfSim(SIM));

  expect(found.map((session) => session.data_session_sid).sort()).toEqual([1, 4].map(sessionSid));
});

it('all sessions are scanned page by page', async () => {
  const { reader, tables } = given({ sessions: [1, 2, 3, 4, 5].map((number) => sessionItem(number)) });
  expect(await all(reader.allSessions())).toHaveLength(5);
  expect(tables.names()).toEqual(['Scan', 'Scan', 'Scan']);
});

describe('usage', () => {
  const line = 'super|310-260|US';
  const range = { from: DAY, to: '2026-11-26', by: 'day' as const };
  const usage = [
    usageItem('2026-11-23', { '23': { [line]: { down: 1n, up: 0n } } }),
    usageItem(DAY, {
      '00': { [line]: { down: 2n, up: 0n } },
      '05': { 'ota.super|-|': { down: HUGE, up: 0n } },
    }),
    usageItem(DAY, { '06': { [line]: { down: 8n, up: 0n } } }, { fleet: null }),
    usageItem('2026-11-25', { '00': { [line]: { down: 16n, up: 0n } } }),
    usageItem('2026-11-26', { '00': { [line]: { down: 32n, up: 0n } } }),
    usageItem(DAY, { '07': { [line]: { down: 64n, up: 0n } } }, { sim: 'HS2' }),
  ];
  const downloads = (rows: readonly { period: string; downloadBytes: bigint }[]) =>
    rows.map(({ period, downloadBytes }) => [period.slice(0, 10), downloadBytes]);

  it('of a SIM is that of all its fleets, in the range', async () => {
    const rows = await given({ usage }).reader.usageOfSim(SIM, range);

    expect(downloads(rows)).toEqual([
      [DAY, HUGE + 10n],
      ['2026-11-25', 16n],
    ]);
    expect(rows[0]).toMatchObject({
      simSid: SIM,
      user: { downloadBytes: 10n },
      ota: { downloadBytes: HUGE },
    });
  });

  it('of a fleet is that of all its SIMs, found by day', async () => {
    const rows = await given({ usage }).reader.usageOfFleet(FLEET, range);

    expect(downloads(rows)).toEqual([
      [DAY, HUGE + 66n],
      ['2026-11-25', 16n],
    ]);
    expect(rows[0]).toMatchObject({ fleetSid: FLEET });
  });

  it('of an empty range is none, and asks nothing', async () => {
    const { reader, tables } = given({ usage });
    expect(await reader.usageOfSim(SIM, { ...range, to: DAY })).toEqual([]);
    expect(tables.calls).toEqual([]);
  });

  const sessions = [
    openSessionItem(1, open({ hour: `${DAY}T08`, bytes: 1_000, fleetSid: FLEET, apn: 'super' })),
    openSessionItem(2, open({ hour: '2026-11-26T08', bytes: 5, fleetSid: FLEET })),
    openSessionItem(3, {
      ...open({ hour: `${DAY}T08`, bytes: 20_000, fleetSid: 'HF2', apn: 'ota.super' }),
      sim_sid: 'HS2',
    }),
  ];

  it('includes what open sessions used in their current hour, unless it is not asked for', async () => {
    const { reader } = given({ usage, sessions });

    expect(downloads(await reader.usageOfSim(SIM, range))[0]).toEqual([DAY, HUGE + 1_010n]);
    expect(downloads(await reader.usageOfFleet(FLEET, range))[0]).toEqual([DAY, HUGE + 1_066n]);
    expect(downloads(await reader.usageOfFleet('HF2', range))).toEqual([[DAY, 20_000n]]);
    expect(downloads(await reader.usageOfSim(SIM, { ...range, includeOpen: false }))[0]).toEqual([
      DAY,
      HUGE + 10n,
    ]);
  });

  const EIGHT = { hour: `${DAY}T08`, bytes: 1_000, fleetSid: FLEET, apn: 'super' };
  const NINE = { hour: `${DAY}T09`, bytes: 300, fleetSid: FLEET, apn: 'super' };
  const dayBefore = usageItem(DAY, { '00': { [line]: { down: 2n, up: 0n } } });
  const dayAfter = {
    ...usageItem(DAY, {
      '00': { [line]: { down: 2n, up: 0n } },
      '08': { [line]: { down: 1_000n, up: 0n } },
    }),
    ...counted(1, EIGHT.hour),
  };
  const steps = {
    open: [openSessionItem(1, open(EIGHT)), dayBefore],
    closed: [openSessionItem(1, { ...open(NINE), ...closed(EIGHT) }), dayBefore],
    'handed on': [openSessionItem(1, { ...open(NINE), ...closed(EIGHT) }), dayAfter],
    'let go': [openSessionItem(1, open(NINE)), dayAfter],
    ended: [openSessionItem(1), dayAfter],
  } as const;
  type Step = keyof typeof steps;
  const stepNames = Object.keys(steps) as Step[];
  const pairs = stepNames.flatMap((from, at) => stepNames.slice(at).map((to) => [from, to] as const));

  describe.each([
    ['SIM', (reader: Reader) => reader.usageOfSim(SIM, range)],
    ['fleet', (reader: Reader) => reader.usageOfFleet(FLEET, range)],
  ] as const)('of a %s counts an hour once', (_, read) => {
    it.each(pairs)(
      'that is %s when the reading begins and %s when it ends, whenever it changes',
      async (from, to) => {
        for (let change = 1; change <= 12; change += 1) {
          const [session, day] = steps[from];
          const stored = { sessions: [session], usage: [day] };
          const { reader, tables } = given(stored);
          let calls = 0;
          tables.before = () => {
            if (++calls !== change) return;
            [stored.sessions[0], stored.usage[0]] = steps[to];
          };

          const [row] = await read(reader);

          // Of the next hour, what there was when the reading began or when it ended.
          expect([change, [1_002n, 1_302n].includes(row?.downloadBytes ?? 0n), row?.downloadBytes]).toEqual([
            change,
            true,
            row?.downloadBytes,
          ]);
        }
      },
    );

    it('that is closed, handed on and let go while it is read, at whatever three calls', async () => {
      const path = ['closed', 'handed on', 'let go'] as const;
      const CALLS = 9;
      for (let code = 0; code < CALLS ** 3; code += 1) {
        const at = [code % CALLS, Math.floor(code / CALLS) % CALLS, Math.floor(code / CALLS ** 2)];
        if (!((at[0] ?? 0) <= (at[1] ?? 0) && (at[1] ?? 0) <= (at[2] ?? 0))) continue;
        const stored = { sessions: [steps.open[0]], usage: [steps.open[1]] };
        const { reader, tables } = given(stored);
        let calls = 0;
        tables.before = () => {
          calls += 1;
          for (const [index, step] of path.entries())
            if (calls === (at[index] ?? 0) + 1) [stored.sessions[0], stored.usage[0]] = steps[step];
        };

        const [row] = await read(reader);

        expect({ at, isOnce: [1_002n, 1_302n].includes(row?.downloadBytes ?? 0n) }).toEqual({
          at,
          isOnce: true,
        });
      }
    });
  });
});

/** What every DynamoDB engine must let the store do with SIMs and usage, which sessions hand on. Run on each engine. */
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AttachmentEvent, ConnectionEvent, DataSessionEvent } from '../../src/decode/event.ts';
import { toPlain } from '../../src/json.ts';
import { readStored, storedUsage } from '../../src/local/compare-stored.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { emptySim, foldNews } from '../../src/reduce/sim.ts';
import { simFromItem } from '../../src/store/sim-item.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { usageToItem } from '../../src/store/usage-item.ts';
import { type Clock, systemClock } from '../../src/time.ts';
import { type DynamoDbUnderTest, documentClient, type StartDynamoDb } from './dynamodb-under-test.ts';
import { HOUR_MS, SESSION_START_MS, sessionEvent, sid, WINDOW_MS } from './events.ts';
import { type Fault, faultyClient } from './faulty-client.ts';
import { givenStore, WRITERS, type WriterName } from './given-store.ts';
import { newsOf } from './sim-arbitraries.ts';

const NEVER = new AbortController().signal;
const SIM = sid('HS', 'sim');
/** Back-off without waiting: faults here are chosen by count, not by time. */
const hurried: Clock = { ...systemClock, sleep: () => Promise.resolve() };
const ALL = ['sessions', 'sims', 'usage'] as const;

const attachment = (n: number, verb: AttachmentEvent['verb']): AttachmentEvent => ({
  kind: 'attachment',
  verb,
  eventSid: sid('EZ', `attachment-${n}`),
  timestampMs: SESSION_START_MS + n * WINDOW_MS - 1_000,
  accountSid: sid('AC', 'account'),
  simSid: SIM,
  network: { mcc: '310', mnc: n % 2 ? '260' : '410' },
  ...(verb === 'rejected' ? { error: { code: 83_702, message: 'not allowed' } } : {}),
  anomalies: [],
});

/** A session from update `from` to update `to`, on a network that changes; with its start and, if asked, its end. */
function sessionLife(name: string, from: number, to: number, { isEnded = true } = {}): DataSessionEvent[] {
  const startMs = SESSION_START_MS + (from - 1) * WINDOW_MS;
  const base = { dataSessionSid: sid('PI', name), sessionStartMs: startMs };
  const updates = Array.from({ length: to - from + 1 }, (_, at) =>
    sessionEvent(from + at, {
      ...base,
      eventSid: sid('EZ', `${name}-${from + at}`),
      downloadBytes: BigInt(1_000 + at),
      network: { mcc: '310', mnc: at % 7 < 5 ? '260' : '410', isoCountry: 'US' },
    }),
  );
  const started = { ...sessionEvent(from), ...base, verb: 'started' as const, timestampMs: startMs };
  const { windowStartMs: _, windowEndMs: _w, downloadBytes: _d, uploadBytes: _u, ...start } = started;
  const endMs = SESSION_START_MS + to * WINDOW_MS + 60_000;
  const ended = sessionEvent(to + 1, {
    ...base,
    verb: 'ended',
    eventSid: sid('EZ', `${name}-end`),
    timestampMs: endMs,
    windowEndMs: endMs,
    sessionEndMs: endMs,
  });
  const begun = { ...start, eventSid: sid('EZ', `${name}-start`) } as DataSessionEvent;
  return [begun, ...updates, ...(isEnded ? [ended] : [])];
}

/** Two sessions over several hours and the edge of a day, and attachments between. */
const LIFE: readonly ConnectionEvent[] = [
  attachment(1, 'rejected'),
  attachment(2, 'accepted'),
  ...sessionLife('one', 3, 40),
  attachment(50, 'accepted'),
  ...sessionLife('two', 225, 255, { isEnded: false }),
];

/** `hour line` → bytes, straight from the windows of distinct events. */
function recounted(events: readonly ConnectionEvent[]): Record<string, string> {
  const sums = new Map<string, [bigint, bigint]>();
  const distinct = new Map(events.map((event) => [event.eventSid, event]));
  for (const event of distinct.values()) {
    if (event.kind !== 'data-session' || event.windowEndMs === undefined) continue;
    const { mcc = '', mnc = '', isoCountry = '' } = event.network ?? {};
    const hour = Math.floor(event.windowEndMs / HOUR_MS);
    const name = `${hour} ${event.fleetSid} ${event.apn} ${mcc}-${mnc} ${isoCountry}`;
    const [down, up] = sums.get(name) ?? [0n, 0n];
    sums.set(name, [down + (event.downloadBytes ?? 0n), up + (event.uploadBytes ?? 0n)]);
  }
  return Object.fromEntries([...sums].map(([name, bytes]) => [name, bytes.join('/')]).sort());
}

/** `writers`: the ways of writing that the engine allows. */
export function projectionsContract(
  engine: string,
  start: StartDynamoDb,
  writers: readonly WriterName[] = WRITERS,
): void {
  describe.each(writers)(`SIMs and usage on ${engine}, writing by %s`, (writer) => {
    let running: DynamoDbUnderTest;
    let client: DynamoDBDocumentClient;
    let names: ReturnType<typeof tableNames>;
    let round = 0;
    let closing: AbortController;

    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running?.stop());
    afterEach(() => closing.abort());
    beforeEach(async () => {
      closing = new AbortController();
      const naming = { tablePrefix: `projections-${round++}`, application: `lease-${round}` };
      names = tableNames(naming);
      client = documentClient(running);
      await provisionTables(running.dynamodb, tableDefinitions(naming));
    });

    const storeOn = (using: DynamoDBDocumentClient, ringSize = 16) =>
      givenStore({
        client: using,
        names,
        clock: hurried,
        writer,
        options: { dedupRingSize: ringSize, projections: ALL },
        closing: closing.signal,
      });
    const kinds = (outcomes: readonly { kind: string }[]) => new Set(outcomes.map(({ kind }) => kind));
    /** Of all three tables, byte for byte; in whatever order an engine lists them. */
    const stored = async () => {
      const items = Object.values(await readStored(client, names)).flat();
      return items
        .map((item) =>
          JSON.stringify(toPlain(item), (_, entry) => (typeof entry === 'bigint' ? `${entry}n` : entry)),
        )
        .sort();
    };

    async function expectExact(events: readonly ConnectionEvent[]): Promise<void> {
      const items = await readStored(client, names);
      const sums = new Map<string, [bigint, bigint]>();
      for (const { hourMs, line, downloadBytes, uploadBytes } of storedUsage(items)) {
        const { fleetSid, apn, mcc = '', mnc = '', isoCountry = '' } = line;
        const name = `${hourMs / HOUR_MS} ${fleetSid} ${apn} ${mcc}-${mnc} ${isoCountry}`;
        const [down, up] = sums.get(name) ?? [0n, 0n];
        sums.set(name, [down + downloadBytes, up + uploadBytes]);
      }
      expect(Object.fromEntries([...sums].map(([name, bytes]) => [name, bytes.join('/')]).sort())).toEqual(
        recounted(events),
      );
      const sims = items.sims.map((item) => simFromItem(item).sim);
      const distinct = [...new Map(events.map((event) => [event.eventSid, event])).values()];
      expect(sims).toEqual([newsOf(distinct).reduce(foldNews, emptySim(SIM))]);
    }

    it('counts each event once in its session, its SIM and its hour, and writes nothing for repeats', async () => {
      const store = storeOn(client);

      expect(kinds(await store.apply(LIFE, NEVER))).toEqual(new Set(['applied']));
      await expectExact(LIFE);
      const before = await stored();
      expect(kinds(await store.apply(LIFE, NEVER))).toEqual(new Set(['duplicate']));
      for (const event of LIFE)
        expect(kinds(await storeOn(client, 4).apply([event, event], NEVER))).toEqual(new Set(['duplicate']));

      expect(await stored()).toEqual(before);
    });

    it('is the same one by one, in reverse, and by workers that race for every item', async () => {
      await Promise.all(
        [0, 1, 2].map(async (worker) => {
          const share = LIFE.filter((_, at) => at % 3 === worker || at % 5 === 0).reverse();
          const store = storeOn(client, 3);
          for (let at = 0; at < share.length; at += 4) await store.apply(share.slice(at, at + 4), NEVER);
        }),
      );

      await expectExact(LIFE);
    });

    it('is exact when the answer to any one write is lost', async () => {
      const write = writer === 'put' ? 'PutCommand' : 'BatchExecuteStatementCommand';
      for (let lostAt = 0; lostAt * 6 < LIFE.length; lostAt += 1) {
        let writes = 0;
        const faulty = faultyClient(client, (command) =>
          command === write && writes++ === lostAt ? 'lost-answer' : 'none',
        );
        const part = LIFE.slice(lostAt * 6, lostAt * 6 + 6);
        expect(kinds(await storeOn(faulty, 2).apply(part, NEVER))).toEqual(new Set(['applied']));
      }

      await expectExact(LIFE);
    });

    it('hands an hour on once after a crash at any step between the session’s write and the day’s', async () => {
      const hour = sessionLife('one', 3, 40).slice(0, 12);
      const beforeTheDay = faultyClient(client, (_, target) =>
        target.includes(names.usage) ? 'crash' : 'none',
      );
      await storeOn(beforeTheDay, 2)
        .apply(hour, NEVER)
        .catch(() => undefined);
      // The crash was met where it matters: the session has closed its hour, and no day has it.
      expect(await readStored(client, names)).toMatchObject({ sessions: [{}], usage: [] });
      for (let crashAt = 0; crashAt < 12; crashAt += 1) {
        let calls = 0;
        const crashing = faultyClient(client, () => (calls++ >= crashAt ? 'crash' : 'none'));
        await storeOn(crashing, 2)
          .apply(hour, NEVER)
          .catch(() => undefined);
      }
      await storeOn(client, 2).apply(hour, NEVER);

      await expectExact(hour);
    });

    it('is exact under lost requests, lost answers, throttles, crashes, disorder and repetition at once', async () => {
      const faults: readonly Fault[] = [
        'none',
        'none',
        'none',
        'none',
        'lost-request',
        'lost-answer',
        'crash',
      ];
      let state = 11;
      const random = (below: number): number => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((state / 2 ** 31) * below);
      };
      const faulty = faultyClient(client, () => faults[random(faults.length)] ?? 'none');
      const worker = async (): Promise<void> => {
        for (let step = 0; step < 40; step += 1) {
          const from = random(LIFE.length);
          await storeOn(faulty, 4)
            .apply(LIFE.slice(from, from + 1 + random(8)).reverse(), NEVER)
            .catch(() => undefined);
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      await storeOn(client, 4).apply(LIFE, NEVER);

      await expectExact(LIFE);
    });

    it('waits with a session whose day cannot be read, and goes on when the day is restored', async () => {
      const life = sessionLife('one', 3, 40);
      const key = { sim_sid: SIM, day_fleet: `2026-03-01#${sid('HF', 'fleet')}` };
      await client.send(new PutCommand({ TableName: names.usage, Item: { ...key, day: '2026-03-01' } }));

      await expect(storeOn(client).apply(life, NEVER)).rejects.toMatchObject({ code: 'item-unreadable' });
      await expect(storeOn(client).apply(life, NEVER)).rejects.toMatchObject({ code: 'item-unreadable' });
      await client.send(new PutCommand({ TableName: names.usage, Item: { ...emptyDay(), ...key } }));
      await storeOn(client).apply(life, NEVER);

      await expectExact(life);
    });

    it('refuses an event of a SIM whose item it cannot read', async () => {
      await client.send(new PutCommand({ TableName: names.sims, Item: { sim_sid: SIM } }));

      expect(await storeOn(client).apply([attachment(1, 'accepted')], NEVER)).toEqual([
        { kind: 'refused', reason: 'sim-item-unreadable' },
      ]);
    });

    /** A day without usage, as a backup may hold it. */
    function emptyDay(): Record<string, unknown> {
      const day = { simSid: SIM, dayMs: SESSION_START_MS, fleetSid: sid('HF', 'fleet'), hours: [] };
      return usageToItem(
        { day, memory: { ring: [], hasPages: false }, version: 1, unknown: {} },
        { updatedAtMs: SESSION_START_MS },
      );
    }
  });
}

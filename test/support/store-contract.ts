/** What every DynamoDB engine must let the store do. Run on each engine we have. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSessionEvent } from '../../src/decode/event.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { emptySession, foldEvent } from '../../src/reduce/session.ts';
import { DynamoDeadLetterStore } from '../../src/store/dead-letters.ts';
import { sessionFromItem } from '../../src/store/session-item.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { type Clock, systemClock, systemRandom } from '../../src/time.ts';
import { type DynamoDbUnderTest, documentClient, type StartDynamoDb } from './dynamodb-under-test.ts';
import { nameInRun } from './engine-from-env.ts';
import { sessionEvent, sid } from './events.ts';
import { type Fault, faultyClient } from './faulty-client.ts';
import { givenStore, WRITERS, type WriterName } from './given-store.ts';
import { WriteUnitMeter } from './write-units.ts';

const NEVER = new AbortController().signal;
const fold = (events: readonly DataSessionEvent[]) =>
  events.reduce((session, event) => foldEvent(session, event, new Set()), emptySession(sid('PI', 'session')));
const updates = (from: number, to: number): DataSessionEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => sessionEvent(from + index));
/** Back-off without waiting: faults here are chosen by count, not by time. */
const hurried: Clock = { ...systemClock, sleep: () => Promise.resolve() };

/** `writers`: the ways of writing that the engine allows. */
export function storeContract(
  engine: string,
  start: StartDynamoDb,
  writers: readonly WriterName[] = WRITERS,
): void {
  describe.each(writers)(`the session store on ${engine}, writing by %s`, (writer) => {
    let running: DynamoDbUnderTest;
    let client: DynamoDBDocumentClient;
    let names: ReturnType<typeof tableNames>;
    let round = 0;
    let closing: AbortController;

    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running?.stop());
    // What a test left under way would be repeated for ever, without a pause.
    afterEach(() => closing.abort());
    beforeEach(async () => {
      closing = new AbortController();
      round += 1;
      const naming = {
        tablePrefix: nameInRun(`test-${writer}-${round}`),
        application: nameInRun(`lease-${writer}-${round}`),
      };
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
        options: { dedupRingSize: ringSize },
        closing: closing.signal,
      });
    const WRITE = writer === 'put' ? 'PutCommand' : 'BatchExecuteStatementCommand';
    const items = async (table: string): Promise<Record<string, unknown>[]> =>
      (await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [];
    const storedSession = async () => sessionFromItem((await items(names.sessions))[0] ?? {}).session;
    const kinds = (outcomes: readonly { kind: string }[]): string[] => outcomes.map(({ kind }) => kind);

    it('counts each event once: repeated in a batch, in another batch, and by another worker', async () => {
      const store = storeOn(client);

      expect(kinds(await store.apply([sessionEvent(1), sessionEvent(2), sessionEvent(1)], NEVER))).toEqual([
        'applied',
        'applied',
        'duplicate',
      ]);
      expect(kinds(await store.apply([sessionEvent(2), sessionEvent(3)], NEVER))).toEqual([
        'duplicate',
        'applied',
      ]);
      expect(kinds(await storeOn(client).apply([sessionEvent(3)], NEVER))).toEqual(['duplicate']);

      expect(await storedSession()).toEqual(fold(updates(1, 3)));
    });

    it('counts a session of hundreds of events once, and writes nothing when all of it is read again', async () => {
      const events = updates(1, 300);
      for (const event of events) await storeOn(client).apply([event], NEVER);
      const before = await items(names.sessions);

      for (let at = 0; at < events.length; at += 50)
        expect(new Set(kinds(await storeOn(client).apply(events.slice(at, at + 50), NEVER)))).toEqual(
          new Set(['duplicate']),
        );

      expect(await items(names.sessions)).toEqual(before);
      expect(await storedSession()).toEqual(fold(events));
    });

    it('counts more events of one session at once than one item may take', async () => {
      const events = updates(1, 600);

      const outcomes = await storeOn(client).apply([...events, ...events.slice(0, 5)], NEVER);

      expect(kinds(outcomes)).toEqual([...events.map(() => 'applied'), ...Array(5).fill('duplicate')]);
      expect(await storedSession()).toEqual(fold(events));
    });

    it('costs at most 1.2 write units an event, by the published rules and by what the engine reports', async () => {
      const meter = new WriteUnitMeter();
      const store = storeOn(meter.wrap(client));
      for (const event of updates(1, 160)) await store.apply([event], NEVER);

      expect((meter.computedUnits + meter.indexUnits) / 160).toBeLessThanOrEqual(1.2);
      expect(meter.computedUnits / 160).toBeGreaterThanOrEqual(1);
      if (writer === 'put') expect(meter.reportedUnits).toBe(meter.computedUnits);
    });

    it('lets workers write one session at once without losing or doubling an event', async () => {
      const events = updates(1, 60);
      const shares = [0, 1, 2].map((worker) =>
        events.filter((_, index) => index % 3 === worker || index % 7 === 0),
      );

      const outcomes = await Promise.all(
        shares.map(async (share) => {
          const store = storeOn(client, 4);
          const results: string[] = [];
          for (let at = 0; at < share.length; at += 5)
            results.push(...kinds(await store.apply(share.slice(at, at + 5), NEVER)));
          return results;
        }),
      );

      expect(outcomes.flat().filter((kind) => kind === 'applied')).toHaveLength(60);
      expect(await storedSession()).toEqual(fold(events));
    });

    it('counts a write whose answer was lost as applied, once', async () => {
      let writes = 0;
      const faulty = faultyClient(client, (command) =>
        command === WRITE && writes++ === 0 ? 'lost-answer' : 'none',
      );

      expect(kinds(await storeOn(faulty).apply([sessionEvent(1), sessionEvent(2)], NEVER))).toEqual([
        'applied',
        'applied',
      ]);
      expect(await storedSession()).toEqual(fold(updates(1, 2)));
    });

    it('is exact after a crash between a page and its swap, at every step', async () => {
      for (const faultAt of [0, 1, 2, 3, 4, 5]) {
        let calls = 0;
        const crashing = faultyClient(client, () => (calls++ === faultAt ? 'crash' : 'none'));
        await storeOn(crashing, 2)
          .apply(updates(1, 3 + faultAt), NEVER)
          .catch(() => undefined);
      }
      await storeOn(client, 2).apply(updates(1, 10), NEVER);

      expect(await storedSession()).toEqual(fold(updates(1, 10)));
    });

    it('is exact under lost requests, lost answers, throttles, crashes, disorder and repetition at once', async () => {
      const faults: readonly Fault[] = [
        'none',
        'none',
        'none',
        'lost-request',
        'lost-answer',
        'throttled',
        'crash',
      ];
      let state = 7;
      const random = (below: number): number => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((state / 2 ** 31) * below);
      };
      const faulty = faultyClient(client, () => faults[random(faults.length)] ?? 'none');
      const events = updates(1, 80);
      const worker = async (): Promise<void> => {
        for (let step = 0; step < 60; step += 1) {
          const from = random(events.length);
          const batch = events.slice(from, from + 1 + random(6)).reverse();
          await storeOn(faulty, 4)
            .apply(batch, NEVER)
            .catch(() => undefined);
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      await storeOn(client, 4).apply(events, NEVER);

      expect(await storedSession()).toEqual(fold(events));
    });

    it('refuses events of an item that it cannot read, and counts the others of the batch', async () => {
      const foreign = sid('PI', 'foreign');
      await client.send(
        new PutCommand({ TableName: names.sessions, Item: { data_session_sid: foreign, version: 3 } }),
      );

      const outcomes = await storeOn(client).apply(
        [sessionEvent(1, { dataSessionSid: foreign }), sessionEvent(2)],
        NEVER,
      );

      expect(outcomes).toEqual([{ kind: 'refused', reason: 'session-item-unreadable' }, { kind: 'applied' }]);
    });

    it('leaves the item of a newer version as it is, and says so: its events wait', async () => {
      const newer = { data_session_sid: sid('PI', 'newer'), version: 3, dedup: new Uint8Array([3, 1, 4]) };
      await client.send(new PutCommand({ TableName: names.sessions, Item: newer }));

      const applying = storeOn(client).apply(
        [sessionEvent(1, { dataSessionSid: newer.data_session_sid })],
        NEVER,
      );

      await expect(applying).rejects.toMatchObject({ code: 'item-unreadable', kind: 'fatal' });
      const [item] = await items(names.sessions);
      expect([Number(item?.['version']), item?.['dedup']]).toEqual([3, newer.dedup]);
    });

    it('waits with a session whose day of usage cannot be read, and hands its hours on once it can', async () => {
      const options = { projections: ['sessions', 'usage'] as const };
      const withUsage = () =>
        givenStore({ client, names, clock: hurried, writer, options, closing: closing.signal });
      const { simSid, fleetSid } = sessionEvent(1);
      const key = { sim_sid: simSid, day_fleet: `2026-03-01#${fleetSid}` };
      await client.send(new PutCommand({ TableName: names.usage, Item: { ...key, hours: 'damaged' } }));

      await expect(withUsage().apply(updates(1, 25), NEVER)).rejects.toMatchObject({
        code: 'item-unreadable',
      });
      const damaged = await items(names.usage);
      await client.send(new DeleteCommand({ TableName: names.usage, Key: key }));
      const outcomes = await withUsage().apply(updates(1, 25), NEVER);

      expect(damaged).toEqual([{ ...key, hours: 'damaged' }]);
      expect(new Set(kinds(outcomes))).toEqual(new Set(['duplicate']));
      expect(await storedSession()).toEqual(fold(updates(1, 25)));
      // Windows of 6 minutes that end at 00:06 to 01:54: the hour of 02:00 is open.
      expect((await items(names.usage)).map((day) => String(day['download_bytes']))).toEqual(['19000']);
    });

    it('ends with an AbortError when told to stop in an outage', async () => {
      const stop = new AbortController();
      const away = faultyClient(client, () => 'throttled');
      const applying = storeOn(away).apply([sessionEvent(1)], stop.signal);
      stop.abort();

      await expect(applying).rejects.toMatchObject({ name: 'AbortError' });
    });

    it('lets a session expire some days after each write, when it is not kept for ever', async () => {
      const expiries: number[] = [];
      const applyAt = async (wallMs: number, n: number, keepDays: number) => {
        const clock = { ...hurried, wallMs: () => wallMs };
        const options = { keepDays: { sessions: keepDays, sims: 0, usage: 0 } };
        const store = givenStore({ client, names, clock, writer, options, closing: closing.signal });
        await store.apply([sessionEvent(n)], NEVER);
        expiries.push(Number((await items(names.sessions))[0]?.['expires_at']));
      };

      await applyAt(1_772_323_200_000, 1, 40);
      await applyAt(1_772_323_260_000, 2, 40);
      await applyAt(1_772_323_320_000, 3, 0);

      const inFortyDays = 1_772_323_200 + 40 * 86_400;
      expect(expiries).toEqual([inFortyDays, inFortyDays + 60, Number.NaN]);
      expect(await storedSession()).toEqual(fold(updates(1, 3)));
    });

    it('keeps a dead letter once, with its reason and its bytes', async () => {
      const store = new DynamoDeadLetterStore({
        client,
        tableName: names.deadLetters,
        clock: hurried,
        random: systemRandom,
        keepDays: 30,
        gzip: (bytes) => gzipSync(bytes),
        sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      });
      const raw = new TextEncoder().encode('not json '.repeat(40));
      const letter = {
        shardId: 'shardId-0',
        sequenceNumber: '49',
        index: 1,
        reason: 'not-json',
        arrivedAtMs: 0,
        raw,
      };

      await store.put([letter], NEVER);
      await store.put([{ ...letter, reason: 'another-reading' }], NEVER);

      expect(await items(names.deadLetters)).toEqual([
        expect.objectContaining({
          shard_id: 'shardId-0',
          record_id: '49#1',
          reason: 'not-json',
          raw_encoding: 'gzip',
        }),
      ]);
    });
  });
}

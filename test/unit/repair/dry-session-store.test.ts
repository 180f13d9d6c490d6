import { createHash } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AttachmentEvent, ConnectionEvent, DataSessionEvent } from '../../../src/decode/event.ts';
import { toPlain } from '../../../src/json.ts';
import { DrySessionStore } from '../../../src/repair/dry-session-store.ts';
import { WouldChange, type WouldChangeLimits } from '../../../src/repair/would-change.ts';
import { DedupPages } from '../../../src/store/dedup-pages.ts';
import { ItemLoader } from '../../../src/store/item-loader.ts';
import { PutWriter } from '../../../src/store/put-writer.ts';
import { sessionKind } from '../../../src/store/session-kind.ts';
import { simKind } from '../../../src/store/sim-kind.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';
import { sessionEvent, sid } from '../../support/events.ts';
import { givenStore } from '../../support/given-store.ts';

const NAMING = { tablePrefix: 'test', application: 'app' };
const NAMES = tableNames(NAMING);
const NEVER = new AbortController().signal;

function given() {
  const writes: unknown[] = [];
  const engine = new SimDynamoDb(systemClock, { onChange: (change) => writes.push(change) });
  for (const definition of tableDefinitions(NAMING))
    engine.apply(new CreateTableCommand(createTableInput(definition)));
  const client = {
    send: async (command: unknown) => engine.apply(command),
  } as unknown as DynamoDBDocumentClient;
  const shared = { client, clock: systemClock, random: systemRandom, closing: NEVER };
  const real = givenStore({
    client,
    names: NAMES,
    clock: systemClock,
    writer: 'put',
    options: { dedupRingSize: 2, projections: ['sessions', 'sims'] },
  });
  const dry = (limits?: WouldChangeLimits) => {
    const changes = new WouldChange(new Set(), limits);
    const common = {
      pages: new DedupPages({
        ...shared,
        writer: new PutWriter(shared),
        tableName: NAMES.dedup,
        horizonDays: 32,
      }),
      hash16: (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32),
      isErased: async () => false,
    };
    const personalFields = new Set<never>();
    const store = new DrySessionStore({
      sessions: {
        ...common,
        kind: sessionKind({ tableName: NAMES.sessions, keepDays: 0, personalFields }),
        loader: new ItemLoader(NAMES.sessions, shared),
      },
      sims: { ...common, kind: simKind(NAMES.sims, 0), loader: new ItemLoader(NAMES.sims, shared) },
      changes,
    });
    return { store, changes };
  };
  const total = (): bigint =>
    engine
      .items(NAMES.sessions)
      .reduce((sum, item) => sum + ((toPlain(item) as Record<string, bigint>)['total_bytes'] ?? 0n), 0n);
  return { engine, writes, real, dry, total };
}

/** Few sessions and few events, so that copies, pages and old times come about; some without cumulative counters. */
const event = fc.record({ session: fc.nat(2), n: fc.integer({ min: 1, max: 12 }) }).map(
  ({ session, n }): DataSessionEvent =>
    sessionEvent(n, {
      eventSid: n % 5 === 0 ? `odd ${session} ${n}` : sid('EZ', `${session} ${n}`),
      dataSessionSid: sid('PI', `session ${session}`),
      ...(n % 3 === 0 ? { sessionDownloadBytes: 0n, sessionUploadBytes: 0n } : {}),
    }),
);
const attachment = fc.integer({ min: 1, max: 6 }).map((n): AttachmentEvent => {
  const { eventSid: _, ...common } = sessionEvent(n);
  const { accountSid, simSid, timestampMs = 0 } = common;
  return {
    kind: 'attachment',
    verb: n % 2 ? 'accepted' : 'rejected',
    eventSid: sid('EZ', `attachment ${n}`),
    accountSid,
    simSid,
    timestampMs,
    anomalies: [],
  };
});
const batches = fc.array(
  fc.array(fc.oneof(event, attachment) as fc.Arbitrary<ConnectionEvent>, { maxLength: 8 }),
  {
    maxLength: 6,
  },
);

describe('a dry store', () => {
  it('decides as the real one then does, to the byte, and writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(batches, batches, async (counted, asked) => {
        const { real, dry, writes, total } = given();
        for (const batch of counted) await real.apply(batch, NEVER);
        const [before, writesBefore] = [total(), writes.length];

        const { store, changes } = dry();
        const told = [];
        for (const batch of asked) told.push(await store.apply(batch, NEVER));
        expect(writes).toHaveLength(writesBefore);

        const done = [];
        for (const batch of asked) done.push(await real.apply(batch, NEVER));
        expect(told.map((each) => each.map(({ kind }) => kind).sort())).toEqual(
          done.map((each) => each.map(({ kind }) => kind).sort()),
        );
        const summary = changes.summary();
        expect([summary.isExact, summary.totalBytes]).toEqual([true, total() - before]);
      }),
      { numRuns: 60 },
    );
  });

  it('asked for one session by many at once tells each event once', async () => {
    const { dry } = given();
    const { store, changes } = dry();

    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => store.apply([sessionEvent(1), sessionEvent(2)], NEVER)),
    );

    expect(outcomes.flat().filter(({ kind }) => kind === 'applied')).toHaveLength(2);
    expect(changes.summary()).toMatchObject({ events: 2, sessions: 1, totalBytes: 2_200n });
  });

  it('refuses what the real one cannot read', async () => {
    const { engine, dry } = given();
    engine.apply(
      new PutCommand({
        TableName: NAMES.sessions,
        Item: { data_session_sid: sid('PI', 'session'), dedup: 'ours?' },
      }),
    );

    expect(await dry().store.apply([sessionEvent(1)], NEVER)).toEqual([
      { kind: 'refused', reason: 'session-item-unreadable' },
    ]);
  });
});

describe('what would change', () => {
  it('stays within its bounds, keeps the totals, and says that copies may count again', async () => {
    const { dry } = given();
    const { store, changes } = dry({ sessionsMax: 2, idsMax: 100, topMax: 2 });

    for (let n = 1; n <= 5; n += 1)
      await store.apply(
        [
          sessionEvent(1, {
            dataSessionSid: sid('PI', `${n}`),
            eventSid: sid('EZ', `${n}`),
            downloadBytes: BigInt(n) * 10_000n,
          }),
        ],
        NEVER,
      );

    const summary = changes.summary();
    expect(summary).toMatchObject({ isExact: false, events: 5, sessions: 5, countedBytes: 150_500n });
    expect(summary.top.map(({ dataSessionSid }) => dataSessionSid)).toEqual([sid('PI', '5'), sid('PI', '4')]);
  });
});

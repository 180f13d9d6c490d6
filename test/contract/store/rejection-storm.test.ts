/** 50,000 rejected attachments in one minute, beside a fleet's ordinary traffic. */
import { setMaxListeners } from 'node:events';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import type { AttachmentEvent, ConnectionEvent } from '../../../src/decode/event.ts';
import { toPlain } from '../../../src/json.ts';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../../src/store/tables.ts';
import { sessionEvent, sid } from '../../support/events.ts';
import { givenStore } from '../../support/given-store.ts';
import { LimitedTable, UNITS_PER_SECOND_MAX } from '../../support/limited-table.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NAMING = { tablePrefix: 'storm', application: 'storm' };
const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);
const SECONDS = 60;
const EVENTS = 50_000;
const LATENCY_MS = 5;
/** Of sessions without a storm: the others. */
const OTHERS_PER_SECOND = 40;
const START_MS = Date.UTC(2026, 4, 1);

const rejection = (number: number, second: number, simSid: string): AttachmentEvent => ({
  kind: 'attachment',
  verb: 'rejected',
  eventSid: sid('EZ', `rejection ${number}`),
  timestampMs: START_MS + second * 1_000,
  accountSid: sid('AC', 'account'),
  simSid,
  network: { mcc: '310', mnc: number % 2 ? '260' : '410' },
  error: { code: 83_702 + (number % 4), message: 'Attachment rejected' },
  anomalies: [],
});

interface Found {
  readonly table: LimitedTable;
  readonly sims: ReadonlyMap<unknown, Record<string, unknown>>;
  /** From when it was given to the store until it was durable. Unit: ms. */
  readonly othersMs: readonly number[];
  readonly stormMs: readonly number[];
}

/** Pages of the storm come, and ten times a second a few events of other devices' sessions. */
async function weather({
  sims,
  latencyMs = LATENCY_MS,
  unitsMax = UNITS_PER_SECOND_MAX,
  events = EVENTS,
  pagesPerSecond = 1,
}: {
  sims: number;
  latencyMs?: number;
  unitsMax?: number;
  events?: number;
  pagesPerSecond?: 1 | 10;
}): Promise<Found> {
  const clock = new VirtualClock();
  const table = new LimitedTable(clock, { latencyMs, unitsMax });
  for (const definition of tableDefinitions(NAMING))
    table.engine.apply(new CreateTableCommand(createTableInput(definition)));
  const names = tableNames(NAMING);
  const store = givenStore({
    client: table.client,
    names,
    clock,
    random: seededRandom(1),
    writer: 'batch',
    options: { projections: ['sessions', 'sims', 'usage'] },
  });
  const [othersMs, stormMs]: [number[], number[]] = [[], []];
  const underWay: Promise<void>[] = [];
  const give = (page: readonly ConnectionEvent[], times: number[]): void => {
    const givenAtMs = clock.monotonicMs();
    underWay.push(store.apply(page, NEVER).then(() => void times.push(clock.monotonicMs() - givenAtMs)));
  };
  const tenthsPerPage = 10 / pagesPerSecond;
  let [given, others] = [0, 0];
  for (let tenth = 0; tenth < SECONDS * 10; tenth += 1) {
    const second = Math.floor(tenth / 10);
    if (tenth % tenthsPerPage === 0) {
      const until = Math.round(((tenth + tenthsPerPage) / (10 * SECONDS)) * events);
      const page = Array.from({ length: until - given }, (_, at) =>
        rejection(given + at, second, sid('HS', `stormy ${(given + at) % sims}`)),
      );
      given = until;
      if (page.length > 0) give(page, stormMs);
    }
    const page = Array.from({ length: OTHERS_PER_SECOND / 10 }, () => {
      others += 1;
      const name = `calm ${others % 200}`;
      return sessionEvent(Math.floor(others / 200) + 1, {
        eventSid: sid('EZ', `calm ${others}`),
        dataSessionSid: sid('PI', name),
        simSid: sid('HS', name),
      });
    });
    give(page, othersMs);
    await clock.advance(100);
  }
  let isDone = false;
  void Promise.all(underWay).then(() => {
    isDone = true;
  });
  await clock.until(() => isDone, 600_000, 100);
  const items = table.engine.items(names.sims).map((item) => toPlain(item) as Record<string, unknown>);
  return { table, sims: new Map(items.map((item) => [item['sim_sid'], item])), othersMs, stormMs };
}

const quantile = (times: readonly number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
const busiestOf = ({ table }: Found): number => Math.max(...table.busiest.values());

describe('a storm of 50,000 rejected attachments in one minute', () => {
  it('over 100 SIMs: no partition is hot, nobody else waits, and each one is counted once', async () => {
    const calm = await weather({ sims: 100, events: 0 });
    const storm = await weather({ sims: 100 });

    expect(storm.sims.size).toBe(100);
    for (const sim of storm.sims.values()) {
      expect(sim['rejected_count']).toBe(BigInt(EVENTS / 100));
      const causes = Object.values(sim['rejections'] as Record<string, bigint>);
      expect(causes.reduce((sum, count) => sum + count, 0n)).toBe(BigInt(EVENTS / 100));
      expect(sim['flags']).toContain('rejection-storm');
    }
    expect(storm.table.throttled).toBe(0);
    expect(busiestOf(storm)).toBeLessThan(UNITS_PER_SECOND_MAX / 20);
    // A page's events of one SIM are folded into one write.
    expect(storm.table.writes - calm.table.writes).toBeLessThan(EVENTS / 4);
    expect(quantile(storm.othersMs, 1)).toBeLessThanOrEqual(quantile(calm.othersMs, 1) + 4 * LATENCY_MS);
    expect(quantile(storm.stormMs, 1)).toBeLessThan(1_000);
  });

  it('of one SIM alone, ten pages a second: its writes wait for each other, and so nobody else’s do', async () => {
    const calm = await weather({ sims: 1, events: 0 });
    const storm = await weather({ sims: 1, events: 10_000, pagesPerSecond: 10 });

    expect([...storm.sims.values()].map((sim) => sim['rejected_count'])).toEqual([10_000n]);
    expect(storm.table.throttled).toBe(0);
    expect(busiestOf(storm)).toBeLessThan(UNITS_PER_SECOND_MAX / 5);
    expect(quantile(storm.othersMs, 1)).toBeLessThanOrEqual(quantile(calm.othersMs, 1) + 4 * LATENCY_MS);
  });

  it('onto a partition that takes only 5 units a second: the others’ writes go on, and it is exact all the same', async () => {
    const storm = await weather({ sims: 1, unitsMax: 5, events: 2_000, pagesPerSecond: 10 });

    expect(storm.table.throttled).toBeGreaterThan(0);
    expect([...storm.sims.values()].map((sim) => sim['rejected_count'])).toEqual([2_000n]);
    expect(quantile(storm.othersMs, 1)).toBeLessThan(100);
  });
});

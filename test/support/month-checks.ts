/** A month of a fleet through the store, two workers at once, then read through the reader and held against the
 *  recount; and the vendor's Usage Records of it, with differences planted. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect } from '@jest/globals';
import { createDecoder } from '../../src/decode/decode-record.ts';
import type { ConnectionEvent } from '../../src/decode/event.ts';
import { provisionTables } from '../../src/local/provision.ts';
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { createReader, type Reader, type UsageRow } from '../../src/reader/index.ts';
import type { ComparedPeriod } from '../../src/reconcile/compare.ts';
import { parseUsageRecords } from '../../src/reconcile/parse-usage-records.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { Granularity } from '../../src/reconcile/usage-record.ts';
import { VendorUsage } from '../../src/reconcile/vendor-usage.ts';
import { gunzip, md5 } from '../../src/source/record-codec.ts';
import { tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { systemClock } from '../../src/time.ts';
import { sdkClientOf } from '../simulation/dynamodb/sdk-handler.ts';
import { SimDynamoDb } from '../simulation/sim-dynamodb.ts';
import { givenStore } from './given-store.ts';
import { MONTH_START_MS, type Month, type RawEvent } from './month.ts';
import { distinct, type Lines, networkOf, recountSim, usageBy } from './month-recount.ts';

const NEVER = new AbortController().signal;
const DAY_MS = 86_400_000;
const NAMING = { tablePrefix: 'month', application: 'month' };
const BATCH = 400;
const ISO_HOUR_CHARS = 13;
const ISO_DAY_CHARS = 10;

const decode = createDecoder({
  recordMaxBytes: 100_000,
  unzippedMaxBytes: 100_000,
  keepsSims: true,
  md5,
  gunzip,
});

function decoded(text: string): ConnectionEvent {
  const { items } = decode({
    data: new TextEncoder().encode(text),
    arrivedAtMs: MONTH_START_MS + 60 * DAY_MS,
    partitionKey: 'k',
  });
  const [item] = items;
  if (item?.kind !== 'event') throw new Error(`the month holds what is no event: ${text}`);
  return item.event;
}

/** Stores the month by two workers that take turns, and now and then both get a batch. */
export async function storeMonth({ delivered }: Month): Promise<Reader> {
  const engine = new SimDynamoDb(systemClock);
  const client = {
    send: async (command: unknown) => engine.apply(command),
  } as unknown as DynamoDBDocumentClient;
  const sdkClient = sdkClientOf(engine);
  await provisionTables(sdkClient, tableDefinitions(NAMING));
  const chance = new Chance(seededRandom(1));
  const workers = [0, 1].map(() =>
    givenStore({
      client,
      names: tableNames(NAMING),
      clock: systemClock,
      writer: 'batch',
      options: { projections: ['sessions', 'sims', 'usage'] },
    }),
  );
  let underWay: Promise<unknown>[] = [];
  for (let from = 0; from < delivered.length; from += BATCH) {
    const events = delivered.slice(from, from + BATCH).map(({ text }) => decoded(text));
    const takers = chance.is(0.1) ? workers : [workers[chance.whole(0, 1)] as (typeof workers)[number]];
    underWay.push(...takers.map((worker) => worker.apply(events, NEVER)));
    if (underWay.length < 2) continue;
    await Promise.all(underWay);
    underWay = [];
  }
  await Promise.all(underWay);
  return createReader({ client: sdkClient, tablePrefix: NAMING.tablePrefix });
}

export const rangeOf = (days: number) => ({
  from: new Date(MONTH_START_MS).toISOString(),
  to: new Date(MONTH_START_MS + days * DAY_MS).toISOString(),
});

/** The rows' lines under the recount's names; and, row by row, that the splits sum to the total. */
function linesOf(rows: readonly UsageRow[], chars: number): Lines {
  const lines: Lines = new Map();
  for (const row of rows) {
    expect(row.user.totalBytes + row.ota.totalBytes).toBe(row.totalBytes);
    expect(row.downloadBytes + row.uploadBytes).toBe(row.totalBytes);
    expect(row.lines.reduce((sum, { totalBytes }) => sum + totalBytes, 0n)).toBe(row.totalBytes);
    const ota = row.lines.filter(({ apn }) => apn === 'ota.super');
    expect(ota.reduce((sum, { totalBytes }) => sum + totalBytes, 0n)).toBe(row.ota.totalBytes);
    for (const { apn, mcc, mnc, isoCountry, downloadBytes, uploadBytes } of row.lines) {
      const name = `${row.period.slice(0, chars)} ${apn}|${mcc}-${mnc}|${isoCountry}`;
      expect([name, lines.has(name)]).toEqual([name, false]);
      lines.set(name, { down: Number(downloadBytes), up: Number(uploadBytes) });
    }
  }
  return lines;
}
const sorted = (lines: Lines) => Object.fromEntries([...lines].sort(([a], [b]) => (a < b ? -1 : 1)));

export function bySim(events: readonly RawEvent[]): ReadonlyMap<string, RawEvent[]> {
  const sims = new Map<string, RawEvent[]>();
  for (const event of events) {
    const sid = String(event.data['sim_sid']);
    const own = sims.get(sid);
    if (own) own.push(event);
    else sims.set(sid, [event]);
  }
  return sims;
}

/** Hourly and daily usage of every SIM and of both fleets, by APN and network. */
export async function checkUsage(reader: Reader, month: Month, days: number): Promise<void> {
  const range = rangeOf(days);
  const events = distinct(month.delivered.map(({ event }) => event));
  const named = (chars: number) => (event: RawEvent, until: string) =>
    `${until.slice(0, chars)} ${networkOf(event)}`;
  for (const [simSid, own] of bySim(events)) {
    const hours = await reader.usageOfSim(simSid, { ...range, by: 'hour' });
    expect(sorted(linesOf(hours, ISO_HOUR_CHARS))).toEqual(sorted(usageBy(own, named(ISO_HOUR_CHARS))));
    const daily = await reader.usageOfSim(simSid, { ...range, by: 'day' });
    expect(sorted(linesOf(daily, ISO_DAY_CHARS))).toEqual(sorted(usageBy(own, named(ISO_DAY_CHARS))));
  }
  for (const fleetSid of month.fleetSids) {
    const own = events.filter(({ data }) => data['fleet_sid'] === fleetSid);
    const daily = await reader.usageOfFleet(fleetSid, { ...range, by: 'day' });
    expect(sorted(linesOf(daily, ISO_DAY_CHARS))).toEqual(sorted(usageBy(own, named(ISO_DAY_CHARS))));
  }
}

/** The state of every SIM. */
export async function checkSims(reader: Reader, month: Month): Promise<void> {
  const sims = bySim(distinct(month.delivered.map(({ event }) => event)));
  for (const simSid of month.simSids) {
    const own = (sims.get(simSid) ?? []).filter(({ suffix }) => suffix !== 'data-session.updated');
    const sim = await reader.sim(simSid);
    if (own.length === 0) {
      expect(sim).toBeUndefined();
      continue;
    }
    const { counts, openSids, rejections, ...expected } = recountSim(own);
    expect({
      'attachment.accepted': sim?.accepted_count,
      'attachment.rejected': sim?.rejected_count,
      'attachment.failed': sim?.failed_count,
      'data-session.started': sim?.session_started_count,
      'data-session.ended': sim?.session_ended_count,
      'data-session.failed': sim?.session_failed_count,
      'never-started': sim?.session_start_failed_count,
    }).toEqual(Object.fromEntries(Object.entries(counts).filter(([name]) => !NOT_COUNTED.has(name))));
    expect(sim).toMatchObject({
      imsi_count: expected.imsis,
      ...(Object.keys(rejections).length > 0 ? { rejections } : {}),
      ...(expected.lastAttachment
        ? {
            last_attachment: expected.lastAttachment,
            last_attachment_at: expected.lastAttachmentAt?.replace('Z', '.000Z'),
          }
        : {}),
    });
    // Of the last few: older ones whose end was lost are told by the sessions themselves.
    for (const sid of [sim?.super_session_sid, sim?.ota_session_sid])
      if (sid !== undefined) expect(openSids).toContain(sid);
    if (openSids.length === 0)
      expect([sim?.open_session_count, sim?.connection_state]).not.toContain('online');
  }
}
const NOT_COUNTED = new Set([
  'attachment.started',
  'attachment.ended',
  'data-session.accepted',
  'data-session.rejected',
]);

export interface PlantedDifference {
  readonly simSid: string;
  readonly startMs: number;
  /** Ours minus the vendor's. */
  readonly bytes: bigint;
}

/** The vendor's page of Usage Records, as its API answers. */
function vendorPage(lines: Lines, granularity: Granularity): string {
  const records = [...lines].map(([name, { down, up }]) => {
    const [simSid, period = ''] = name.split(' ');
    const start = granularity === 'hour' ? `${period}:00:00Z` : `${period}T00:00:00Z`;
    const endMs = Date.parse(start) + (granularity === 'hour' ? DAY_MS / 24 : DAY_MS);
    return {
      sim_sid: simSid,
      data_download: down,
      data_upload: up,
      data_total: down + up,
      period: { start_time: start, end_time: new Date(endMs).toISOString() },
    };
  });
  return JSON.stringify({ usage_records: records, meta: { key: 'usage_records' } });
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** The vendor counted all that happened, but for what is planted; answers what differs. */
export async function reconcileMonth(
  reader: Reader,
  month: Month,
  days: number,
  granularity: Granularity,
  plant: (vendor: Lines) => void,
): Promise<ComparedPeriod[]> {
  const chars = granularity === 'hour' ? ISO_HOUR_CHARS : ISO_DAY_CHARS;
  const vendorLines = usageBy(
    month.happened,
    ({ data }, until) => `${data['sim_sid']} ${until.slice(0, chars)}`,
  );
  plant(vendorLines);
  const vendor = new VendorUsage();
  for await (const parsed of parseUsageRecords(once(vendorPage(vendorLines, granularity)))) {
    if (parsed.kind !== 'record') throw new Error(JSON.stringify(parsed));
    const problem = vendor.add(parsed.record, parsed.at);
    if (problem) throw new Error(problem);
  }
  const found: ComparedPeriod[] = [];
  const simSids = [...new Set([...vendor.simSids, ...month.simSids])].sort();
  for await (const periods of reconcile({
    reader,
    vendor,
    granularity,
    range: { startMs: MONTH_START_MS, endMs: MONTH_START_MS + days * DAY_MS },
    simSids,
    gaps: [],
    tolerance: { bytes: 0n, microPercent: 0n },
  }))
    found.push(...periods.filter(({ reason }) => reason !== undefined));
  return found;
}

/** What was lost, by SIM and period: the differences that there must be beside those planted. */
export const lostLines = ({ lost }: Month, granularity: Granularity): Lines =>
  usageBy(
    lost,
    ({ data }, until) =>
      `${data['sim_sid']} ${until.slice(0, granularity === 'hour' ? ISO_HOUR_CHARS : ISO_DAY_CHARS)}`,
  );

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_MEMORY, type EventId } from '../../../src/reduce/dedup-memory.ts';
import {
  HOUR_MS,
  type HourlyUsage,
  type HourUsage,
  NO_USAGE,
  type UsageLine,
} from '../../../src/reduce/hourly-usage.ts';
import { dayOf, foldPart, partsOf } from '../../../src/reduce/usage-day.ts';
import { itemSizeBytes } from '../../../src/store/item-size.ts';
import { PackedReader, PackedWriter } from '../../../src/store/packed-bytes.ts';
import { packedHoursMaxBytes, packHours, unpackHours } from '../../../src/store/packed-hours.ts';
import { dayKey, type StoredDay, usageFromItem, usageToItem } from '../../../src/store/usage-item.ts';
import { usageKind } from '../../../src/store/usage-kind.ts';
import { hex32, SESSION_START_MS } from '../../support/events.ts';
import { shuffled } from '../../support/sim-arbitraries.ts';

const NOW = { updatedAtMs: SESSION_START_MS, writer: 7 };
const DAY_MS = dayOf(SESSION_START_MS);

const anyText = fc.oneof(
  fc.constantFrom('super', 'ota.super', '310', '\\', '|', '-'),
  fc.string({ minLength: 1, maxLength: 5 }),
);
const anyLine = fc.record(
  { apn: anyText, mcc: anyText, mnc: anyText, isoCountry: anyText },
  { requiredKeys: [] },
) as fc.Arbitrary<UsageLine>;
const anyBytes = fc.bigInt({ min: 0n, max: 1n << 70n });
const anyHour = (fleetSid: string | undefined): fc.Arbitrary<HourUsage> =>
  fc.record({
    hourMs: fc.integer({ min: 0, max: 23 }).map((hour) => DAY_MS + hour * HOUR_MS),
    line: anyLine.map((line) => (fleetSid === undefined ? line : { ...line, fleetSid })),
    downloadBytes: anyBytes,
    uploadBytes: anyBytes,
  });

const dayWith = (hours: readonly HourUsage[], fleetSid?: string): StoredDay => {
  const day = { simSid: 'HS1', dayMs: DAY_MS, hours: [], ...(fleetSid ? { fleetSid } : {}) };
  const named = { sid: 'PI1', simSid: 'HS1', accountSid: 'AC1', version: 1 };
  return {
    day: hours.length === 0 ? day : partsOf(named, hours).reduce(foldPart, day as StoredDay['day']),
    memory: EMPTY_MEMORY,
    version: 1,
    unknown: {},
  };
};
/** The order of lines is not kept: they have names. */
const inOrder = ({ day, ...stored }: StoredDay) => ({
  ...stored,
  day: { ...day, hours: day.hours.map((entry) => JSON.stringify(Object.entries(usageOf(entry)))).sort() },
});
const usageOf = ({ line, ...entry }: HourUsage) => ({
  ...entry,
  line: Object.entries(line).sort(),
  downloadBytes: String(entry.downloadBytes),
  uploadBytes: String(entry.uploadBytes),
});

describe('a usage item', () => {
  it('read back is the day that was written', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(undefined, 'HF1')
          .chain((fleet) => fc.tuple(fc.constant(fleet), fc.array(anyHour(fleet), { maxLength: 20 }))),
        ([fleet, hours]) => {
          const before = dayWith(hours, fleet);

          expect(inOrder(usageFromItem(usageToItem(before, NOW)))).toEqual(inOrder(before));
        },
      ),
    );
  });

  it('is the same item, byte for byte, in whatever order its hours came', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyHour('HF1'), { maxLength: 20 })
          .chain((hours) => fc.tuple(fc.constant(hours), shuffled(hours))),
        ([hours, again]) => {
          expect(JSON.stringify(plain(usageToItem(dayWith(again, 'HF1'), NOW)))).toBe(
            JSON.stringify(plain(usageToItem(dayWith(hours, 'HF1'), NOW))),
          );
        },
      ),
    );
  });

  it('adds up: the total is the sum of its lines in both directions', () => {
    fc.assert(
      fc.property(fc.array(anyHour(undefined), { maxLength: 20 }), (hours) => {
        const {
          download_bytes: down,
          upload_bytes: up,
          total_bytes: total,
        } = usageToItem(dayWith(hours), NOW);

        expect(down).toBe(hours.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0n));
        expect(up).toBe(hours.reduce((sum, { uploadBytes }) => sum + uploadBytes, 0n));
        expect(total).toBe((down as bigint) + (up as bigint));
      }),
    );
  });

  it('keeps attributes that this version does not know', () => {
    const item = { ...usageToItem(dayWith([]), NOW), added_later: 'x' };
    const read = usageFromItem(item);

    expect(usageToItem(read, NOW)).toEqual(item);
    expect(usageKind('t', 0).changeFromItem(item, { ...read, version: 2 }, NOW)).toMatchObject({
      remove: [],
      set: { version: 2 },
    });
  });

  it('has a key of its own for each fleet, and one for none', () => {
    expect(dayKey({ dayMs: DAY_MS, fleetSid: 'HF1' })).toBe('2026-03-01#HF1');
    expect(dayKey({ dayMs: DAY_MS })).toBe('2026-03-01#-');
    const kind = usageKind('t', 0);
    for (const fleetSid of [undefined, 'HF#1']) {
      const day = { simSid: 'HS"1', dayMs: DAY_MS, ...(fleetSid ? { fleetSid } : {}) };
      const part = { ...day, eventSid: 'x', timestampMs: 0, hours: [] };
      expect(kind.empty(kind.idOf(part)).day).toEqual({ ...day, hours: [] });
    }
  });

  it('that this program did not write, or that is damaged, is refused', () => {
    const item = usageToItem(dayWith([]), NOW);
    const { sim_sid: _, ...nameless } = item;

    for (const damaged of [
      nameless,
      { ...item, day: 'yesterday' },
      { ...item, dedup: new Uint8Array() },
      { ...item, hours: { '05': { 'no line': { down: 1, up: 1 } } } },
      { ...item, hours: { '05': { 'super|-|': { down: 'x'.repeat(3) } } } },
    ])
      expect(() => usageFromItem(damaged)).toThrow();
  });
});

describe('the size of a usage item', () => {
  const hours = (lines: number): HourUsage[] =>
    Array.from({ length: 24 * lines }, (_, n) => ({
      hourMs: DAY_MS + Math.floor(n / lines) * HOUR_MS,
      line: {
        fleetSid: 'HF1',
        apn: n % 2 ? 'ota.super' : 'super',
        mcc: '310',
        mnc: String(260 + (n % lines)),
        isoCountry: 'US',
      },
      downloadBytes: 123_456_789n,
      uploadBytes: 12_345_678n,
    }));
  const sizeOf = (lines: number, ids: number): number => {
    const ring = Array.from({ length: ids }, (_, n) => hex32(`id ${n}`) as EventId);
    const stored = { ...dayWith(hours(lines), `HF${hex32('fleet')}`), memory: { ...EMPTY_MEMORY, ring } };
    return itemSizeBytes(usageToItem(stored, NOW));
  };

  it('of a day with 24 hours on one line is what the documents say, 1.6 KB, two write units with its ids', () => {
    expect(sizeOf(1, 8)).toBeGreaterThan(1_500);
    expect(sizeOf(1, 16)).toBeLessThanOrEqual(2_048);
  });

  it('of a SIM on six networks in every hour stays far from DynamoDB’s 400 KB', () => {
    expect(sizeOf(6, 16)).toBeLessThan(10_000);
  });
});

const plain = (value: unknown): unknown =>
  typeof value === 'bigint'
    ? `${value}n`
    : value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : typeof value === 'object' && value !== null
        ? Object.entries(value).map(([name, entry]) => [name, plain(entry)])
        : value;

describe('packed hours', () => {
  const itemLine: UsageLine = { fleetSid: 'HF1', apn: 'super', mcc: '310', mnc: '260' };
  const anyEntry = fc
    .oneof(anyHour('HF1'), anyHour(undefined))
    .chain((entry) => fc.boolean().map((isItems) => (isItems ? { ...entry, line: itemLine } : entry)));
  const anyUsage: fc.Arbitrary<HourlyUsage> = fc
    .record({
      open: fc.array(anyEntry, { maxLength: 6 }),
      closed: fc.array(anyEntry, { maxLength: 6 }),
      closedAtVersion: fc.integer({ min: 1, max: 2 ** 40 }),
    })
    .map((usage) => (usage.closed.length > 0 ? usage : { ...usage, closedAtVersion: 0 }));
  const pack = (usage: HourlyUsage): Uint8Array => {
    const writer = new PackedWriter(packedHoursMaxBytes(usage));
    packHours(writer, usage, itemLine);
    return writer.finish();
  };

  it('unpack to what was packed, within the room that was foreseen', () => {
    fc.assert(
      fc.property(anyUsage, (usage) => {
        expect(unpackHours(new PackedReader(pack(usage)), itemLine)).toEqual(usage);
      }),
    );
  });

  it('cut off anywhere are refused', () => {
    fc.assert(
      fc.property(anyUsage, (usage) => {
        const bytes = pack(usage);
        for (let length = 0; length < bytes.length; length += 1)
          expect(() => unpackHours(new PackedReader(bytes.subarray(0, length)), itemLine)).toThrow(
            RangeError,
          );
      }),
    );
  });

  it('of a session on one line take 2 bytes, and 16 for an hour of a gigabyte', () => {
    const line = itemLine;
    const hour = {
      hourMs: SESSION_START_MS,
      line,
      downloadBytes: 1_000_000_000n,
      uploadBytes: 1_000_000_000n,
    };

    expect(pack(NO_USAGE)).toHaveLength(2);
    expect(pack({ ...NO_USAGE, open: [hour] }).length).toBeLessThanOrEqual(2 + 16);
  });
});

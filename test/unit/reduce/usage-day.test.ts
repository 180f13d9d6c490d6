import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HOUR_MS, type HourUsage, type UsageLine } from '../../../src/reduce/hourly-usage.ts';
import {
  dayOf,
  foldPart,
  lineFromName,
  lineName,
  partsOf,
  type UsageDay,
  type UsagePart,
} from '../../../src/reduce/usage-day.ts';
import { SESSION_START_MS } from '../../support/events.ts';
import { shuffled } from '../../support/sim-arbitraries.ts';

const DAY_MS = 24 * HOUR_MS;
/** With what a line's name must escape. */
const anyText = fc.oneof(
  fc.constantFrom('super', '310', 'US', '|', '\\', '-', '\\|-', 'a|b-c\\d'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const anyLine = fc.record(
  { fleetSid: fc.constantFrom('HF1', 'HF2'), apn: anyText, mcc: anyText, mnc: anyText, isoCountry: anyText },
  { requiredKeys: [] },
) as fc.Arbitrary<UsageLine>;

const anyHours = fc.array(
  fc.record({
    hourMs: fc.integer({ min: 0, max: 60 }).map((n) => SESSION_START_MS + n * HOUR_MS),
    line: fc.constantFrom<UsageLine>(
      { apn: 'super' },
      { apn: 'ota.super' },
      { fleetSid: 'HF2', apn: 'super' },
    ),
    downloadBytes: fc.bigInt({ min: 0n, max: 1n << 64n }),
    uploadBytes: fc.bigInt({ min: 0n, max: 9n }),
  }),
  { minLength: 1, maxLength: 12 },
);

const total = (hours: readonly HourUsage[]): bigint =>
  hours.reduce((sum, { downloadBytes, uploadBytes }) => sum + downloadBytes + uploadBytes, 0n);

describe('the parts of what a session closed', () => {
  it('hold every byte once, each part of one day and one fleet, with a name of its own', () => {
    fc.assert(
      fc.property(anyHours, (hours) => {
        const parts = partsOf({ sid: 'PI1', simSid: 'HS1', version: 7 }, hours);

        expect(total(parts.flatMap((part) => part.hours))).toBe(total(hours));
        expect(new Set(parts.map(({ eventSid }) => eventSid)).size).toBe(parts.length);
        for (const { dayMs, fleetSid, timestampMs, hours: own } of parts) {
          for (const { hourMs, line } of own) {
            expect([dayOf(hourMs), line.fleetSid]).toEqual([dayMs, fleetSid]);
            expect(hourMs).toBeLessThanOrEqual(timestampMs);
          }
          expect(timestampMs).toBeLessThan(dayMs + DAY_MS);
        }
      }),
    );
  });

  it('are named alike by whoever hands them on, and otherwise by the next swap', () => {
    const hours = [{ hourMs: SESSION_START_MS, line: {}, downloadBytes: 1n, uploadBytes: 0n }];
    const names = (version: number) =>
      partsOf({ sid: 'PI1', simSid: 'HS1', version }, hours).map(({ eventSid }) => eventSid);

    expect(names(3)).toEqual(names(3));
    expect(names(3)).not.toEqual(names(4));
  });
});

describe('a SIM’s day', () => {
  const empty: UsageDay = { simSid: 'HS1', dayMs: dayOf(SESSION_START_MS), hours: [] };
  const fold = (parts: readonly UsagePart[]) => parts.reduce(foldPart, empty);
  const named = ({ hourMs, line }: HourUsage): string =>
    JSON.stringify([hourMs, Object.entries(line).sort()]);
  const sorted = ({ hours, ...day }: UsageDay) => ({
    ...day,
    hours: [...hours].sort((a, b) => (named(a) < named(b) ? -1 : 1)),
  });
  const anyParts = fc.array(
    fc.record({
      eventSid: fc.string(),
      timestampMs: fc.nat(),
      simSid: fc.constant('HS1'),
      dayMs: fc.constant(empty.dayMs),
      accountSid: fc.constantFrom('AC1', 'AC2'),
      hours: anyHours,
    }),
    { maxLength: 10 },
  );

  it('is the same in whatever order its parts come, has a line of an hour once, and loses no byte', () => {
    fc.assert(
      fc.property(
        anyParts.chain((parts) => fc.tuple(fc.constant(parts), shuffled(parts))),
        ([parts, again]) => {
          const day = fold(parts);

          expect(sorted(fold(again))).toEqual(sorted(day));
          expect(total(day.hours)).toBe(total(parts.flatMap(({ hours }) => hours)));
          const names = day.hours.map(named);
          expect(new Set(names).size).toBe(names.length);
        },
      ),
    );
  });
});

describe('a line’s name', () => {
  it('gives the line back, whatever the vendor puts into it', () => {
    fc.assert(
      fc.property(anyLine, ({ fleetSid, ...line }) => {
        expect(lineFromName(lineName(line), fleetSid)).toEqual({
          ...line,
          ...(fleetSid ? { fleetSid } : {}),
        });
      }),
    );
  });

  it('is what readers rely on, and nothing else is read as one', () => {
    expect(lineName({ apn: 'super', mcc: '310', mnc: '260', isoCountry: 'US' })).toBe('super|310-260|US');
    expect(lineName({})).toBe('|-|');
    for (const name of ['', 'super', 'super|310', 'a|b|c|d'])
      expect(() => lineFromName(name, 'HF1')).toThrow(RangeError);
  });
});

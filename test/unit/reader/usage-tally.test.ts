import { describe, expect, it } from '@jest/globals';
import { parseLine, type UsageRange } from '../../../src/reader/index.ts';
import { hourRangeOf, UsageTally } from '../../../src/reader/usage-tally.ts';
import { fromIso } from '../../../src/time.ts';

describe('a line', () => {
  it.each([
    ['super|310-260|US', { apn: 'super', mcc: '310', mnc: '260', isoCountry: 'US' }],
    ['super|-|', { apn: 'super' }],
    ['|310-|', { mcc: '310' }],
    ['|-|', {}],
    ['a\nb|3\\-1-26|', { apn: 'a\nb', mcc: '3-1', mnc: '26' }],
    ['a\\|b\\\\c|310-26|DE', { apn: 'a|b\\c', mcc: '310', mnc: '26', isoCountry: 'DE' }],
  ])('%s is read part by part', (name, line) => {
    expect(parseLine(name)).toEqual(line);
  });
});

it('a line of no such form is refused', () => {
  expect(() => parseLine('super|310')).toThrow(expect.objectContaining({ code: 'item-invalid' }));
});

describe('a range', () => {
  const range = (from: string, to: string): UsageRange => ({ from, to, by: 'hour' });

  it('takes days and hours in UTC', () => {
    expect(hourRangeOf(range('2026-11-24', '2026-11-24T05:00Z'))).toEqual({
      fromMs: fromIso('2026-11-24T00:00:00.000Z'),
      toMs: fromIso('2026-11-24T05:00:00.000Z'),
    });
  });

  it.each([
    ['2026-11-24T05:00:00', '2026-11-25'],
    ['2026-11-24T05:30:00Z', '2026-11-25'],
    ['2026-11-25', '2026-11-24'],
    ['2026-13-01', '2027-01-01'],
    ['yesterday', '2026-11-24'],
  ])('from %s to %s is refused', (from, to) => {
    expect(() => hourRangeOf(range(from, to))).toThrow(expect.objectContaining({ code: 'range-invalid' }));
  });
});

describe('the rows', () => {
  const HOURS = ['2026-10-31T23', '2026-11-01T00', '2026-11-01T01', '2026-11-30T23'];
  const tallied = (by: UsageRange['by']) => {
    const tally = new UsageTally(by, {
      fromMs: fromIso('2026-10-31T23:00:00Z'),
      toMs: fromIso('2026-12-01T00:00:00Z'),
    });
    for (const [at, hour] of [...HOURS, '2026-12-01T00', '2026-10-31T22'].entries())
      tally.addHour(
        fromIso(`${hour}:00:00Z`),
        { apn: at % 2 ? 'ota.super' : 'super' },
        {
          downloadBytes: 1n << BigInt(60 + at),
          uploadBytes: 1n,
        },
      );
    return tally.rows({ simSid: 'HS1' });
  };

  it.each([
    ['hour' as const, HOURS.map((hour) => `${hour}:00:00.000Z`)],
    ['day' as const, ['2026-10-31', '2026-11-01', '2026-11-30'].map((day) => `${day}T00:00:00.000Z`)],
    ['month' as const, ['2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z']],
  ])('by %s begin with the period, in order; hours outside the range are left out', (by, periods) => {
    expect(tallied(by).map(({ period }) => period)).toEqual(periods);
  });

  it('sum exactly: lines to user and OTA, and both to the row', () => {
    const [, november] = tallied('month');

    const [ota, user] = [(1n << 61n) + (1n << 63n), 1n << 62n];
    expect(november).toMatchObject({
      simSid: 'HS1',
      downloadBytes: ota + user,
      uploadBytes: 3n,
      totalBytes: ota + user + 3n,
      user: { downloadBytes: user, uploadBytes: 1n, totalBytes: user + 1n },
      ota: { downloadBytes: ota, uploadBytes: 2n, totalBytes: ota + 2n },
      lines: [
        { apn: 'ota.super', downloadBytes: ota },
        { apn: 'super', downloadBytes: user },
      ],
    });
  });
});

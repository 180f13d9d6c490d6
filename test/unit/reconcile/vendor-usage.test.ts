import { describe, expect, it } from '@jest/globals';
import type { UsageRecord } from '../../../src/reconcile/usage-record.ts';
import { VendorUsage } from '../../../src/reconcile/vendor-usage.ts';

const HOUR_MS = 3_600_000;
const record = (changes: Partial<UsageRecord> = {}): UsageRecord => ({
  simSid: 'HS1',
  granularity: 'hour',
  startMs: 10 * HOUR_MS,
  downloadBytes: 1000n,
  uploadBytes: 100n,
  isUnbilled: false,
  dimensions: '',
  split: '',
  ...changes,
});
const given = (...records: readonly UsageRecord[]) => {
  const usage = new VendorUsage();
  const problems = records.flatMap((each, index) => usage.add(each, `f, line ${index + 1}`) ?? []);
  return { usage, problems };
};

describe('the records of all files', () => {
  it('add up over networks and countries, by SIM and period, in whatever order they come', () => {
    const { usage, problems } = given(
      record({ simSid: 'HS2', startMs: 12 * HOUR_MS }),
      record({ dimensions: 'network', split: 'HW1' }),
      record({ dimensions: 'network', split: 'HW2', downloadBytes: 5n, isUnbilled: true }),
    );

    expect(problems).toEqual([]);
    expect(usage.simSids).toEqual(['HS1', 'HS2']);
    expect(usage.range).toEqual({ startMs: 10 * HOUR_MS, endMs: 13 * HOUR_MS });
    expect(usage.periodsOf('HS1').get(10 * HOUR_MS)).toEqual({
      downloadBytes: 1005n,
      uploadBytes: 200n,
      isUnbilled: true,
    });
    expect(usage.periodsOf('HS3').size).toBe(0);
  });

  it('that came twice count once, unless they contradict each other', () => {
    const { usage, problems } = given(record(), record(), record({ uploadBytes: 101n }));

    expect(problems).toEqual([
      'f, line 3: says other bytes than f, line 1, of the same SIM and period: leave out the older file',
    ]);
    expect([usage.recordCount, usage.repeatedCount]).toEqual([1, 1]);
  });

  it('must be of one granularity and one grouping, so that none counts twice', () => {
    const { problems } = given(
      record(),
      record({ dimensions: 'network', split: 'HW1' }),
      record({ granularity: 'day', startMs: 0 }),
    );

    expect(problems).toEqual([
      'f, line 2: is grouped by other fields than f, line 1, of the same SIM and period: together they would count twice',
      'f, line 3: is of one day, but f, line 1 of one hour: reconcile hours and days one after the other',
    ]);
  });
});

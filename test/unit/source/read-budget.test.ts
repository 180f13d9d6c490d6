import { describe, expect, it } from '@jest/globals';
import { ReadBudget } from '../../../src/source/read-budget.ts';
import type { Clock } from '../../../src/time.ts';

const PAGE_BYTES = 500_000;
/** What 2 MB a second ask for one page. */
const PAGE_MS = 250;

/** Reads pages of one size, each `lateMs` after the budget allows it. Gives the times between reads, in ms. */
function timesBetween(lateMs: readonly number[], bytes = PAGE_BYTES): number[] {
  let nowMs = 1_000;
  const budget = new ReadBudget({ monotonicMs: () => nowMs } as Clock);
  return lateMs.map((late) => {
    const beganAtMs = nowMs;
    budget.begin();
    budget.spend(bytes);
    nowMs += Math.max(0, budget.waitMs) + late;
    return nowMs - beganAtMs;
  });
}

describe('when a shard may be read', () => {
  it('is as often as its bytes are paid for', () => {
    expect(timesBetween([0, 0, 0])).toEqual([PAGE_MS, PAGE_MS, PAGE_MS]);
  });

  it('makes up for a read that began late, so that a busy process reads no less', () => {
    const times = timesBetween([0, 15, 15, 15, 15, 15]);
    expect(times.slice(2)).toEqual([PAGE_MS, PAGE_MS, PAGE_MS, PAGE_MS]);
  });

  it('makes up for 100 ms at most, so that a pause is no leave to read twice as much after it', () => {
    const times = timesBetween([0, 10_000, 0, 0, 0, 0]);
    expect(times).toEqual([PAGE_MS, PAGE_MS + 10_000, PAGE_MS - 40, PAGE_MS - 40, PAGE_MS - 20, PAGE_MS]);
  });

  it('is never more than five times a second, however small the pages and however late the reads', () => {
    expect(timesBetween([0, 50, 0, 0], 10)).toEqual([210, 260, 210, 210]);
  });
});

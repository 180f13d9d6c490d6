import { describe, expect, it } from '@jest/globals';
import { judgeMemory, type MemorySample } from '../../bench/soak/memory-trend.ts';

const MIB = 1_048_576;

/** A sample each second. */
const givenRun = (seconds: number, rssMiB: (second: number) => number): MemorySample[] =>
  Array.from({ length: seconds + 1 }, (_, second) => ({
    atMs: second * 1_000,
    cpuUs: second * 500_000,
    rssBytes: rssMiB(second) * MIB,
    heapUsedBytes: 60 * MIB,
    heapTotalBytes: 80 * MIB,
    externalBytes: 5 * MIB,
  }));

describe('the verdict on a worker’s memory', () => {
  it('what goes up and down and stays below the limit is small and flat', () => {
    expect(judgeMemory(givenRun(1_800, (second) => 170 + 20 * Math.sin(second / 10)))).toMatchObject({
      warmUpSeconds: 120,
      isSmall: true,
      isFlat: true,
      heapUsed: { max: 60, firstThird: 60, lastThird: 60, slopePerHour: 0 },
    });
  });

  it('growth is seen, with its size by the hour', () => {
    const { rss, isFlat, isSmall } = judgeMemory(givenRun(1_800, (second) => 150 + second / 60));

    expect({ isFlat, isSmall, slope: rss.slopePerHour, max: rss.max }).toEqual({
      isFlat: false,
      isSmall: true,
      slope: 60,
      max: 180,
    });
    expect(rss.lastThird - rss.firstThird).toBeCloseTo(18.67, 1);
  });

  it('growth while it warms up is none', () => {
    expect(judgeMemory(givenRun(1_800, (second) => Math.min(180, 60 + second))).isFlat).toBe(true);
  });

  it('one moment above the limit is too much', () => {
    expect(judgeMemory(givenRun(600, (second) => (second === 5 ? 200.1 : 150))).isSmall).toBe(false);
  });

  it('a short run warms up for a third of its time', () => {
    expect(judgeMemory(givenRun(90, () => 100)).warmUpSeconds).toBe(30);
  });

  it('no samples are no verdict', () => {
    expect(() => judgeMemory([])).toThrow(RangeError);
  });
});

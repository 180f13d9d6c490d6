/** Whether a worker's memory stays small and flat. */

export interface MemorySample {
  /** Wall ms. */
  readonly atMs: number;
  /** Since the process began, all its threads. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

/** Sizes in MiB. Thirds and slope are of what comes after the warm-up. */
export interface Trend {
  readonly max: number;
  /** Medians. */
  readonly firstThird: number;
  readonly lastThird: number;
  /** Of the line that fits best. Unit: MiB an hour. */
  readonly slopePerHour: number;
}

export interface MemoryVerdict {
  readonly samples: number;
  readonly warmUpSeconds: number;
  readonly rss: Trend;
  readonly heapUsed: Trend;
  readonly heapTotal: Trend;
  readonly external: Trend;
  /** RSS never above `RSS_MAX_MIB`. */
  readonly isSmall: boolean;
  /** RSS of the last third at most `GROWTH_MAX` above that of the first. */
  readonly isFlat: boolean;
}

export const RSS_MAX_MIB = 200;
/** What noise may look like growth. */
export const GROWTH_MAX = 0.03;
const WARM_UP_MS = 120_000;
/** Of a run that is hardly longer than the warm-up. */
const WARM_UP_SHARE_MAX = 1 / 3;
const MIB = 1_048_576;
const HOUR_MS = 3_600_000;

type Point = readonly [atMs: number, value: number];

const rounded = (value: number): number => Math.round(value * 100) / 100;

function median(points: readonly Point[]): number {
  const sorted = points.map(([, value]) => value).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Least squares. Unit: of the values, per ms. */
function slopeOf(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [atMean, valueMean] = [mean(([at]) => at), mean(([, value]) => value)];
  const spread = mean(([at]) => (at - atMean) ** 2);
  return spread === 0 ? 0 : mean(([at, value]) => (at - atMean) * (value - valueMean)) / spread;
}

function trendOf(all: readonly Point[], fromMs: number): Trend {
  const points = all.filter(([atMs]) => atMs >= fromMs);
  const third = Math.ceil(points.length / 3);
  return {
    max: rounded(Math.max(...all.map(([, value]) => value))),
    firstThird: rounded(median(points.slice(0, third))),
    lastThird: rounded(median(points.slice(-third))),
    slopePerHour: rounded(slopeOf(points) * HOUR_MS),
  };
}

/** @throws RangeError without samples. */
export function judgeMemory(samples: readonly MemorySample[]): MemoryVerdict {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) throw new RangeError('the worker gave no samples of its memory');
  const warmUpMs = Math.min(WARM_UP_MS, (last.atMs - first.atMs) * WARM_UP_SHARE_MAX);
  const trend = (of: (sample: MemorySample) => number): Trend =>
    trendOf(
      samples.map((sample) => [sample.atMs, of(sample) / MIB]),
      first.atMs + warmUpMs,
    );
  const rss = trend(({ rssBytes }) => rssBytes);
  return {
    samples: samples.length,
    warmUpSeconds: Math.round(warmUpMs / 1_000),
    rss,
    heapUsed: trend(({ heapUsedBytes }) => heapUsedBytes),
    heapTotal: trend(({ heapTotalBytes }) => heapTotalBytes),
    external: trend(({ externalBytes }) => externalBytes),
    isSmall: rss.max <= RSS_MAX_MIB,
    isFlat: rss.lastThird <= rss.firstThird * (1 + GROWTH_MAX),
  };
}

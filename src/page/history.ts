/** The last quarter of an hour, for the charts. In memory, bounded; a page that opens sees what was before. */
import type { History } from './shapes.ts';

/** Unit: ms. */
export const SAMPLE_EVERY_MS = 2_000;
/** 15 minutes. */
const SAMPLES_MAX = 450;
/** Shards whose own line is sent: a chart shows no more. */
const SHARD_LINES_MAX = 8;
/** Samples between two choices of these shards. */
const CHOOSE_EVERY = 5;

export interface Counts {
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
  readonly bytes: number;
}

export interface Sample {
  /** Wall time. Unit: ms since 1970. */
  readonly atMs: number;
  readonly monotonicMs: number;
  /** Totals since the start. */
  readonly counts: Counts;
  /** Lease key → lag (ms); null is unknown. */
  readonly lags: ReadonlyMap<string, number | null>;
}

type Rates = { readonly [N in keyof Counts]: number };
const NAMES = ['applied', 'duplicate', 'ignored', 'deadLettered', 'bytes'] as const;
const NO_RATES: Rates = { applied: 0, duplicate: 0, ignored: 0, deadLettered: 0, bytes: 0 };

interface Kept extends Sample {
  readonly rates: Rates;
  readonly lagMax: number | null;
}

/** A restarted process counts anew: that is no negative rate. */
function ratesBetween(before: Sample | undefined, after: Sample): Rates {
  if (!before || after.monotonicMs <= before.monotonicMs) return NO_RATES;
  const seconds = (after.monotonicMs - before.monotonicMs) / 1000;
  const rate = (name: keyof Counts): number =>
    Math.round((Math.max(0, after.counts[name] - before.counts[name]) / seconds) * 10) / 10;
  return Object.fromEntries(NAMES.map((name) => [name, rate(name)])) as unknown as Rates;
}

/** The largest known; null when none is. */
export const largest = (values: Iterable<number | null>): number | null => {
  let max: number | null = null;
  for (const value of values) if (value !== null && (max === null || value > max)) max = value;
  return max;
};

export class SampleHistory {
  private readonly samples: Kept[] = [];
  /** Number of the latest sample; the first is 1. */
  private last = 0;
  private chosen: { readonly at: number; readonly leaseKeys: readonly string[] } | undefined;

  add(sample: Sample): void {
    const rates = ratesBetween(this.samples.at(-1), sample);
    this.samples.push({ ...sample, rates, lagMax: largest(sample.lags.values()) });
    this.last += 1;
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  /** What came after sample number `after`; all, if that number is not of this process. */
  after(after: number): History {
    const missing = after > 0 && after <= this.last ? this.last - after : SAMPLES_MAX;
    const samples = missing === 0 ? [] : this.samples.slice(-missing);
    const column = <T>(of: (sample: Kept) => T): T[] => samples.map(of);
    return {
      last: this.last,
      everyMs: SAMPLE_EVERY_MS,
      times: column(({ atMs }) => atMs),
      applied: column(({ rates }) => rates.applied),
      duplicate: column(({ rates }) => rates.duplicate),
      ignored: column(({ rates }) => rates.ignored),
      deadLettered: column(({ rates }) => rates.deadLettered),
      bytes: column(({ rates }) => rates.bytes),
      lagMax: column(({ lagMax }) => lagMax),
      shards: Object.fromEntries(
        this.slowest().map((leaseKey) => [leaseKey, column(({ lags }) => lags.get(leaseKey) ?? null)]),
      ),
    };
  }

  /** What became of events in the last `ms`. */
  countsOver(ms: number): Counts {
    const latest = this.samples.at(-1);
    const first = this.samples.find(({ monotonicMs }) => latest && latest.monotonicMs - monotonicMs <= ms);
    const over = (name: keyof Counts): number =>
      latest && first ? Math.max(0, latest.counts[name] - first.counts[name]) : 0;
    return Object.fromEntries(NAMES.map((name) => [name, over(name)])) as unknown as Counts;
  }

  /** Events read per second over the last `ms`. */
  eventsPerSecond(ms: number): number {
    const latest = this.samples.at(-1);
    const recent = this.samples.filter(({ monotonicMs }) => latest && latest.monotonicMs - monotonicMs < ms);
    const sum = recent.reduce(
      (total, { rates }) => total + rates.applied + rates.duplicate + rates.ignored + rates.deadLettered,
      0,
    );
    return recent.length === 0 ? 0 : sum / recent.length;
  }

  /** Until the slowest shard is caught up, at the pace of the last `ms`; null when it does not catch up. Unit: ms. */
  etaMs(ms: number): number | null {
    const latest = this.samples.at(-1);
    const first = this.samples.find(
      ({ monotonicMs, lagMax }) => latest && lagMax !== null && latest.monotonicMs - monotonicMs <= ms,
    );
    if (!latest || !first || latest.lagMax === null || first.lagMax === null) return null;
    const elapsedMs = latest.monotonicMs - first.monotonicMs;
    const gained = first.lagMax - latest.lagMax;
    return elapsedMs > 0 && gained > 0 ? (latest.lagMax / gained) * elapsedMs : null;
  }

  private slowest(): readonly string[] {
    if (!this.chosen || this.last - this.chosen.at >= CHOOSE_EVERY)
      this.chosen = { at: this.last, leaseKeys: this.choose() };
    return this.chosen.leaseKeys;
  }

  private choose(): readonly string[] {
    const worst = new Map<string, number>();
    for (const { lags } of this.samples)
      for (const [leaseKey, lag] of lags) worst.set(leaseKey, Math.max(worst.get(leaseKey) ?? 0, lag ?? 0));
    return [...worst]
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, SHARD_LINES_MAX)
      .map(([leaseKey]) => leaseKey);
  }
}

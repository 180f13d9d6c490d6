/** The two charts of the last quarter of an hour. */
import type { History, ShapedHappening } from '../shapes.ts';
import { axisDuration, count, duration, rate, shardName } from './format.ts';
import { type Line, type Marker, TimeChart } from './time-chart.ts';

/** 15 minutes of samples. */
const POINTS_MAX = 450;
/** Colours of single shards in the chart, slowest first. */
const SHARD_COLOURS = ['--o1', '--o2', '--o3', '--o4', '--o5', '--o6', '--o7', '--none'];

const COLUMNS = ['times', 'applied', 'duplicate', 'ignored', 'deadLettered', 'bytes', 'lagMax'] as const;
type Mutable = { -readonly [N in (typeof COLUMNS)[number]]: (number | null)[] } & {
  shards: Map<string, (number | null)[]>;
};

const RATE_LINES: readonly Line[] = [
  { label: 'counted', colour: '--accent', isFilled: true, width: 2 },
  { label: 'duplicates', colour: '--o1' },
  { label: 'ignored', colour: '--none' },
  { label: 'refused', colour: '--bad' },
];

export class ProgressView {
  private readonly lag = new TimeChart({
    chartId: 'lag-chart',
    legendId: 'lag-legend',
    whenId: 'lag-when',
    now: 'last 15 minutes; dashed: something happened to a lease',
    format: duration,
    axis: axisDuration,
    topMin: 1_000,
  });
  private readonly rate = new TimeChart({
    chartId: 'rate-chart',
    legendId: 'rate-legend',
    whenId: 'rate-when',
    now: 'last 15 minutes, by what became of them',
    format: rate,
    axis: (value) => count(Math.round(value * 10) / 10),
    topMin: 5,
  });
  private kept: Mutable = empty();
  private last = 0;

  /** What to ask for next. */
  get after(): number {
    return this.last;
  }

  add(history: History): void {
    const isFollowing = this.last > 0 && history.last - history.times.length === this.last;
    if (!isFollowing && history.times.length > 0) this.kept = empty();
    const before = this.kept.times.length;
    for (const name of COLUMNS) this.kept[name].push(...history[name]);
    for (const [leaseKey, lags] of Object.entries(history.shards)) {
      const line = this.kept.shards.get(leaseKey) ?? new Array<null>(before).fill(null);
      while (line.length < before) line.push(null);
      line.push(...lags);
      this.kept.shards.set(leaseKey, line);
    }
    this.trim();
    this.last = history.last;
  }

  render(happenings: readonly ShapedHappening[]): void {
    const times = this.kept.times.map((ms) => (ms ?? 0) / 1000);
    if (times.length === 0) return;
    const markers = happenings
      .filter(({ kind }) => kind !== 'info')
      .map(
        ({ atMs, kind }): Marker => ({ atS: atMs / 1000, colour: kind === 'good' ? '--none' : `--${kind}` }),
      );
    this.renderLag(times, markers);
    const { applied, duplicate, ignored, deadLettered } = this.kept;
    const latest = applied.at(-1) ?? 0;
    this.rate.show(
      RATE_LINES,
      [times, applied, duplicate, ignored, deadLettered],
      markers,
      `Events a second over the last 15 minutes. Now ${rate(latest)} counted a second, at most ${rate(most(applied))}.`,
    );
  }

  private renderLag(times: readonly number[], markers: readonly Marker[]): void {
    const { lagMax, shards } = this.kept;
    const named = shards.size > 1 ? [...shards].slice(0, SHARD_COLOURS.length) : [];
    const lines: Line[] = [
      { label: 'slowest shard', colour: '--accent', isFilled: true, width: 2 },
      ...named.map(([leaseKey], at) => ({
        label: `shard ${shardName(leaseKey)}`,
        colour: SHARD_COLOURS[at] ?? '--none',
        width: 1.2,
      })),
    ];
    const latest = lagMax.at(-1);
    const now = typeof latest === 'number' ? duration(latest) : 'not known';
    this.lag.show(
      lines,
      [[...times], lagMax, ...named.map(([, lags]) => lags)],
      markers,
      `Lag of the slowest shard over the last 15 minutes. Now ${now}, at most ${duration(most(lagMax))}.`,
    );
  }

  /** Lines of shards that nobody has spoken of for the whole time go. */
  private trim(): void {
    const excess = this.kept.times.length - POINTS_MAX;
    const { length } = this.kept.times;
    for (const [leaseKey, line] of this.kept.shards) {
      while (line.length < length) line.push(null);
      if (excess > 0) line.splice(0, excess);
      if (line.every((lag) => lag === null)) this.kept.shards.delete(leaseKey);
    }
    if (excess > 0) for (const name of COLUMNS) this.kept[name].splice(0, excess);
  }
}

const empty = (): Mutable => ({
  times: [],
  applied: [],
  duplicate: [],
  ignored: [],
  deadLettered: [],
  bytes: [],
  lagMax: [],
  shards: new Map(),
});

const most = (values: readonly (number | null)[]): number =>
  values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);

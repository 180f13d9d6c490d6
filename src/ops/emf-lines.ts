/** CloudWatch's Embedded Metric Format: one JSON line a minute on stdout, from which CloudWatch Logs makes metrics, on
 *  ECS without an agent. Names and units are KCL's where KCL has them. One set of dimensions for a whole fleet and no
 *  name of a worker in it: CloudWatch bills each set, and workers come and go.
 *  Source: CloudWatch user guide, "Specification: Embedded metric format". */
import type { Config } from '../config.ts';
import type { Clock } from '../time.ts';
import type { MetricsSnapshot } from './metrics.ts';
import type { MetricsLook } from './prometheus-metrics.ts';

/** Unit: ms. */
const PRINT_EVERY_MS = 60_000;

export type EmfUnit = 'Milliseconds' | 'Bytes' | 'Count';

const MS: EmfUnit = 'Milliseconds';

/** Name, unit, and its value from this look and the one before; undefined: no data point. */
type EmfMetric = readonly [
  name: string,
  unit: EmfUnit,
  value: (now: MetricsLook, before: MetricsLook | undefined) => number | undefined,
];

type NumericTotal = {
  [N in keyof MetricsSnapshot]: MetricsSnapshot[N] extends number | bigint ? N : never;
}[keyof MetricsSnapshot];

/** What was added since the look before. */
const added =
  (...names: readonly NumericTotal[]): EmfMetric[2] =>
  (now, before) =>
    names.reduce((sum, name) => sum + Number(now.totals[name]) - Number(before?.totals[name] ?? 0), 0);

const changes =
  (change: 'taken' | 'lost'): EmfMetric[2] =>
  (now, before) =>
    (now.leaseChanges.get(change) ?? 0) - (before?.leaseChanges.get(change) ?? 0);

const parkedIn = ({ heldLeases }: MetricsLook): number =>
  heldLeases.filter(({ state }) => state === 'parked').length;

/** In the order of the line. */
const METRICS: readonly EmfMetric[] = [
  ['MillisBehindLatest', MS, ({ lagMaxMs }) => lagMaxMs],
  ['CheckpointAgeMillis', MS, ({ checkpointAgeMaxMs }) => checkpointAgeMaxMs],
  ['AwsUnansweredMillis', MS, ({ unansweredMaxMs }) => unansweredMaxMs],
  ['RecordsProcessed', 'Count', added('records')],
  ['DataBytesProcessed', 'Bytes', added('recordBytes')],
  ['EventsApplied', 'Count', added('applied')],
  ['EventsDuplicate', 'Count', added('duplicate')],
  ['EventsIgnored', 'Count', added('ignored')],
  ['DeadLetters', 'Count', added('deadLettered')],
  ['BytesMetered', 'Bytes', added('downloadBytes', 'uploadBytes')],
  ['MissingBytes', 'Bytes', added('missingBytes')],
  ['ConservationBreaches', 'Count', added('shortSessions')],
  ['Gaps', 'Count', added('gaps')],
  ['Conflicts', 'Count', added('conflicts')],
  ['Throttles', 'Count', added('throttles')],
  ['WriteUnits', 'Count', added('writeUnits')],
  ['TakenLeases', 'Count', changes('taken')],
  ['LostLeases', 'Count', changes('lost')],
  ['CurrentLeases', 'Count', ({ heldLeases }) => heldLeases.length],
  ['ShardsParked', 'Count', parkedIn],
  ['ShardsStuck', 'Count', ({ stuckShards }) => stuckShards],
  ['TotalLeases', 'Count', ({ fleet }) => fleet && sumOf(fleet.leases)],
  ['ExpiredLeases', 'Count', ({ fleet }) => fleet?.leases.expired],
  ['FreeLeases', 'Count', ({ fleet }) => fleet?.leases.free],
  ['NumWorkers', 'Count', ({ fleet }) => fleet?.workers],
  ['HashRangeHoles', 'Count', ({ fleet }) => fleet?.holes],
];

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Name and unit of each metric. */
export const EMF_METRICS: readonly (readonly [name: string, unit: EmfUnit])[] = METRICS.map(
  ([name, unit]) => [name, unit],
);
export const EMF_DIMENSIONS = ['StreamName'] as const;

export interface EmfLinesDeps {
  readonly clock: Clock;
  readonly printLine: (line: string) => void;
  readonly metrics: { look(): MetricsLook };
}

type EmfConfig = Pick<Config, 'stream' | 'emfNamespace'>;

export class EmfLines {
  private readonly deps: EmfLinesDeps;
  private readonly config: EmfConfig;
  private before: MetricsLook | undefined;
  private printedAtMs: number;

  constructor(deps: EmfLinesDeps, config: EmfConfig) {
    this.deps = deps;
    this.config = config;
    this.printedAtMs = deps.clock.monotonicMs();
  }

  /** Prints when a minute has passed since the last line. */
  whenDue(): void {
    if (this.deps.clock.monotonicMs() - this.printedAtMs >= PRINT_EVERY_MS) this.print();
  }

  print(): void {
    const { clock, metrics, printLine } = this.deps;
    const now = metrics.look();
    printLine(emfLine(this.config, clock.wallMs(), now, this.before));
    // A snapshot of the changes: theirs goes on counting.
    this.before = { ...now, leaseChanges: new Map(now.leaseChanges) };
    this.printedAtMs = clock.monotonicMs();
  }
}

/** One line of EMF. Pure. */
export function emfLine(
  { stream, emfNamespace }: EmfConfig,
  timestampMs: number,
  now: MetricsLook,
  before: MetricsLook | undefined,
): string {
  const points = METRICS.flatMap(([name, unit, measure]) => {
    const value = measure(now, before);
    return value === undefined ? [] : [{ name, unit, value: Math.round(value * 1_000) / 1_000 }];
  });
  return JSON.stringify({
    _aws: {
      Timestamp: timestampMs,
      CloudWatchMetrics: [
        {
          Namespace: emfNamespace,
          Dimensions: [EMF_DIMENSIONS],
          Metrics: points.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    StreamName: stream,
    ...Object.fromEntries(points.map(({ name, value }) => [name, value])),
  });
}

/** `Metrics` as Prometheus series. Names: `supersim_` prefix, base units, `_total` for counters.
 *  Source: prometheus.io, "Metric and label naming". */
import { Registry } from 'prom-client';
import type { FleetCounts, HeldLeaseSnapshot } from '../leases/index.ts';
import type { Clock } from '../time.ts';
import { LeaseCost, type LeaseRequest } from './lease-cost.ts';
import type {
  AwsService,
  BatchCounts,
  LeaseChange,
  Metrics,
  MetricsSnapshot,
  PageCounts,
  StoreWrite,
} from './metrics.ts';
import { type GaugeSources, NO_SOURCES, registerGauges } from './prometheus-gauges.ts';
import {
  buildSeries,
  type KnownLabels,
  registerProcessSeries,
  type Series,
  startAtZero,
} from './prometheus-series.ts';
import { RunTotals } from './run-totals.ts';
import { ShardProgress } from './shard-progress.ts';

/** Distinct values of a label that comes from outside; more are counted as `other`. */
const LABEL_VALUES_MAX = 64;
/** As classes and codes of errors are named. What is not may quote something, and is counted as `other` too. */
const ERROR_NAME = /^(?!.*(\d{5}|[0-9a-f]{16}))[a-z][\w.]{0,63}$/i;

export interface PrometheusOptions extends KnownLabels {
  readonly clock: Clock;
  readonly stream: string;
  /** Label `process`, where one endpoint shows several processes. */
  readonly processName?: string | undefined;
  readonly version: string;
  readonly node: string;
  /** Asked at each scrape. Default: nothing is known. */
  readonly sources?: GaugeSources;
}

/** One look at a worker. */
export interface MetricsLook {
  readonly totals: MetricsSnapshot;
  readonly leaseChanges: ReadonlyMap<LeaseChange, number>;
  /** Undefined: no shard's is known. */
  readonly lagMaxMs: number | undefined;
  readonly checkpointAgeMaxMs: number | undefined;
  readonly stuckShards: number;
  readonly heldLeases: readonly HeldLeaseSnapshot[];
  readonly fleet: FleetCounts | undefined;
  readonly unansweredMaxMs: number;
}

const inMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1_000;

function maxOf(entries: Iterable<readonly [name: string, value: number]>): number | undefined {
  let max: number | undefined;
  for (const [, value] of entries) if (max === undefined || value > max) max = value;
  return max;
}

export class PrometheusMetrics implements Metrics {
  private readonly registry = new Registry();
  private readonly totals = new RunTotals();
  private readonly errorNames = new Set<string>();
  /** Lease changes since the start. */
  private readonly leaseChanges = new Map<LeaseChange, number>();
  private readonly clock: Clock;
  private readonly sources: GaugeSources;
  /** For whoever watches them. */
  readonly shards: ShardProgress;
  private readonly leaseCost: LeaseCost;
  private readonly series: Series;

  constructor(options: PrometheusOptions) {
    const { clock, stream, processName, version, node, sources = NO_SOURCES } = options;
    this.clock = clock;
    this.shards = new ShardProgress(clock);
    this.leaseCost = new LeaseCost(clock);
    this.series = buildSeries(this.registry);
    registerGauges(this.registry, { shards: this.shards, leaseCost: this.leaseCost, sources });
    this.registry.setDefaultLabels({
      stream,
      ...(processName === undefined ? {} : { process: processName }),
    });
    this.series.buildInfo.set({ version, node }, 1);
    startAtZero(this.series, options);
    this.sources = sources;
  }

  /** Adds memory, event-loop and garbage-collection series of the process: for one worker in a process. */
  addProcessSeries(): void {
    registerProcessSeries(this.registry);
  }

  /** The exposition text, and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  countBatch(batch: BatchCounts): void {
    this.totals.addBatch(batch);
    const { events, appliedEvents, anomalies, meteredBytes } = this.series;
    events.inc({ outcome: 'applied', reason: '' }, batch.applied);
    events.inc({ outcome: 'duplicate', reason: '' }, batch.duplicate);
    for (const [reason, count] of batch.ignored) events.inc({ outcome: 'ignored', reason }, count);
    for (const [reason, count] of batch.deadLettered) events.inc({ outcome: 'dead_lettered', reason }, count);
    for (const [type, count] of batch.appliedByType) appliedEvents.inc({ type }, count);
    for (const [anomaly, count] of batch.anomalies) anomalies.inc({ anomaly }, count);
    meteredBytes.inc({ direction: 'download' }, Number(batch.downloadBytes));
    meteredBytes.inc({ direction: 'upload' }, Number(batch.uploadBytes));
  }

  readPage(shardId: string, page: PageCounts): void {
    this.totals.addPage(page);
    this.shards.processed(shardId, page);
    this.series.records.inc(page.records.length);
    this.series.recordBytes.inc(page.bytes);
  }

  checkpointed(shardId: string): void {
    this.shards.checkpointed(shardId);
  }

  forgetShard(shardId: string): void {
    this.shards.forget(shardId);
  }

  recordsRead(shardId: string, elapsedMs: number): void {
    this.shards.opened(shardId);
    this.series.getRecordsSeconds.observe(elapsedMs / 1000);
  }

  readFailed(errorName: string, isThrottle: boolean): void {
    this.awsFailed('kinesis', errorName);
    if (isThrottle) this.throttled('kinesis');
  }

  gapFound(): void {
    this.totals.gaps += 1;
    this.series.gaps.inc();
  }

  awsFailed(service: AwsService, errorName: string): void {
    this.series.awsErrors.inc({ service, error: this.bounded(errorName) });
  }

  batchDone(elapsedMs: number): void {
    this.series.batchSeconds.observe(elapsedMs / 1000);
  }

  leasesHeld(count: number): void {
    this.series.leases.set(count);
    this.leaseCost.holds(count);
  }

  leaseTableRequested(kind: LeaseRequest): void {
    this.series.leaseRequests.inc({ kind });
    this.leaseCost.requested(kind);
  }

  leaseChanged(change: LeaseChange): void {
    this.leaseChanges.set(change, (this.leaseChanges.get(change) ?? 0) + 1);
    this.series.leaseChanges.inc({ change });
  }

  wrote(kind: StoreWrite, units: number): void {
    this.totals.writes += 1;
    this.totals.writeUnits += units;
    this.series.writes.inc({ kind });
    this.series.writeUnits.inc({ kind }, units);
  }

  missed(before: bigint, after: bigint): void {
    if (before === after) return;
    this.totals.addMissing(before, after);
    const change = after > before ? 'found' : 'made_up';
    this.series.missingBytes.inc({ change }, Math.abs(Number(after - before)));
    if (before === 0n || after === 0n) this.series.shortSessions.inc({ change });
  }

  madeDurable(events: readonly { readonly arrivedAtMs: number }[]): void {
    const nowMs = this.clock.wallMs();
    // 0: Kinesis did not say. Its clock may be ahead of ours.
    for (const { arrivedAtMs } of events)
      if (arrivedAtMs > 0) this.series.durableSeconds.observe(Math.max(0, nowMs - arrivedAtMs) / 1_000);
  }

  loopStalled(): void {
    this.series.loopStalls.inc();
  }

  awsRetried(service: AwsService, attempts: number): void {
    this.series.awsRetries.inc({ service }, attempts);
  }

  conflicted(): void {
    this.totals.conflicts += 1;
    this.series.conflicts.inc();
  }

  sessionUsed(from: 'cache' | 'table'): void {
    this.series.sessionsUsed.inc({ from });
  }

  dedupPagesRead(): void {
    this.series.dedupReads.inc();
  }

  throttled(service: AwsService): void {
    this.totals.throttles += 1;
    this.series.throttles.inc({ service });
  }

  /** What CloudWatch is told, as plain numbers. */
  look(): MetricsLook {
    const { shards, sources, leaseChanges } = this;
    return {
      totals: this.totals.snapshot(),
      leaseChanges,
      lagMaxMs: inMs(shards.lagMax),
      checkpointAgeMaxMs: inMs(maxOf(shards.checkpointAges())),
      stuckShards: shards.stuck().length,
      heldLeases: sources.heldLeases(),
      fleet: sources.fleet(),
      unansweredMaxMs: maxOf(sources.unanswered()) ?? 0,
    };
  }

  /** Shard id → how far behind the tip, for shards where it is known. Unit: ms. */
  millisBehindLatest(): ReadonlyMap<string, number> {
    return new Map([...this.shards.lags()].map(([shardId, seconds]) => [shardId, seconds * 1000]));
  }

  snapshot(): MetricsSnapshot {
    return this.totals.snapshot();
  }

  private bounded(name: string): string {
    if (!ERROR_NAME.test(name)) return 'other';
    if (this.errorNames.size < LABEL_VALUES_MAX) this.errorNames.add(name);
    return this.errorNames.has(name) ? name : 'other';
  }
}

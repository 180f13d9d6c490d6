/** `Metrics` as Prometheus series. Names: `supersim_` prefix, base units, `_total` for counters.
 *  Source: prometheus.io, "Metric and label naming". */
import { Registry } from 'prom-client';
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
import { buildSeries, registerProcessSeries, type Series } from './prometheus-series.ts';
import { RunTotals } from './run-totals.ts';
import { ShardProgress, type ShardState } from './shard-progress.ts';

/** Distinct values of a label that comes from outside; more are counted as `other`. */
const LABEL_VALUES_MAX = 64;

export interface PrometheusOptions {
  readonly clock: Clock;
  readonly stream: string;
  /** Label `process`, where one endpoint shows several processes. */
  readonly processName?: string | undefined;
  readonly version: string;
  readonly node: string;
}

export class PrometheusMetrics implements Metrics {
  private readonly registry = new Registry();
  private readonly totals = new RunTotals();
  private readonly errorNames = new Set<string>();
  private readonly shards: ShardProgress;
  private readonly leaseCost: LeaseCost;
  private readonly series: Series;

  constructor({ clock, stream, processName, version, node }: PrometheusOptions) {
    this.shards = new ShardProgress(clock);
    this.leaseCost = new LeaseCost(clock);
    this.series = buildSeries(this.registry, this.shards, this.leaseCost);
    this.registry.setDefaultLabels({
      stream,
      ...(processName === undefined ? {} : { process: processName }),
    });
    this.series.buildInfo.set({ version, node }, 1);
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
    const { events, anomalies, meteredBytes } = this.series;
    events.inc({ outcome: 'applied', reason: '' }, batch.applied);
    events.inc({ outcome: 'duplicate', reason: '' }, batch.duplicate);
    for (const [reason, count] of batch.ignored) events.inc({ outcome: 'ignored', reason }, count);
    for (const [reason, count] of batch.deadLettered) events.inc({ outcome: 'dead_lettered', reason }, count);
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
    this.series.leaseChanges.inc({ change });
  }

  wrote(kind: StoreWrite): void {
    this.totals.writes += 1;
    this.series.writes.inc({ kind });
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

  /** Shard id → how far behind the tip, for shards where it is known. Unit: ms. */
  millisBehindLatest(): ReadonlyMap<string, number> {
    return new Map([...this.shards.lags()].map(([shardId, seconds]) => [shardId, seconds * 1000]));
  }

  /** Shard id → how far it is, for the page. */
  shardStates(): ReadonlyMap<string, ShardState> {
    return this.shards.states();
  }

  snapshot(): MetricsSnapshot {
    return this.totals.snapshot();
  }

  private bounded(name: string): string {
    if (this.errorNames.size < LABEL_VALUES_MAX) this.errorNames.add(name);
    return this.errorNames.has(name) ? name : 'other';
  }
}

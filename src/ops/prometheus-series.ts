/** The list of series: one place to see every name, label and meaning. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { LeaseCost } from './lease-cost.ts';
import type { ShardProgress } from './shard-progress.ts';

const CALL_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type Series = ReturnType<typeof buildSeries>;

export function buildSeries(registry: Registry, shards: ShardProgress, leaseCost: LeaseCost) {
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `supersim_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `supersim_${name}`, help, buckets: CALL_BUCKETS_SECONDS, registers: [registry] });
  perShardGauge(registry, 'consumer_lag_seconds', 'Behind the tip; no sample: unknown', () => shards.lags());
  perShardGauge(registry, 'checkpoint_age_seconds', 'Since all that was read was last checkpointed', () =>
    shards.checkpointAges(),
  );
  leaseCostGauges(registry, leaseCost);
  return {
    events: counter('events_total', 'Events by outcome; the outcomes add up to all events read', [
      'outcome',
      'reason',
    ]),
    anomalies: counter('event_anomalies_total', 'Oddities of applied events', ['anomaly']),
    meteredBytes: counter('metered_bytes_total', 'Bytes of applied windows', ['direction']),
    records: counter('records_total', 'Records processed'),
    recordBytes: counter('record_bytes_total', 'Bytes of records processed'),
    getRecordsSeconds: histogram('getrecords_duration_seconds', 'GetRecords calls that succeeded'),
    batchSeconds: histogram('batch_duration_seconds', 'Decoding and storing one page'),
    awsErrors: counter('aws_errors_total', 'Failed calls, and statements of a batch, that are repeated', [
      'service',
      'error',
    ]),
    throttles: counter('throttles_total', 'Calls that were throttled', ['service']),
    gaps: counter('gaps_total', 'Checkpoints older than the retention: records may be lost'),
    leases: gauge(registry, 'leases', 'Leases held'),
    leaseChanges: counter('lease_changes_total', 'Lease changes', ['change']),
    leaseRequests: counter('lease_table_requests_total', 'Requests to the lease table, retries included', [
      'kind',
    ]),
    writes: counter('store_writes_total', 'Writes to the data tables', ['kind']),
    conflicts: counter('store_conflicts_total', 'Conditional writes that came second'),
    sessionsUsed: counter('sessions_used_total', 'Sessions from the cache or the table', ['from']),
    dedupReads: counter('dedup_page_reads_total', 'Reads of dedup pages'),
    buildInfo: gauge(registry, 'build_info', 'Always 1', ['version', 'node']),
  };
}

const gauge = <L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
) => new Gauge<L>({ name: `supersim_${name}`, help, labelNames: [...labelNames], registers: [registry] });

/** Coordination's price: KCL pays 0.30 writes per shard and second, and its checkpoints come on top. */
function leaseCostGauges(registry: Registry, leaseCost: LeaseCost): void {
  const shardSeconds = gauge(registry, 'shard_seconds', 'Sum over shards of the time they were held');
  const perShardSecond = gauge(
    registry,
    'lease_table_requests_per_shard_second',
    'Requests to the lease table per shard and second held, since the start',
    ['kind'],
  );
  Object.assign(shardSeconds, { collect: () => shardSeconds.set(leaseCost.shardSeconds) });
  Object.assign(perShardSecond, {
    collect: () => {
      for (const kind of ['read', 'write'] as const) {
        const value = leaseCost.perShardSecond(kind);
        if (value !== undefined) perShardSecond.set({ kind }, value);
      }
    },
  });
}

/** Samples are taken anew for each scrape, so that a shard given away leaves no series behind. */
function perShardGauge(
  registry: Registry,
  name: string,
  help: string,
  samples: () => Iterable<readonly [shardId: string, seconds: number]>,
): void {
  new Gauge({
    name: `supersim_${name}`,
    help,
    labelNames: ['shard'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [shard, seconds] of samples()) this.set({ shard }, seconds);
    },
  });
}

export const registerProcessSeries = (registry: Registry): void =>
  collectDefaultMetrics({ register: registry });

/** The list of series that are counted as things happen; those that are looked up at each scrape are in
 *  prometheus-gauges.ts. docs/metrics.md explains each, and a test holds the two equal. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import { AWS_SERVICES, LEASE_CHANGES, STORE_WRITES } from './metrics.ts';

const CALL_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** From a page at the tip to a day of catching up. */
const DELAY_BUCKETS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export const seriesName = (name: string): string => `supersim_${name}`;

export type Series = ReturnType<typeof buildSeries>;

export function buildSeries(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: seriesName(name), help, labelNames: [...labelNames], registers });
  const histogram = (name: string, help: string, buckets: number[] = CALL_BUCKETS_SECONDS) =>
    new Histogram({ name: seriesName(name), help, buckets, registers });
  return {
    ...eventSeries(counter),
    ...storeSeries(counter),
    records: counter('records_total', 'Records processed'),
    recordBytes: counter('record_bytes_total', 'Bytes of records processed'),
    getRecordsSeconds: histogram('getrecords_duration_seconds', 'GetRecords calls that succeeded'),
    batchSeconds: histogram('batch_duration_seconds', 'Decoding and storing one page'),
    durableSeconds: histogram(
      'durable_delay_seconds',
      'From an event’s arrival in Kinesis until it is durable',
      DELAY_BUCKETS_SECONDS,
    ),
    awsErrors: counter('aws_errors_total', 'Failed calls, and statements of a batch, that are repeated', [
      'service',
      'error',
    ]),
    awsRetries: counter('aws_retries_total', 'Attempts that the SDK repeated by itself', ['service']),
    throttles: counter('throttles_total', 'Calls that were throttled', ['service']),
    gaps: counter('gaps_total', 'Checkpoints older than the retention: records may be lost'),
    leaseChanges: counter('lease_changes_total', 'Lease changes', ['change']),
    leaseRequests: counter('lease_table_requests_total', 'Requests to the lease table, retries included', [
      'kind',
    ]),
    loopStalls: counter('event_loop_stalls_total', 'The event loop stood still for more than a second'),
    leases: new Gauge({ name: seriesName('leases'), help: 'Leases held', registers }),
    buildInfo: new Gauge({
      name: seriesName('build_info'),
      help: 'Always 1',
      labelNames: ['version', 'node'],
      registers,
    }),
  };
}

type MakeCounter = <L extends string = never>(
  name: string,
  help: string,
  labelNames?: readonly L[],
) => Counter<L>;

const eventSeries = (counter: MakeCounter) => ({
  events: counter('events_total', 'Events by outcome; the outcomes add up to all events read', [
    'outcome',
    'reason',
  ]),
  appliedEvents: counter('applied_events_total', 'Applied events by type', ['type']),
  anomalies: counter('event_anomalies_total', 'Oddities of applied events', ['anomaly']),
  meteredBytes: counter('metered_bytes_total', 'Bytes of applied windows', ['direction']),
  missingBytes: counter('missing_bytes_total', 'Bytes of sessions whose events never arrived, or came late', [
    'change',
  ]),
  shortSessions: counter('short_sessions_total', 'Sessions that became short of bytes, or whole again', [
    'change',
  ]),
});

const storeSeries = (counter: MakeCounter) => ({
  writes: counter('store_writes_total', 'Writes to the data tables', ['kind']),
  writeUnits: counter('write_units_total', 'Write units of them, by the items’ size', ['kind']),
  conflicts: counter('store_conflicts_total', 'Conditional writes that came second'),
  sessionsUsed: counter('sessions_used_total', 'Sessions from the cache or the table', ['from']),
  dedupReads: counter('dedup_page_reads_total', 'Reads of dedup pages'),
});

export interface KnownLabels {
  /** Outcomes with their reasons. */
  readonly outcomes?: readonly (readonly [outcome: string, reason: string])[];
  readonly eventTypes?: readonly string[];
}

/** Known labels count from zero: an alert on an increase must see the first one. */
export function startAtZero(series: Series, { outcomes = [], eventTypes = [] }: KnownLabels): void {
  for (const [outcome, reason] of outcomes) series.events.inc({ outcome, reason }, 0);
  for (const type of eventTypes) series.appliedEvents.inc({ type }, 0);
  for (const direction of ['download', 'upload']) series.meteredBytes.inc({ direction }, 0);
  for (const change of ['found', 'made_up']) {
    series.missingBytes.inc({ change }, 0);
    series.shortSessions.inc({ change }, 0);
  }
  for (const kind of STORE_WRITES) {
    series.writes.inc({ kind }, 0);
    series.writeUnits.inc({ kind }, 0);
  }
  for (const service of AWS_SERVICES) {
    series.awsRetries.inc({ service }, 0);
    series.throttles.inc({ service }, 0);
  }
  for (const change of LEASE_CHANGES) series.leaseChanges.inc({ change }, 0);
  for (const kind of ['read', 'write']) series.leaseRequests.inc({ kind }, 0);
  for (const from of ['cache', 'table']) series.sessionsUsed.inc({ from }, 0);
}

export const registerProcessSeries = (registry: Registry): void =>
  collectDefaultMetrics({ register: registry });

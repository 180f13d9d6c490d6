/** How long a scrape of a worker with many shards takes, over HTTP; and of a supervisor that joins several workers'. */
import { countFleet } from '../../src/leases/fleet-counts.ts';
import type { HeldLeaseSnapshot, Lease } from '../../src/leases/index.ts';
import { NOTHING_OBSERVED, observe } from '../../src/leases/observed-leases.ts';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.ts';
import { mergeExpositions } from '../../src/supervisor/merge-expositions.ts';
import { Tally } from '../../src/tally.ts';
import { systemClock } from '../../src/time.ts';

const SCRAPES = 300;
const WARM_UP = 20;
const PROCESSES = 4;

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly bytes: number;
}

export interface ScrapeResult {
  readonly shards: number;
  readonly text: Times;
  readonly openMetrics: Times;
  /** Four processes with a quarter of the shards each, joined. */
  readonly merged: Times;
}

const shardName = (number: number): string => `shardId-${String(number).padStart(12, '0')}`;

function leaseOf(leaseKey: string): Lease {
  return {
    leaseKey,
    shardId: leaseKey,
    streamId: undefined,
    owner: 'worker',
    counter: 7,
    checkpoint: {
      sequenceNumber: '49680633373566148564594842379545583322499249196383600674',
      subSequenceNumber: 0,
    },
    ownerSwitchesSinceCheckpoint: 0,
    parentShardIds: [],
    childShardIds: [],
    hashRange: undefined,
    ours: { takenBy: 'worker' },
    hasKcl3Marks: false,
  };
}

/** A worker's metrics after some work on each shard. */
function metricsOf(shardIds: readonly string[], processName?: string): PrometheusMetrics {
  const seen = observe(NOTHING_OBSERVED, shardIds.map(leaseOf), systemClock.monotonicMs(), 60_000);
  const held = shardIds.map((leaseKey) => ({ leaseKey, state: 'running' })) as unknown as HeldLeaseSnapshot[];
  const metrics = new PrometheusMetrics({
    clock: systemClock,
    stream: 'supersim-events',
    version: '0',
    node: process.version,
    processName,
    sources: {
      heldLeases: () => held,
      fleet: () => countFleet(seen, new Set(), { failoverTimeMs: 10_000, holes: 0 }),
      unanswered: () => [['kinesis', 0]],
      retentionMs: () => 86_400_000,
    },
  });
  metrics.addProcessSeries();
  for (const [at, shardId] of shardIds.entries()) {
    const tally = new Tally();
    tally.deadLetter('not-json');
    metrics.countBatch(tally);
    metrics.recordsRead(shardId, at);
    metrics.readPage(shardId, { records: { length: 500 }, bytes: 700_000, millisBehindLatest: at * 100 });
    metrics.madeDurable([{ arrivedAtMs: systemClock.wallMs() - at * 100 }]);
  }
  return metrics;
}

async function timed(render: () => ReturnType<PrometheusMetrics['render']>, accept: string): Promise<Times> {
  const server = await startHttpServer('127.0.0.1:0', {
    heartbeats: { states: () => [] },
    readiness: () => [],
    troubles: () => [],
    metrics: render,
    report: () => [],
    state: () => ({}),
  });
  const times: number[] = [];
  let bytes = 0;
  try {
    for (let scrape = 0; scrape < SCRAPES + WARM_UP; scrape += 1) {
      const startedAtMs = systemClock.monotonicMs();
      const response = await fetch(`http://${server.address}/metrics`, { headers: { accept } });
      bytes = (await response.text()).length;
      if (scrape >= WARM_UP) times.push(systemClock.monotonicMs() - startedAtMs);
    }
  } finally {
    await server.stop();
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((times[Math.floor(share * (times.length - 1))] ?? 0) * 10) / 10;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), bytes };
}

export async function measureScrape(shards: number): Promise<ScrapeResult> {
  const shardIds = Array.from({ length: shards }, (_, number) => shardName(number));
  const one = metricsOf(shardIds);
  const several = Array.from({ length: PROCESSES }, (_, process) =>
    metricsOf(
      shardIds.filter((__, number) => number % PROCESSES === process),
      String(process + 1),
    ),
  );
  const merged = async () => {
    const [first, ...others] = await Promise.all(several.map((metrics) => metrics.render()));
    const bodies = [first, ...others].map((exposition) => exposition?.body ?? '');
    return { contentType: first?.contentType ?? '', body: mergeExpositions(bodies) };
  };
  return {
    shards,
    text: await timed(() => one.render(), 'text/plain'),
    openMetrics: await timed(() => one.render(), 'application/openmetrics-text'),
    merged: await timed(merged, 'text/plain'),
  };
}

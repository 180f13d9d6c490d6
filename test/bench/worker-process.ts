/** The worker under test in a process of its own: the production `Worker`, with the store that its argument names.
 *  It measures itself; its measures are a message to its parent. Start-up is not measured: CPU counts from the
 *  first GetRecords, the looks at the clock are 20 a second. */
import { createHash } from 'node:crypto';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { createClients } from '../../src/aws-clients.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createLog } from '../../src/ops/pino-log.ts';
import { DedupPages } from '../../src/store/dedup-pages.ts';
import { PutWriter } from '../../src/store/put-writer.ts';
import { reportRetries } from '../../src/store/report-retries.ts';
import { tableNames } from '../../src/store/tables.ts';
import { buildStores, type PartsDeps } from '../../src/stores.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { tuneHeap } from '../../src/tune-heap.ts';
import { VERSION } from '../../src/version.ts';
import { Worker } from '../../src/worker.ts';
import type { Design, Sample, WorkerMeasures, WorkerOptions } from './measures.ts';
import type { MemorySample } from './soak/memory-trend.ts';
import { PutPerEventStore } from './stores/put-per-event-store.ts';
import { TransactionStore } from './stores/transaction-store.ts';

const LOOK_EVERY_MS = 50;
const hash16 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Other designs behind the port; the rest of the worker is the same. */
const buildOthers =
  (design: Design) =>
  (parts: PartsDeps, config: Config): ReturnType<typeof buildStores> => {
    const ours = buildStores(parts, config);
    if (design === 'ours') return ours;
    const { clock, random, log, metrics } = parts;
    const names = tableNames(config);
    const shared = {
      clock,
      random,
      client: parts.clients.data,
      onRetry: reportRetries(log, metrics, clock),
      hash16,
    };
    const horizonDays = config.dedupHorizonDays;
    if (design === 'transaction')
      return {
        ...ours,
        sessions: new TransactionStore({
          ...shared,
          sessionsTable: names.sessions,
          markersTable: names.dedup,
          horizonDays,
        }),
      };
    const storeDeps = { ...shared, closing: new AbortController().signal };
    const writer = new PutWriter(storeDeps);
    const pages = new DedupPages({ ...storeDeps, writer, tableName: names.dedup, horizonDays });
    const { dedupRingSize } = config;
    return {
      ...ours,
      sessions: new PutPerEventStore({ ...shared, tableName: names.sessions, pages, dedupRingSize }),
    };
  };

/** Of a long run each sample is told and none kept: the measuring must not grow either. */
function tell(): void {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const sample: MemorySample = {
    atMs: systemClock.wallMs(),
    cpuUs: user + system,
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
  };
  process.send?.({ sample });
}

class Measuring {
  private readonly tellEveryMs: number | undefined;
  private readonly samples: Sample[] = [];
  private readonly delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  private readonly ended = new AbortController();
  private looking: Promise<void> | undefined;

  constructor(tellEveryMs: number | undefined) {
    this.tellEveryMs = tellEveryMs;
  }

  begin(): void {
    if (this.looking) return;
    this.delay.enable();
    this.looking = this.run();
  }

  async end(): Promise<Pick<WorkerMeasures, 'samples' | 'loopDelayP99Ms' | 'loopDelayMaxMs'>> {
    this.ended.abort();
    await this.looking;
    this.look();
    this.delay.disable();
    return {
      samples: this.samples,
      loopDelayP99Ms: this.delay.percentile(99) / 1e6,
      loopDelayMaxMs: this.delay.max / 1e6,
    };
  }

  private async run(): Promise<void> {
    const everyMs = this.tellEveryMs ?? LOOK_EVERY_MS;
    const look = this.tellEveryMs === undefined ? () => this.look() : tell;
    for (; !this.ended.signal.aborted; await systemClock.sleep(everyMs, this.ended.signal)) look();
  }

  private look(): void {
    const { user, system } = process.cpuUsage();
    this.samples.push({
      atMs: systemClock.wallMs(),
      cpuUs: user + system,
      rssBytes: process.memoryUsage.rss(),
    });
  }
}

const { design, drain, workerId, tellEveryMs } = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const { config } = readConfig(process.env);
tuneHeap();
const measuring = new Measuring(tellEveryMs);
const log = createLog({
  level: 'warn',
  version: VERSION,
  clock: systemClock,
  destination: 'stderr',
  isPretty: false,
  context: {},
});
const worker = new Worker(config, workerId, {
  clock: systemClock,
  random: systemRandom,
  log,
  environment: {},
  createClients: (options) => {
    const clients = createClients(options);
    const send = clients.kinesis.send.bind(clients.kinesis) as (...input: unknown[]) => unknown;
    const watched = (command: object, ...more: unknown[]): unknown => {
      if (command.constructor.name === 'GetRecordsCommand') measuring.begin();
      return send(command, ...more);
    };
    clients.kinesis.send = watched as typeof clients.kinesis.send;
    return clients;
  },
  buildStores: buildOthers(design),
});
process.once('disconnect', () => process.exit());
process.on('message', () => worker.stop());
const { end, totals } = await worker.run({ drain });
const measures: WorkerMeasures = { end: end.kind, totals, ...(await measuring.end()) };
process.send?.(measures, () => process.exit());

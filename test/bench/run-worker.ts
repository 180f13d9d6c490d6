/** One measured run: a stub with a load, a worker that reads it, and whether what was stored is exact.
 *
 *  CPU counts from the worker's first GetRecords, so without start-up, preflight and lease taking, to the first look
 *  after the last event became durable. All threads of the worker's process count. */
import { availableParallelism } from 'node:os';
import { systemClock } from '../../src/time.ts';
import { ended, messageOf, startChild } from './child.ts';
import type { Design, Sample, WorkerMeasures, WorkerOptions } from './measures.ts';
import { TRANSACTION_TRUTH } from './stores/transaction-store.ts';
import type { Judgement } from './stub/judge.ts';
import type { LatencyOptions } from './stub/latency.ts';
import { LOAD_DEFAULTS, type LoadOptions } from './stub/make-load.ts';
import { NAMING, STREAM, type StubReport } from './stub/stub-options.ts';
import type { UnitsReport } from './stub/units.ts';

export interface RunOptions {
  readonly name: string;
  readonly design: Design;
  readonly load: Partial<LoadOptions>;
  readonly latency: LatencyOptions;
  /** 0: a backlog. */
  readonly arrivalsPerSecond: number;
  /** The time in which a backlog came; 0, the default: just now, so that the worker holds nothing back. */
  readonly backlogSeconds?: number;
  /** Refuses reads beyond Kinesis's limits. */
  readonly isLimited: boolean;
  /** Workers, each in a process of its own. Default 1. */
  readonly processes?: number;
  /** Settings of the worker beyond the benchmark's own, by their variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly name: string;
  readonly design: Design;
  readonly shards: number;
  readonly arrivalsPerSecond: number;
  readonly records: number;
  readonly events: number;
  readonly bytesPerRecord: number;
  readonly exact: Judgement;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** What one core could do if the worker had all of it. */
  readonly eventsPerCoreSecond: number;
  readonly cpuUsPerEvent: number;
  /** Share of one core while it ran; above 1: other threads worked too. */
  readonly coresUsed: number;
  readonly stubCpuMs: number;
  readonly rssMaxMiB: number;
  /** Of several processes the largest. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Bytes read a second, of the 2 MB that Kinesis allows, of each shard that gave more than one page. */
  readonly sharesOfReadLimit: readonly number[];
  /** Only of a paced run: in a backlog it is the run's length. */
  readonly arrivalToDurableMs: StubReport['arrivalToDurableMs'] | undefined;
  /** False: records arrived faster than they were stored, so that delays say nothing about a worker at the tip. */
  readonly hasKeptUp: boolean;
  readonly refusedReads: number;
  readonly requests: Readonly<Record<string, number>>;
  /** To DynamoDB, without those about the lease table and the look at the tables at the start. */
  readonly requestsPerEvent: number;
  /** How many fold into one write of a session's item. */
  readonly eventsPerSessionWrite: number;
  readonly writeUnitsPerEvent: number;
  readonly readUnitsPerEvent: number;
  readonly units: UnitsReport;
  readonly leaseTable: {
    readonly requests: number;
    readonly writeUnits: number;
    readonly readUnits: number;
    readonly writeUnitsPerShardSecond: number;
  };
}

const WITHIN_MS = 900_000;
const LOOK_EVERY_MS = 250;
/** After the last event, for copies of earlier ones. */
const REST_MS = 1_500;
/** Two of the worker's pauses between reads, and some for the writes. */
const KEPT_UP_WITHIN_SECONDS = 3;
const MIB = 1_048_576;
/** The stub has the first, the workers the others in turn. */
const CORES = availableParallelism();
/** Source: Kinesis API reference, GetRecords. */
const READ_BYTES_PER_SECOND_MAX = 2_000_000;

const rounded = (value: number, digits = 2): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** A control of the stub's. */
export const ask = async <T>(endpoint: string, path: string): Promise<T> =>
  (await (await fetch(`${endpoint}/stub/${path}`, { method: 'POST' })).json()) as T;

/** Waits until all is durable and, when records arrive as time passes, ends the worker. */
async function untilDurable(endpoint: string, stop: () => void): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + WITHIN_MS;
  for (;;) {
    await systemClock.sleep(LOOK_EVERY_MS);
    const { recordsRead, records, durableEvents, events } = await ask<Progress>(endpoint, 'progress');
    const isLate = systemClock.monotonicMs() > deadlineMs;
    if (!isLate && (recordsRead < records || durableEvents < events)) continue;
    await systemClock.sleep(REST_MS);
    stop();
    return;
  }
}

type Progress = Pick<StubReport, 'recordsRead' | 'records' | 'durableEvents' | 'events'>;

export async function runWorker(options: RunOptions): Promise<RunResult> {
  const { design, load, latency, arrivalsPerSecond, isLimited, backlogSeconds = 0 } = options;
  const isPaced = arrivalsPerSecond > 0;
  const truthAttributes = design === 'transaction' ? TRANSACTION_TRUTH : [];
  const kinesis = { stream: STREAM, arrivalsPerSecond, isLimited, backlogSeconds };
  const stub = startChild('stub/stub-process.js', { load, kinesis, latency, truthAttributes }, { core: 0 });
  try {
    const { endpoint } = await messageOf<{ endpoint: string }>(stub);
    const workers = Array.from({ length: options.processes ?? 1 }, (_, number) => {
      const argument: WorkerOptions = { design, drain: !isPaced, workerId: `bench-worker-${number}` };
      const env = { ...environment(endpoint), ...options.settings };
      return startChild('worker-process.js', argument, { core: (1 + number) % CORES, env });
    });
    const measured = Promise.all(workers.map((worker) => messageOf<WorkerMeasures>(worker)));
    const stop = (): void => {
      for (const worker of workers) worker.send('stop');
    };
    if (isPaced) await Promise.race([measured, untilDurable(endpoint, stop)]);
    const measures = await measured;
    await Promise.all(workers.map(ended));
    const report = await ask<StubReport>(endpoint, 'report');
    return resultOf(options, measures, report, await ask<Judgement>(endpoint, 'check'));
  } finally {
    stub.kill();
    await ended(stub);
  }
}

/** As in the container: half a second's garbage less, and memory that goes back when it is free. */
export const IMAGE_ENVIRONMENT = {
  NODE_OPTIONS: '--max-semi-space-size=16',
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Of a worker, by its variables. */
export const environment = (endpoint: string): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_KINESIS: endpoint,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  ...IMAGE_ENVIRONMENT,
  SUPERSIM_STREAM: STREAM,
  SUPERSIM_APPLICATION: NAMING.application,
  SUPERSIM_TABLE_PREFIX: NAMING.tablePrefix,
  // What other designs keep too; runs that keep all say so.
  SUPERSIM_PROJECTIONS: 'sessions',
});

function cpuBetween(samples: readonly Sample[], untilMs: number): number {
  const first = samples[0] as Sample;
  const last = samples.find(({ atMs }) => atMs >= untilMs) ?? (samples.at(-1) as Sample);
  return last.cpuUs - first.cpuUs;
}

function resultOf(
  { name, design, load, arrivalsPerSecond }: RunOptions,
  workers: readonly WorkerMeasures[],
  report: StubReport,
  exact: Judgement,
): RunResult {
  const { events, units, requestsByTable } = report;
  const seconds = (report.lastDurableAtMs - report.firstReadAtMs) / 1_000;
  const sum = (of: (worker: WorkerMeasures) => number): number =>
    workers.reduce((all, each) => all + of(each), 0);
  const most = (of: (worker: WorkerMeasures) => number): number => Math.max(...workers.map(of));
  const cpuUs = sum(({ samples }) => cpuBetween(samples, report.lastDurableAtMs));
  const { shards } = { ...LOAD_DEFAULTS, ...load };
  const data = Object.entries(units.byTable).filter(([table]) => table !== NAMING.application);
  const perEvent = (of: 'read' | 'write'): number =>
    rounded(data.reduce((sum, [, used]) => sum + used[of], 0) / events, 3);
  const leases = units.byTable[NAMING.application] ?? { read: 0, write: 0 };
  const leaseRequests = requestsByTable[NAMING.application] ?? 0;
  const { DescribeTable: atStart = 0, ...later } = report.requests;
  const lookedAtLeases = atStart > 0 ? 1 : 0;
  const dataRequests =
    Object.values(later).reduce((sum, count) => sum + count, 0) - leaseRequests + lookedAtLeases;
  return {
    name,
    design,
    shards,
    arrivalsPerSecond,
    records: report.records,
    events,
    bytesPerRecord: report.bytesPerRecord,
    exact,
    seconds: rounded(seconds),
    eventsPerSecond: Math.round(events / seconds),
    eventsPerCoreSecond: Math.round((events / cpuUs) * 1e6),
    cpuUsPerEvent: rounded(cpuUs / events, 1),
    coresUsed: rounded(cpuUs / 1e6 / seconds),
    stubCpuMs: Math.round(report.stubCpuMs),
    rssMaxMiB: rounded(most(({ samples }) => Math.max(...samples.map(({ rssBytes }) => rssBytes))) / MIB, 1),
    loopDelayP99Ms: rounded(
      most(({ loopDelayP99Ms }) => loopDelayP99Ms),
      1,
    ),
    loopDelayMaxMs: rounded(
      most(({ loopDelayMaxMs }) => loopDelayMaxMs),
      1,
    ),
    sharesOfReadLimit: report.bytesPerSecondOfShards.map((bytes) =>
      rounded(bytes / READ_BYTES_PER_SECOND_MAX, 3),
    ),
    arrivalToDurableMs: arrivalsPerSecond > 0 ? report.arrivalToDurableMs : undefined,
    hasKeptUp:
      arrivalsPerSecond === 0 || seconds < report.records / arrivalsPerSecond + KEPT_UP_WITHIN_SECONDS,
    refusedReads: report.refusedReads,
    requests: report.requests,
    requestsPerEvent: rounded(dataRequests / events, 3),
    eventsPerSessionWrite: rounded(events / report.sessionWrites),
    writeUnitsPerEvent: perEvent('write'),
    readUnitsPerEvent: perEvent('read'),
    units,
    leaseTable: {
      requests: leaseRequests,
      writeUnits: leases.write,
      readUnits: leases.read,
      writeUnitsPerShardSecond: rounded(leases.write / shards / seconds, 4),
    },
  };
}

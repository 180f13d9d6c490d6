/** S: one worker under full load for many minutes, and whether its memory stays small and flat. The stub serves one
 *  load in cycles and checks each; the worker tells its memory each second. */
import type { ChildProcess } from 'node:child_process';
import type { Projection } from '../../../src/store/projection-names.ts';
import { systemClock } from '../../../src/time.ts';
import { ended, messageOf, startChild } from '../child.ts';
import type { WorkerMeasures, WorkerOptions } from '../measures.ts';
import { ask, environment } from '../run-worker.ts';
import type { LatencyOptions } from '../stub/latency.ts';
import type { LoadOptions } from '../stub/make-load.ts';
import { judgeMemory, type MemorySample, type MemoryVerdict } from './memory-trend.ts';
import type { SoakStubOptions, SoakStubReport } from './soak-process.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Of one cycle. */
  readonly load: Partial<LoadOptions>;
  readonly latency: LatencyOptions;
  readonly keep: readonly Projection[];
  readonly say: (text: string) => void;
}

export interface SoakResult {
  readonly seconds: number;
  readonly projections: readonly Projection[];
  /** Small, flat and exact. */
  readonly hasPassed: boolean;
  /** Every cycle is checked, and holds each event exactly once. */
  readonly isExact: boolean;
  readonly eventsPerSecond: number;
  readonly cpuUsPerEvent: number;
  /** Share of one core: below 1 other programs had the rest, or the stub was slower. */
  readonly coresUsed: number;
  /** Of each minute. */
  readonly eventsPerSecondByMinute: readonly number[];
  /** The most in each minute. */
  readonly rssMiBByMinute: readonly number[];
  readonly loopDelayP99Ms: number;
  readonly memory: MemoryVerdict;
  readonly stub: SoakStubReport;
}

const TELL_EVERY_MS = 1_000;
const MINUTE_MS = 60_000;
/** For what is on its way when the time is over. */
const END_WITHIN_MS = 10 * MINUTE_MS;
const MIB = 1_048_576;

type Message = { readonly sample: MemorySample } | WorkerMeasures;

/** What a minute brought. */
interface Minute {
  readonly eventsPerSecond: number;
  readonly rssMiB: number;
}

const minuteLine = (at: number, { eventsPerSecond, rssMiB }: Minute, stub: SoakStubReport): string =>
  `  ${at} min: ${eventsPerSecond} events/s, RSS at most ${rssMiB} MiB, ${stub.cyclesChecked} cycles checked, ` +
  `${stub.differences} differences, the stub has ${Math.round(stub.stubRssBytes / MIB)} MiB`;

/** Watches until the time is over, then lets the stream end. */
async function watch(
  endpoint: string,
  { minutes, say }: SoakOptions,
  samples: readonly MemorySample[],
): Promise<readonly Minute[]> {
  const byMinute: Minute[] = [];
  let [eventsBefore, atBeforeMs, samplesBefore] = [0, systemClock.monotonicMs(), 0];
  while (byMinute.length < minutes) {
    await systemClock.sleep(MINUTE_MS);
    const stub = await ask<SoakStubReport>(endpoint, byMinute.length + 1 < minutes ? 'report' : 'end');
    const atMs = systemClock.monotonicMs();
    const minute = {
      eventsPerSecond: Math.round(((stub.durableEvents - eventsBefore) * 1_000) / (atMs - atBeforeMs)),
      rssMiB: Math.round(Math.max(0, ...samples.slice(samplesBefore).map(({ rssBytes }) => rssBytes)) / MIB),
    };
    [eventsBefore, atBeforeMs, samplesBefore] = [stub.durableEvents, atMs, samples.length];
    byMinute.push(minute);
    say(minuteLine(byMinute.length, minute, stub));
  }
  return byMinute;
}

function resultOf(
  { keep }: SoakOptions,
  stub: SoakStubReport,
  byMinute: readonly Minute[],
  samples: readonly MemorySample[],
  loopDelayP99Ms: number,
): SoakResult {
  const memory = judgeMemory(samples);
  const isWhole =
    stub.cyclesChecked === stub.cycles && stub.durableEvents === stub.cycles * stub.eventsPerCycle;
  const isExact = isWhole && stub.cycles > 0 && stub.differences === 0 && stub.deadLetters === 0;
  const cpuUs = (samples.at(-1)?.cpuUs ?? 0) - (samples[0]?.cpuUs ?? 0);
  const seconds = ((samples.at(-1)?.atMs ?? 0) - stub.firstReadAtMs) / 1_000;
  return {
    seconds: Math.round(seconds),
    projections: keep,
    hasPassed: isExact && memory.isSmall && memory.isFlat,
    isExact,
    eventsPerSecond: Math.round(stub.durableEvents / seconds),
    cpuUsPerEvent: Math.round((10 * cpuUs) / stub.durableEvents) / 10,
    coresUsed: Math.round(cpuUs / seconds / 10_000) / 100,
    eventsPerSecondByMinute: byMinute.map(({ eventsPerSecond }) => eventsPerSecond),
    rssMiBByMinute: byMinute.map(({ rssMiB }) => rssMiB),
    loopDelayP99Ms: Math.round(loopDelayP99Ms * 10) / 10,
    memory,
    stub,
  };
}

function lineOf({ isExact, eventsPerSecond, cpuUsPerEvent, coresUsed, memory, stub }: SoakResult): string {
  const { rss, heapUsed, external, ...is } = memory;
  return [
    `  ${isExact ? 'exact' : 'NOT EXACT'}: ${stub.cyclesChecked} cycles of ${stub.eventsPerCycle} events`,
    `${eventsPerSecond} events/s, ${cpuUsPerEvent} µs CPU per event, ${coresUsed} cores used`,
    `RSS max ${rss.max} MiB${is.isSmall ? '' : ' TOO MUCH'}`,
    `first third ${rss.firstThird}, last ${rss.lastThird}, ${rss.slopePerHour} MiB an hour${is.isFlat ? '' : ' GROWS'}`,
    `heap ${heapUsed.firstThird} → ${heapUsed.lastThird}`,
    `external ${external.firstThird} → ${external.lastThird}`,
  ].join(', ');
}

/** What it tells on its way is kept, then its measures. */
function measuresOf(worker: ChildProcess, samples: MemorySample[]): Promise<WorkerMeasures> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: Message) =>
      'sample' in message ? samples.push(message.sample) : resolve(message),
    );
    worker.once('exit', () => reject(new Error('the worker ended without its measures')));
  });
}

/** @throws Error when a process ends too early, or the worker does not end. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { load, latency, keep, say } = options;
  const stubOptions: SoakStubOptions = { load, latency, projections: keep };
  const stub = startChild('soak/soak-process.js', stubOptions, { core: 0 });
  const over = new AbortController();
  let worker: ChildProcess | undefined;
  try {
    const { endpoint } = await messageOf<{ endpoint: string }>(stub);
    const argument: WorkerOptions = {
      design: 'ours',
      drain: true,
      workerId: 'bench-worker-0',
      tellEveryMs: TELL_EVERY_MS,
    };
    const env = { ...environment(endpoint), SUPERSIM_PROJECTIONS: keep.join(',') };
    worker = startChild('worker-process.js', argument, { core: 1, env });
    const samples: MemorySample[] = [];
    const measured = measuresOf(worker, samples);
    const byMinute = await Promise.race([watch(endpoint, options, samples), measured.then(tooEarly)]);
    const measures = await Promise.race([
      measured,
      systemClock.sleep(END_WITHIN_MS, over.signal).then(tooLate),
    ]);
    await ended(worker);
    const report = await ask<SoakStubReport>(endpoint, 'report');
    const result = resultOf(options, report, byMinute, samples, measures.loopDelayP99Ms);
    say(lineOf(result));
    return result;
  } finally {
    over.abort();
    worker?.kill();
    stub.kill();
    await ended(stub);
  }
}

function tooEarly({ end }: WorkerMeasures): never {
  throw new Error(`the worker ended while there was more to read: ${end}`);
}

function tooLate(): never {
  throw new Error('the worker did not end with the stream');
}

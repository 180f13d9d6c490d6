/** What a worker process costs while it lives: memory, open files, timers, as its own /metrics tell. */
import { systemClock } from '../../src/time.ts';

export interface Vitals {
  /** Since the process began. Unit: ms. */
  readonly ageMs: number;
  readonly rssBytes: number;
  readonly openFiles: number;
  /** Sockets, servers and the like that keep the process alive. */
  readonly activeHandles: number;
  readonly activeTimers: number;
}

const LOOK_WITHIN_MS = 1_000;

function sampleOf(exposition: string, series: string): number {
  const line = exposition
    .split('\n')
    .find((each) => each.startsWith(`${series}{`) || each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
}

const sampleOfType = (exposition: string, series: string, type: string): number => {
  const line = exposition
    .split('\n')
    .find((each) => each.startsWith(`${series}{`) && each.includes(`type="${type}"`));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
};

/** Undefined when the process does not answer: frozen, starting, or gone. */
export async function lookAt(address: string, startedAtMs: number): Promise<Vitals | undefined> {
  const { signal, cancel } = systemClock.timeout(LOOK_WITHIN_MS);
  try {
    const text = await (await fetch(`http://${address}/metrics`, { signal })).text();
    return {
      ageMs: systemClock.monotonicMs() - startedAtMs,
      rssBytes: sampleOf(text, 'process_resident_memory_bytes'),
      openFiles: sampleOf(text, 'process_open_fds'),
      activeHandles: sampleOf(text, 'nodejs_active_handles_total'),
      activeTimers: sampleOfType(text, 'nodejs_active_resources', 'Timeout'),
    };
  } catch {
    return undefined;
  } finally {
    cancel();
  }
}

/** Least squares; NaN for fewer than two points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const up = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return up / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

export interface VitalsReport {
  readonly worker: string;
  readonly lifetimeSeconds: number;
  readonly rssFirstMiB: number;
  readonly rssLastMiB: number;
  readonly rssMaxMiB: number;
  /** Over the second half of the lifetime, when code is compiled and caches are filled. */
  readonly rssSlopeMiBPerMinute: number;
  readonly openFilesMax: number;
  readonly openFilesLast: number;
  readonly activeHandlesMax: number;
  readonly activeHandlesLast: number;
  readonly activeTimersMax: number;
  readonly activeTimersLast: number;
}

const MIB = 1_048_576;
const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Undefined for a process that was seen less than three times. */
export function reportVitals(worker: string, samples: readonly Vitals[]): VitalsReport | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 3) return undefined;
  const most = (of: (vitals: Vitals) => number): number => Math.max(...samples.map(of));
  const late = samples.filter(({ ageMs }) => ageMs >= last.ageMs / 2);
  return {
    worker,
    lifetimeSeconds: Math.round(last.ageMs / 1_000),
    rssFirstMiB: rounded(first.rssBytes / MIB),
    rssLastMiB: rounded(last.rssBytes / MIB),
    rssMaxMiB: rounded(most(({ rssBytes }) => rssBytes) / MIB),
    rssSlopeMiBPerMinute: rounded(
      slopeOf(late.map(({ ageMs, rssBytes }) => [ageMs / 60_000, rssBytes / MIB])),
    ),
    openFilesMax: most(({ openFiles }) => openFiles),
    openFilesLast: last.openFiles,
    activeHandlesMax: most(({ activeHandles }) => activeHandles),
    activeHandlesLast: last.activeHandles,
    activeTimersMax: most(({ activeTimers }) => activeTimers),
    activeTimersLast: last.activeTimers,
  };
}

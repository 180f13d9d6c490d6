/** Runs several workers as processes of one machine:
 *
 *    first ──► all ──► ending ──► ended
 *      │        │        ▲ stop, or a process that is refused: all are told once; after the grace they are killed
 *      └────────┴────────┘
 *  The first process starts alone: what is wrong with the settings is then said once, not by each. */
import type { HttpServerDeps } from '../ops/http-server.ts';
import type { Log } from '../ops/log.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import { worstFirst } from '../ops/troubles.ts';
import type { WorkerReport } from '../page/worker-report.ts';
import type { Clock, Random } from '../time.ts';
import type { Fork } from './forked-process.ts';
import { mergeExpositions } from './merge-expositions.ts';
import type { WorkerState } from './messages.ts';
import type { RefusalCodes } from './restart-policy.ts';
import { sumTotals } from './sum-totals.ts';
import { type PlaceEnd, SupervisedProcess } from './supervised-process.ts';
import { SupervisorMetrics } from './supervisor-metrics.ts';

/** Beyond the grace a worker gives its leases back for 2 s; one that needs more stands still. Below ECS's 30 s for a
 *  grace of 25 s. Unit: ms. */
const KILL_AFTER_GRACE_MS = 4_000;

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fork: Fork;
}

export interface SupervisorOptions {
  readonly processes: number;
  readonly drain: boolean;
  /** How long a worker may take to stop. Unit: ms. */
  readonly graceMs: number;
  readonly stream: string;
  readonly application: string;
  readonly codes: RefusalCodes;
}

export interface SupervisedRun {
  readonly exitCode: number;
  readonly end: 'stopped' | 'drained' | 'parked' | 'failed';
  /** Of the processes that ended in good order: what a crashed one had counted went with it. */
  readonly totals: MetricsSnapshot;
}

export class Supervisor {
  private readonly deps: SupervisorDeps;
  private readonly options: SupervisorOptions;
  private readonly metrics: SupervisorMetrics;
  private readonly places: readonly SupervisedProcess[];
  private readonly stopping = new AbortController();
  private readonly ended = new AbortController();

  constructor(deps: SupervisorDeps, options: SupervisorOptions) {
    this.deps = deps;
    this.options = options;
    this.places = Array.from(
      { length: options.processes },
      (_, index) =>
        new SupervisedProcess(index + 1, {
          ...deps,
          codes: options.codes,
          circumstances: (place) => this.circumstances(place),
          onRestart: (process) => this.metrics.restarted(process),
        }),
    );
    this.metrics = new SupervisorMetrics({
      ...options,
      isUp: (process) => this.places[process - 1]?.phase === 'reading',
    });
  }

  /** Runs until stopped, drained or refused. No process is left when it resolves. */
  async run(): Promise<SupervisedRun> {
    const [first, ...others] = this.places;
    const runs = [first].flatMap((place) => (place ? [this.runPlace(place)] : []));
    await Promise.race([first?.settled, ...runs]);
    runs.push(...others.map((place) => this.runPlace(place)));
    const ends = await Promise.all(runs);
    this.ended.abort();
    return {
      exitCode: Math.max(...ends.map(({ exitCode }) => exitCode)),
      end: combinedEnd(ends),
      totals: sumTotals(ends.flatMap(({ totals }) => (totals ? [totals] : []))),
    };
  }

  /** Tells every process once to finish what is in flight and end. */
  stop(): void {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    for (const place of this.places) place.stop();
    void this.killLate();
  }

  /** kill -9 for every process, at once. */
  kill(): void {
    this.stopping.abort();
    for (const place of this.places) place.kill();
  }

  /** What the one HTTP endpoint shows. Asked for once. */
  view(): HttpServerDeps {
    this.metrics.addProcessSeries();
    return {
      heartbeats: { states: () => this.places.flatMap((place) => place.loops()) },
      readiness: () => [
        ...(this.stopping.signal.aborted ? [{ name: 'running', isOk: false, reason: 'draining' }] : []),
        ...this.places.flatMap((place) => place.checks()),
      ],
      troubles: () => worstFirst(...this.places.map((place) => place.troubles())),
      metrics: async () => ({
        contentType: this.metrics.contentType,
        body: await this.renderMetrics(),
      }),
      state: () => this.describe(),
      report: () => this.report(),
    };
  }

  private async report(): Promise<readonly WorkerReport[]> {
    const asked = await Promise.all(this.places.map((place) => place.ask('report')));
    return (asked as readonly (readonly WorkerReport[] | undefined)[]).flatMap((reports) => reports ?? []);
  }

  private async runPlace(place: SupervisedProcess): Promise<PlaceEnd> {
    const end = await place.run(this.stopping.signal);
    if (end.isRefused) this.stop();
    return end;
  }

  private circumstances(place: SupervisedProcess) {
    return {
      isStopping: this.stopping.signal.aborted,
      isDraining: this.options.drain,
      isAnotherReading: this.places.some((other) => other !== place && other.phase === 'reading'),
    };
  }

  private async killLate(): Promise<void> {
    await this.deps.clock.sleep(this.options.graceMs + KILL_AFTER_GRACE_MS, this.ended.signal);
    if (this.ended.signal.aborted) return;
    for (const place of this.places)
      if (place.kill())
        this.deps.log.error('process.killed', 'a worker process did not end within its grace', {
          process: place.number,
        });
  }

  private async renderMetrics(): Promise<string> {
    const bodies = await Promise.all(this.places.map((place) => place.ask('metrics')));
    // After the answers: what did not answer is known by then.
    const own = await this.metrics.render();
    return mergeExpositions([own, ...bodies.filter((body) => typeof body === 'string')]);
  }

  /** As one worker's `/state`, and each process. */
  private async describe(): Promise<object> {
    const asked = await Promise.all(this.places.map((place) => place.ask('state')));
    const states = asked as readonly (WorkerState | undefined)[];
    const known = states.filter((state) => state !== undefined);
    const { stream, application } = this.options;
    return {
      stream,
      application,
      phase: this.stopping.signal.aborted ? 'draining' : 'running',
      totals: sumTotals(known.map(({ totals }) => totals)),
      shards: known.flatMap(({ shards, workerId }) => shards.map((shard) => ({ ...shard, workerId }))),
      processes: this.places.map(({ number, phase, pid, restarts }, index) => ({
        process: number,
        phase,
        pid: pid ?? null,
        restarts,
        workerId: states[index]?.workerId ?? null,
        totals: states[index]?.totals ?? null,
      })),
    };
  }
}

function combinedEnd(ends: readonly PlaceEnd[]): SupervisedRun['end'] {
  if (ends.some(({ end }) => end === 'parked')) return 'parked';
  if (ends.some(({ exitCode }) => exitCode !== 0)) return 'failed';
  return ends.every(({ end }) => end === 'drained') ? 'drained' : 'stopped';
}

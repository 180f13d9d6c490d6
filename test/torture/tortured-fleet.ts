/** A fixed number of workers, each replaced at once when it ends: what an orchestrator would do. */
import type { Chance } from '../../src/local/seeded-random.ts';
import { systemClock } from '../../src/time.ts';
import type { Summary } from '../support/engines.ts';
import { lastJson } from '../support/worker-process.ts';
import { type Surroundings, TorturedWorker } from './tortured-worker.ts';
import { reportVitals, type VitalsReport } from './vitals.ts';

/** AWS was unreachable at the start: the documented exit code. */
const EXIT_UNREACHABLE = 6;
const RESTART_AFTER_MS = 500;

export interface FleetReport {
  kills: number;
  /** SIGSTOP for longer than the failover time. */
  pauses: number;
  terminations: number;
  /** Processes that gave up at their start because a service did not answer, as documented. */
  refusedStarts: number;
  processes: number;
  /** Ended although nobody asked them to, and other things that must not be. */
  readonly failures: string[];
  /** What those that ended by SIGTERM say that they did. */
  readonly books: {
    worker: string;
    read: number;
    applied: number;
    duplicate: number;
    ignored: number;
    deadLettered: number;
  }[];
  readonly vitals: VitalsReport[];
  /** Log lines of level error, by event. */
  readonly errors: Record<string, number>;
}

export class TorturedFleet {
  readonly report: FleetReport = {
    kills: 0,
    pauses: 0,
    terminations: 0,
    refusedStarts: 0,
    processes: 0,
    failures: [],
    books: [],
    vitals: [],
    errors: {},
  };
  private readonly surroundings: Surroundings;
  private readonly failoverTimeMs: number;
  private readonly findPersonal: (text: string) => string | undefined;
  private readonly say: (text: string) => void;
  /** By place. Place 0 is the witness: it is paused but never ended, so that its memory tells something. */
  private readonly places: TorturedWorker[] = [];
  private readonly closing: Promise<void>[] = [];
  private isEnding = false;

  constructor(
    surroundings: Surroundings,
    options: {
      readonly failoverTimeMs: number;
      readonly findPersonal: (text: string) => string | undefined;
      readonly say: (text: string) => void;
    },
  ) {
    this.surroundings = surroundings;
    this.failoverTimeMs = options.failoverTimeMs;
    this.findPersonal = options.findPersonal;
    this.say = options.say;
  }

  async start(size: number): Promise<void> {
    for (let place = 0; place < size; place += 1) await this.fill(place);
  }

  get running(): readonly TorturedWorker[] {
    return this.places.filter(({ isRunning }) => isRunning);
  }

  names(): ReadonlySet<string> {
    return new Set(this.running.map(({ name }) => name));
  }

  private async fill(place: number): Promise<void> {
    const worker = await TorturedWorker.start(this.surroundings, this.report.processes);
    this.report.processes += 1;
    this.places[place] = worker;
    void worker.done.then(() => this.replaceUnasked(place, worker));
  }

  private async replaceUnasked(place: number, worker: TorturedWorker): Promise<void> {
    if (!worker.isUnasked || this.isEnding) return;
    const { code } = await worker.done;
    if (code === EXIT_UNREACHABLE && !worker.hasBegun) this.report.refusedStarts += 1;
    else this.fail(`${worker.name} ended by itself with ${code}: ${worker.output().slice(-600)}`);
    this.bury(worker);
    await systemClock.sleep(RESTART_AFTER_MS);
    if (!this.isEnding) await this.fill(place);
  }

  fail(what: string): void {
    this.report.failures.push(what);
    this.say(`failure: ${what}`);
  }

  /** Takes what a process leaves behind. */
  private bury(worker: TorturedWorker): void {
    const { report } = this;
    const vitals = reportVitals(worker.name, worker.vitals);
    if (vitals) report.vitals.push(vitals);
    const personal = this.findPersonal(worker.output());
    if (personal !== undefined) this.fail(`${worker.name} printed ${personal}`);
    for (const [, event = ''] of worker.output().matchAll(/"level":"error".*?"event":"([^"]+)"/g))
      report.errors[event] = (report.errors[event] ?? 0) + 1;
    this.closing.push(worker.closeWhenSettled());
  }

  /** One that runs, and that may be spared; undefined when there is none now. */
  victim(chance: Chance, kind: 'kill' | 'pause' | 'terminate'): number | undefined {
    const running = [...this.places.keys()].filter((place) => this.places[place]?.isRunning);
    // One is left to work at any time.
    if (running.length < 2) return undefined;
    const able = running.filter(
      (place) =>
        (place > 0 || kind === 'pause') &&
        // Before that a signal ends a process as it ends any: there is nothing to finish yet.
        (kind !== 'terminate' || this.places[place]?.hasBegun),
    );
    return able.length === 0 ? undefined : chance.pick(able);
  }

  /** kill -9, and a new process at once. */
  async kill(place: number): Promise<void> {
    const worker = this.at(place);
    const ended = worker.end('SIGKILL');
    await this.fill(place);
    await ended;
    this.report.kills += 1;
    this.bury(worker);
  }

  async pause(place: number, ms: number): Promise<void> {
    if ((await this.at(place).pause(ms)) > this.failoverTimeMs) this.report.pauses += 1;
  }

  /** SIGTERM, and a new process when the old one is gone. */
  async terminate(place: number, { isReplaced = true } = {}): Promise<void> {
    const worker = this.at(place);
    const { code, stdout } = await worker.end('SIGTERM');
    this.report.terminations += 1;
    if (code !== 0) this.fail(`${worker.name} ended with ${code} on SIGTERM: ${worker.output().slice(-600)}`);
    else this.keepBooks(worker.name, lastJson(stdout) as unknown as Summary);
    this.bury(worker);
    if (isReplaced && !this.isEnding) await this.fill(place);
  }

  private keepBooks(worker: string, { read, applied, duplicate, ignored, deadLettered }: Summary): void {
    this.report.books.push({ worker, read, applied, duplicate, ignored, deadLettered });
    if (read !== applied + duplicate + ignored + deadLettered)
      this.fail(`${worker}: the books do not balance`);
  }

  private at(place: number): TorturedWorker {
    const worker = this.places[place];
    if (!worker) throw new Error(`nobody at place ${place}`);
    return worker;
  }

  async look(): Promise<void> {
    await Promise.all(this.running.map((worker) => worker.look()));
  }

  /** Ends all by SIGTERM, and waits until every call that was on its way has arrived. */
  async finish(): Promise<void> {
    this.isEnding = true;
    const living = [...this.places.keys()].filter((place) => this.places[place]?.state !== 'ended');
    await Promise.all(living.map((place) => this.terminate(place, { isReplaced: false })));
    await Promise.all(this.closing);
  }

  /** Leaves no process behind, whatever happened. */
  async stop(): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.places.map((worker) => worker.close()));
  }
}

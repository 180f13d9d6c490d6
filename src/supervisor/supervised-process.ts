/** One of the supervisor's places, and the processes that fill it one after another:
 *
 *    waiting ──► starting ──► reading ──► ended
 *                 ▲   │ exit    │ exit      ▲ finished, refused, or told to stop
 *                 │   ▼         ▼           │
 *                 └─ restarting ────────────┘   back-off; see restart-policy.ts */
import type { ReadyCheck } from '../ops/health.ts';
import type { Heartbeat, LoopState } from '../ops/heartbeats.ts';
import { Heartbeats } from '../ops/heartbeats.ts';
import type { Log } from '../ops/log.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { Trouble } from '../ops/troubles.ts';
import type { Clock, Random } from '../time.ts';
import type { Exit, Fork, ForkedProcess } from './forked-process.ts';
import type { FromProcess, GoodEnd, Question } from './messages.ts';
import {
  type Circumstances,
  decide,
  type ProcessExit,
  type RefusalCodes,
  restartDelayMs,
} from './restart-policy.ts';

/** An event loop that stands still this long is not coming back; a start takes less. Unit: ms. */
const REPORT_ALLOWANCE_MS = 30_000;
/** A scrape does not wait for a process that stands still. Unit: ms. */
const ANSWER_WITHIN_MS = 2_000;

export type PlacePhase = 'waiting' | 'starting' | 'reading' | 'restarting' | 'ended';

export interface PlaceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fork: Fork;
  readonly codes: RefusalCodes;
  /** What `decide` must know beside the exit, but for the place's own count. */
  readonly circumstances: (place: SupervisedProcess) => Omit<Circumstances, 'restartsInARow'>;
  readonly onRestart: (process: number) => void;
}

/** How a place ended. */
export interface PlaceEnd {
  readonly isRefused: boolean;
  readonly exitCode: number;
  readonly end: GoodEnd | undefined;
  readonly totals: MetricsSnapshot | undefined;
}

/** What is known of the process that runs now. */
interface Life {
  readonly child: ForkedProcess;
  readonly heartbeat: Heartbeat;
  readonly answers: Map<number, (value: unknown) => void>;
  hasStarted: boolean;
  loops: readonly LoopState[];
  checks: readonly ReadyCheck[] | undefined;
  troubles: readonly Trouble[];
  ended: { readonly end: GoodEnd; readonly totals: MetricsSnapshot } | undefined;
}

export class SupervisedProcess {
  readonly number: number;
  restarts = 0;
  private readonly deps: PlaceDeps;
  private readonly heartbeats: Heartbeats;
  private readonly name: string;
  private life: Life | undefined;
  private rest: 'waiting' | 'restarting' | 'ended' = 'waiting';
  private restartsInARow = 0;
  private questions = 0;
  private settle: () => void = () => undefined;
  /** Resolves when the first process reads, or is to be restarted. */
  readonly settled = new Promise<void>((resolve) => {
    this.settle = resolve;
  });

  constructor(number: number, deps: PlaceDeps) {
    this.number = number;
    this.name = `process-${number}`;
    this.deps = deps;
    this.heartbeats = new Heartbeats(deps.clock);
  }

  get phase(): PlacePhase {
    return this.life ? (this.life.hasStarted ? 'reading' : 'starting') : this.rest;
  }

  get pid(): number | undefined {
    return this.life?.child.pid;
  }

  /** Keeps a process running until it has finished, is refused, or `stopping` aborts. */
  async run(stopping: AbortSignal): Promise<PlaceEnd> {
    try {
      while (!stopping.aborted) {
        const { exit, totals } = await this.live();
        const about = { ...this.deps.circumstances(this), restartsInARow: this.restartsInARow };
        const verdict = decide(exit, about, this.deps.codes);
        if (verdict.kind !== 'restart') {
          this.logEnd(exit, verdict.kind);
          return { isRefused: verdict.kind === 'give-up', exitCode: verdict.exitCode, end: exit.end, totals };
        }
        await this.backOff(exit, verdict.restartsInARow, stopping);
      }
      return { isRefused: false, exitCode: 0, end: 'stopped', totals: undefined };
    } finally {
      this.rest = 'ended';
    }
  }

  /** Told once; a process that has not come far enough to listen hears it as soon as it does. */
  stop(): void {
    this.life?.child.send({ kind: 'stop' });
  }

  /** kill -9. Whether there was something to kill. */
  kill(): boolean {
    this.life?.child.kill();
    return this.life !== undefined;
  }

  /** Asks the process; undefined when it has no answer in time, or there is none to ask. */
  async ask(what: Question): Promise<unknown> {
    const { life } = this;
    if (!life) return undefined;
    this.questions += 1;
    const id = this.questions;
    const deadline = this.deps.clock.timeout(ANSWER_WITHIN_MS);
    return new Promise((resolve) => {
      life.answers.set(id, resolve);
      deadline.signal.addEventListener('abort', () => resolve(undefined), { once: true });
      life.child.send({ kind: 'ask', id, what });
    }).finally(() => {
      life.answers.delete(id);
      deadline.cancel();
    });
  }

  /** Its loops, and the arrival of its reports as one more. */
  loops(): LoopState[] {
    const inside = (this.life?.loops ?? []).map((loop) => ({ ...loop, name: `${this.name}/${loop.name}` }));
    return [...this.heartbeats.states(), ...inside];
  }

  checks(): ReadyCheck[] {
    const { phase } = this;
    if (phase !== 'reading') return [{ name: this.name, isOk: false, reason: phase }];
    return (this.life?.checks ?? []).map((check) => ({ ...check, name: `${this.name}/${check.name}` }));
  }

  troubles(): Trouble[] {
    return (this.life?.troubles ?? []).map((trouble) => ({ ...trouble, process: String(this.number) }));
  }

  /** One process from its start to its end. */
  private async live(): Promise<{ exit: ProcessExit; totals: MetricsSnapshot | undefined }> {
    const { clock, fork, log } = this.deps;
    const startedAtMs = clock.monotonicMs();
    const life: Life = {
      child: fork(this.number, (message) => this.hear(life, message)),
      heartbeat: this.heartbeats.watch(this.name, REPORT_ALLOWANCE_MS),
      answers: new Map(),
      hasStarted: false,
      loops: [],
      checks: undefined,
      troubles: [],
      ended: undefined,
    };
    this.life = life;
    log.info('process.started', 'a worker process was started', { process: this.number, pid: this.pid });
    const { code, signal } = await life.child.exited;
    this.life = undefined;
    life.heartbeat.stop();
    for (const resolve of life.answers.values()) resolve(undefined);
    const uptimeMs = clock.monotonicMs() - startedAtMs;
    const { hasStarted, ended } = life;
    return { exit: { code, signal, end: ended?.end, hasStarted, uptimeMs }, totals: ended?.totals };
  }

  private hear(life: Life, message: FromProcess): void {
    if (message.kind === 'answer') life.answers.get(message.id)?.(message.value);
    if (message.kind === 'ended') life.ended = message;
    if (message.kind !== 'report') return;
    life.heartbeat.beat();
    life.loops = message.loops;
    life.checks = message.checks;
    life.troubles = message.troubles;
    if (!message.checks?.some(({ name, isOk }) => name === 'running' && isOk)) return;
    life.hasStarted = true;
    this.settle();
  }

  private async backOff(exit: ProcessExit, restartsInARow: number, stopping: AbortSignal): Promise<void> {
    const { clock, random, log, onRestart } = this.deps;
    this.restartsInARow = restartsInARow;
    this.rest = 'restarting';
    this.settle();
    const delayMs = Math.round(restartDelayMs(restartsInARow, random));
    log.warn('process.crashed', 'a worker process ended unasked and is started again', {
      ...this.endFields(exit),
      attempt: restartsInARow,
      delayMs,
    });
    await clock.sleep(delayMs, stopping);
    if (stopping.aborted) return;
    this.restarts += 1;
    onRestart(this.number);
  }

  private logEnd(exit: ProcessExit, kind: 'finished' | 'give-up'): void {
    if (kind === 'finished')
      this.deps.log.info('process.ended', 'a worker process ended', this.endFields(exit));
    else
      this.deps.log.error(
        'process.refused',
        'a worker process cannot run, so the run ends; its own lines say why',
        this.endFields(exit),
      );
  }

  private endFields({ code, signal, uptimeMs, end }: ProcessExit & Exit) {
    return {
      process: this.number,
      exitCode: code ?? undefined,
      signal: signal ?? undefined,
      reason: end,
      elapsedMs: Math.round(uptimeMs),
    };
  }
}

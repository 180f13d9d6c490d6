/** Processes that end and speak when a test says so. */

import type { MetricsSnapshot } from '../../src/ops/metrics.ts';
import { RunTotals } from '../../src/ops/run-totals.ts';
import type { Trouble } from '../../src/ops/troubles.ts';
import type { Fork } from '../../src/supervisor/forked-process.ts';
import type { FromProcess, GoodEnd, ToProcess } from '../../src/supervisor/messages.ts';
import { settle } from './virtual-clock.ts';

export const totalsOf = (changes: Partial<MetricsSnapshot> = {}): MetricsSnapshot => ({
  ...new RunTotals().snapshot(),
  ...changes,
});

export class FakeProcess {
  readonly number: number;
  readonly pid: number;
  /** What it was told. */
  readonly told: ToProcess[] = [];
  isKilled = false;
  isEnded = false;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  private readonly say: (message: FromProcess) => void;
  private end: (exit: { code: number | null; signal: string | null }) => void = () => undefined;

  constructor(number: number, pid: number, say: (message: FromProcess) => void) {
    this.number = number;
    this.pid = pid;
    this.say = say;
    this.exited = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  send(message: ToProcess): void {
    this.told.push(message);
  }

  kill(): void {
    this.isKilled = true;
    void this.exits(null, 'SIGKILL');
  }

  /** Reports as a worker that reads; with a reason as one with a parked shard, `isStarting` as one that
   *  has not come so far, `isStuck` as one whose own loop stands still. */
  async reports({
    parked,
    isStarting = false,
    isStuck = false,
    troubles = [],
  }: {
    parked?: string;
    troubles?: readonly Trouble[];
    isStarting?: boolean;
    isStuck?: boolean;
  } = {}): Promise<void> {
    const shards = parked === undefined ? { isOk: true } : { isOk: false, reason: `parked: ${parked}` };
    this.say({
      kind: 'report',
      loops: [{ name: 'worker', isAlive: !isStuck, ageMs: 3, allowanceMs: 30_000 }],
      checks: isStarting
        ? undefined
        : [
            { name: 'running', isOk: true },
            { name: 'shards', ...shards },
          ],
      troubles,
    });
    await settle();
  }

  answers(id: number, value: unknown): void {
    this.say({ kind: 'answer', id, value });
  }

  async ends(end: GoodEnd, totals: MetricsSnapshot = totalsOf()): Promise<void> {
    this.say({ kind: 'ended', end, totals });
    await this.exits(end === 'parked' ? 1 : 0);
  }

  async exits(code: number | null, signal: string | null = null): Promise<void> {
    this.isEnded = true;
    this.end({ code, signal });
    await settle();
  }
}

export class FakeProcesses {
  /** Every process that was started, in order. */
  readonly started: FakeProcess[] = [];

  readonly fork: Fork = (number, onMessage) => {
    const process = new FakeProcess(number, 1_000 + this.started.length, onMessage);
    this.started.push(process);
    return process;
  };

  /** The process that fills a place now. */
  at(number: number): FakeProcess {
    const process = this.started.findLast((one) => one.number === number);
    if (!process) throw new Error(`process ${number} was never started`);
    return process;
  }

  get running(): readonly FakeProcess[] {
    return this.started.filter(({ isEnded }) => !isEnded);
  }
}

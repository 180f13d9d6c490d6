/** One process of the simulated world: its clock, which can be killed, paused and stepped.
 *
 *    running ──pause──► standing still ──resume──► running      any ──kill──► dead: nothing of it happens any more
 *
 *  As with a real SIGSTOP the monotonic clock goes on meanwhile, and what fell due happens afterwards. */
import type { Clock, Timeout } from '../../src/time.ts';
import type { EventQueue } from './event-queue.ts';

export const START_WALL_MS = Date.UTC(2026, 5, 1);

export class SimProcess implements Clock {
  readonly name: string;
  isDead = false;
  /** Timers not yet due: a process that ended in order has none. */
  pendingTimers = 0;
  private readonly queue: EventQueue;
  private pausedUntilMs = 0;
  private skewMs = 0;

  constructor(name: string, queue: EventQueue) {
    this.name = name;
    this.queue = queue;
  }

  get isPaused(): boolean {
    return this.queue.nowMs < this.pausedUntilMs;
  }

  wallMs(): number {
    return START_WALL_MS + this.queue.nowMs + this.skewMs;
  }

  monotonicMs(): number {
    return this.queue.nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = this.timer(ms, () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      const wake = (): void => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  turn(): Promise<void> {
    return this.sleep(0);
  }

  timeout(ms: number): Timeout {
    const controller = new AbortController();
    return { signal: controller.signal, cancel: this.timer(ms, () => controller.abort()) };
  }

  /** Something reaches the process after `ms`: an answer. Nothing reaches a dead one. */
  deliver(ms: number, happen: () => void): void {
    this.queue.after(ms, () => this.whenRunning(happen));
  }

  kill(): void {
    this.isDead = true;
  }

  pause(ms: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.queue.nowMs + ms);
  }

  /** The wall clock steps; the monotonic one does not. */
  stepWall(ms: number): void {
    this.skewMs += ms;
  }

  /** Returns the way to cancel it. */
  timer(ms: number, fire: () => void): () => void {
    let isOver = false;
    this.pendingTimers += 1;
    const end = (): void => {
      if (!isOver) this.pendingTimers -= 1;
      isOver = true;
      planned.isCancelled = true;
    };
    const planned = this.queue.after(ms, () =>
      this.whenRunning(() => {
        if (isOver) return;
        end();
        fire();
      }),
    );
    return end;
  }

  private whenRunning(happen: () => void): void {
    if (this.isDead) return;
    if (this.isPaused) this.queue.at(this.pausedUntilMs, () => this.whenRunning(happen));
    else happen();
  }
}

/** Notices that the event loop stood still: a pulse that should come each second comes late. Nothing of a process can
 *  see it while it lasts; probes that get no answer do. */
import type { Clock } from '../time.ts';
import type { Log } from './log.ts';
import { spoken, type Trouble } from './troubles.ts';

/** A pause of garbage collection, or one large page, takes less. Unit: ms. */
const BLOCKED_AFTER_MS = 1_000;
/** So long it stays a trouble: a worker that stands still again and again has one that lasts. Unit: ms. */
const REMEMBERED_MS = 60_000;
/** At most one line in so long. Unit: ms. */
const TOLD_EVERY_MS = 60_000;

export interface LoopWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly onBlocked: (ms: number) => void;
}

export class LoopWatch {
  private readonly deps: LoopWatchDeps;
  /** The longest standstill of those remembered; when it ended. */
  private worst: { readonly ms: number; readonly atMs: number } | undefined;
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(deps: LoopWatchDeps) {
    this.deps = deps;
  }

  /** Sleeps like the clock, and notices when that took too long. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    const startedAtMs = clock.monotonicMs();
    await clock.sleep(ms, signal);
    const lateMs = clock.monotonicMs() - startedAtMs - ms;
    if (lateMs >= BLOCKED_AFTER_MS) this.wasBlocked(lateMs);
  }

  troubles(): Trouble[] {
    const { worst } = this;
    const nowMs = this.deps.clock.monotonicMs();
    if (!worst || nowMs - worst.atMs >= REMEMBERED_MS) return [];
    const ago = spoken(nowMs - worst.atMs);
    return [
      {
        kind: 'event-loop-blocked',
        subject: 'event loop',
        text: `the event loop stood still for ${spoken(worst.ms)}, ${ago} ago: too little CPU, or the process was suspended`,
        forMs: Math.round(worst.ms),
      },
    ];
  }

  private wasBlocked(ms: number): void {
    const { clock, log, onBlocked } = this.deps;
    const nowMs = clock.monotonicMs();
    onBlocked(ms);
    const isForgotten = !this.worst || nowMs - this.worst.atMs >= REMEMBERED_MS;
    if (isForgotten || ms >= (this.worst?.ms ?? 0)) this.worst = { ms, atMs: nowMs };
    this.untold += 1;
    if (nowMs - this.toldAtMs < TOLD_EVERY_MS) return;
    this.toldAtMs = nowMs;
    log.warn('worker.stood-still', 'the event loop stood still; leases may have gone to others meanwhile', {
      elapsedMs: Math.round(ms),
      count: this.untold,
    });
    this.untold = 0;
  }
}

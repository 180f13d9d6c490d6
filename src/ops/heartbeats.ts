import type { Clock } from '../time.ts';

/** One loop's sign of life. */
export interface Heartbeat {
  /** The loop went round. */
  beat(): void;
  /** The loop ended in good order and is watched no longer. */
  stop(): void;
}

export interface LoopState {
  readonly name: string;
  readonly isAlive: boolean;
  /** Since the last beat. Unit: ms. */
  readonly ageMs: number;
  readonly allowanceMs: number;
}

/** Which loops still go round. A loop that waits for a dependency must beat while it waits: only a loop that
 *  stands still is dead, and only for that is a restart a cure. */
export class Heartbeats {
  private readonly clock: Clock;
  private readonly loops = new Map<symbol, { name: string; allowanceMs: number; beatAtMs: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Watches a loop that beats at least every `allowanceMs`; registering is the first beat. */
  watch(name: string, allowanceMs: number): Heartbeat {
    const key = Symbol(name);
    const loop = { name, allowanceMs, beatAtMs: this.clock.monotonicMs() };
    this.loops.set(key, loop);
    return {
      beat: () => {
        loop.beatAtMs = this.clock.monotonicMs();
      },
      stop: () => {
        this.loops.delete(key);
      },
    };
  }

  states(): LoopState[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.loops.values()].map(({ name, allowanceMs, beatAtMs }) => ({
      name,
      isAlive: nowMs - beatAtMs <= allowanceMs,
      ageMs: Math.round(nowMs - beatAtMs),
      allowanceMs,
    }));
  }
}

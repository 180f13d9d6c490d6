/** What the probes answer. Live is only what a restart would cure; all else is a reason in words. Pure. */
import type { LoopState } from './heartbeats.ts';
import type { Trouble } from './troubles.ts';

/** One condition of a probe. */
export interface ReadyCheck {
  readonly name: string;
  readonly isOk: boolean;
  /** Why not, in words. */
  readonly reason?: string;
}

export type Phase = 'starting' | 'running' | 'draining';

/** The worker's readiness as checks. */
export const readyChecks = (phase: Phase, parkedShardIds: readonly string[]): ReadyCheck[] => [
  { name: 'running', isOk: phase === 'running', ...(phase === 'running' ? {} : { reason: phase }) },
  {
    name: 'shards',
    isOk: parkedShardIds.length === 0,
    ...(parkedShardIds.length === 0 ? {} : { reason: `parked: ${parkedShardIds.join(', ')}` }),
  },
];

/** Each loop as a check. */
export const loopChecks = (loops: readonly LoopState[]): ReadyCheck[] =>
  loops.map(({ name, isAlive, ageMs, allowanceMs }) => ({
    name,
    isOk: isAlive,
    ...(isAlive ? {} : { reason: `last beat ${ageMs} ms ago, allowed ${allowanceMs} ms` }),
  }));

export const isAllOk = (checks: readonly ReadyCheck[]): boolean => checks.every(({ isOk }) => isOk);

/** What `/healthz` shows as JSON. */
export interface HealthReport {
  readonly live: boolean;
  readonly ready: boolean;
  /** Why not live, why not ready, and every trouble, in words; empty when all is well. */
  readonly reasons: readonly string[];
  readonly troubles: readonly Trouble[];
}

/** Troubles change neither `live` nor `ready`: they say what a person or time must do. */
export function healthReport(
  loops: readonly ReadyCheck[],
  ready: readonly ReadyCheck[],
  troubles: readonly Trouble[],
): HealthReport {
  const failed = [...loops, ...ready].filter(({ isOk }) => !isOk);
  return {
    live: isAllOk(loops),
    ready: isAllOk(ready),
    reasons: [
      ...failed.map(({ name, reason = '' }) => `${name}: ${reason}`),
      ...troubles.map(({ text, process }) => (process === undefined ? text : `process ${process}: ${text}`)),
    ],
    troubles,
  };
}

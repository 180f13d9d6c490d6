/** What a supervisor and its processes tell each other. Sent by structured clone: a bigint stays one. */
import type { ReadyCheck } from '../ops/health.ts';
import type { LoopState } from '../ops/heartbeats.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { Trouble } from '../ops/troubles.ts';

/** Parts of a worker that are asked for rather than reported each second. */
export type Question = 'metrics' | 'state' | 'report';

export type ToProcess =
  | { readonly kind: 'stop' }
  | { readonly kind: 'ask'; readonly id: number; readonly what: Question };

/** How a worker ended in good order. */
export type GoodEnd = 'stopped' | 'drained' | 'parked';

export type FromProcess =
  /** Each second: its arrival proves that the event loop turns. No checks: the worker has not come that far. */
  | {
      readonly kind: 'report';
      readonly loops: readonly LoopState[];
      readonly checks: readonly ReadyCheck[] | undefined;
      readonly troubles: readonly Trouble[];
    }
  /** No value: it has none yet, or could not make one. */
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'ended'; readonly end: GoodEnd; readonly totals: MetricsSnapshot };

/** What `/state` shows of a worker, as far as the supervisor looks into it. */
export interface WorkerState {
  readonly workerId: string;
  readonly totals: MetricsSnapshot;
  readonly shards: readonly object[];
}

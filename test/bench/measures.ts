/** What a worker process measures of itself. */
import type { MetricsSnapshot } from '../../src/ops/metrics.ts';

/** `ours`: the product's store. */
export type Design = 'ours' | 'transaction' | 'put-per-event';

/** What a worker process is told. */
export interface WorkerOptions {
  readonly design: Design;
  /** Ends when all is read. */
  readonly drain: boolean;
  readonly workerId: string;
  /** Its memory is told to its parent this often, and no samples are kept. */
  readonly tellEveryMs?: number;
}

export interface Sample {
  /** Wall ms. */
  readonly atMs: number;
  /** Since the process began, all its threads. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

export interface WorkerMeasures {
  readonly end: string;
  readonly totals: MetricsSnapshot;
  readonly samples: readonly Sample[];
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

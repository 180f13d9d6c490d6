/** What a benchmark gives, part by part, as `--json` prints it. */
import type { DecodeFoldResult } from './decode-fold.ts';
import type { RunResult } from './run-worker.ts';
import type { ScrapeResult } from './scrape.ts';
import type { SoakResult } from './soak/run-soak.ts';

type ByShards<T> = Readonly<Record<string, T>>;

interface OtherDesign {
  /** To ours. */
  readonly ratios: { readonly cpu: number; readonly requests: number; readonly writeUnits: number };
  readonly run: RunResult;
}

/** All designs on one load. */
export interface DesignResults {
  readonly ours: RunResult;
  readonly others: { readonly transaction: OtherDesign; readonly 'put-per-event': OtherDesign };
}

export interface Results {
  readonly node: string;
  /** Worker and stub have a core each. */
  readonly pinned: boolean;
  readonly events: number;
  readonly rate: number;
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  A?: DecodeFoldResult;
  B?: ByShards<{ readonly backlog: RunResult; readonly folding: RunResult; readonly paced: RunResult }>;
  C?: {
    /** A session's events one by one, each a write of its own. */
    readonly oneByOne: DesignResults;
    /** The backlog of four hours: a session has forty events in it. */
    readonly catchUp: DesignResults;
  };
  D?: {
    readonly byShards: ByShards<RunResult>;
    readonly twoProcesses: RunResult;
    /** Eight shards, reads refused beyond Kinesis's limits. */
    readonly limited: RunResult;
  };
  E?: {
    readonly steady: RunResult;
    /** With all projections. */
    readonly everything: RunResult;
    readonly catchUp: RunResult;
    readonly duplicates: RunResult;
    readonly disorder: RunResult;
  };
  F?: readonly ({
    readonly name: string;
    readonly shards: number;
    readonly seconds: number;
  } & RunResult['leaseTable'])[];
  /** A scrape of the metrics. */
  G?: ScrapeResult;
  /** Not among the parts that run by default. */
  S?: SoakResult;
  /** Every run stored what is true. */
  exact?: boolean;
}

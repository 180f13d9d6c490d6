/** What the stub's process is told and tells. */
import type { LatencyOptions } from './latency.ts';
import type { LoadOptions } from './make-load.ts';
import type { KinesisOptions } from './stub-kinesis.ts';
import type { UnitsReport } from './units.ts';

export const NAMING = { tablePrefix: 'bench', application: 'leases-of-bench' } as const;
export const STREAM = 'bench';

export interface StubOptions {
  readonly load: Partial<LoadOptions>;
  readonly kinesis: KinesisOptions;
  readonly latency: LatencyOptions;
  /** Of the session items, those to check; empty: all. */
  readonly truthAttributes: readonly string[];
}

export interface StubReport {
  readonly records: number;
  /** Distinct ones. */
  readonly events: number;
  readonly durableEvents: number;
  /** Wall ms; 0: never. */
  readonly firstReadAtMs: number;
  readonly lastDurableAtMs: number;
  readonly recordsRead: number;
  readonly refusedReads: number;
  /** Of each shard that gave more than one page. */
  readonly bytesPerSecondOfShards: readonly number[];
  /** Session items written. */
  readonly sessionWrites: number;
  readonly bytesPerRecord: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly requestsByTable: Readonly<Record<string, number>>;
  readonly units: UnitsReport;
  readonly arrivalToDurableMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly stubCpuMs: number;
}

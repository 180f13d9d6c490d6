/** One SIM's usage from both sides, as it is compared. Pure. */
import type { SessionSpan } from './session-span.ts';
import type { Granularity } from './usage-record.ts';
import type { VendorPeriod } from './vendor-usage.ts';

export interface Bytes {
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
}

/** A stream gap: records that retention took before they were read. */
export interface GapAt {
  readonly shardId: string;
  readonly recordedAtMs: number;
}

export interface SimUsage {
  readonly simSid: string;
  readonly granularity: Granularity;
  /** The periods to compare; aligned. */
  readonly range: { readonly startMs: number; readonly endMs: number };
  /** By the period's start. A period without an entry has no usage. */
  readonly vendor: ReadonlyMap<number, VendorPeriod>;
  /** Ours, by the hour's start, one hour more on either side of the range. */
  readonly hours: ReadonlyMap<number, Bytes>;
  readonly sessions: readonly SessionSpan[];
  readonly gaps: readonly GapAt[];
}

/** What the page's JSON endpoints answer. Times are ms since 1970, durations ms; bytes that may exceed 2^53 are text.
 *  Imported by the browser's code as types only. Holds no personal data: what is not named here is not sent. */

export type Level = 'good' | 'busy' | 'warn' | 'bad';

export interface Verdict {
  readonly level: Level;
  readonly headline: string;
  /** One sentence each. */
  readonly details: readonly string[];
}

/** read = applied + duplicate + ignored + deadLettered, since these workers started. */
export interface Books {
  readonly sinceMs: number | null;
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
  readonly isBalanced: boolean;
  readonly ignoredByReason: Readonly<Record<string, number>>;
  readonly deadLetteredByReason: Readonly<Record<string, number>>;
  readonly downloadBytes: string;
  readonly uploadBytes: string;
  readonly records: number;
  readonly gaps: number;
}

export interface ShapedShard {
  readonly leaseKey: string;
  readonly shardId: string;
  readonly stream: string;
  /** Of the lease, or `parked`: waits for a person. */
  readonly state: string;
  readonly reason: string | null;
  readonly owner: string | null;
  /** Null: see `lagUnknown`. */
  readonly lagMs: number | null;
  readonly lagUnknown: string | null;
  readonly checkpoint: string | null;
  /** Null: nothing waits for a checkpoint, or it is not known. */
  readonly checkpointAgeMs: number | null;
  /** Null while its owner is alive. */
  readonly stillForMs: number | null;
  /** Shares of the hash range, 0 to 1; null when the row does not tell. */
  readonly hashFrom: number | null;
  readonly hashTo: number | null;
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
}

export interface ShapedWorker {
  readonly workerId: string;
  /** Null: not watched long enough to tell. */
  readonly isAlive: boolean | null;
  readonly shards: number;
  readonly lagMs: number | null;
  /** Only of workers behind this address. */
  readonly phase: string | null;
  readonly startedAtMs: number | null;
  readonly read: number | null;
}

export interface ShapedHappening {
  readonly atMs: number;
  readonly kind: 'good' | 'info' | 'warn' | 'bad';
  readonly text: string;
}

export interface ShapedLetter {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly recordId: string;
  readonly reason: string;
  readonly field: string | null;
  readonly arrivedAt: string;
  readonly recordedAt: string;
  readonly rawBytes: number;
}

export interface Letters {
  /** Rows read; the table has more when `isPartial`. Gaps are not among them. */
  readonly count: number;
  readonly isPartial: boolean;
  readonly byReason: readonly { readonly reason: string; readonly count: number; readonly lastAt: string }[];
  /** Latest first. */
  readonly latest: readonly ShapedLetter[];
  readonly gaps: readonly ShapedLetter[];
}

export interface ShapedSession {
  readonly sessionSid: string;
  readonly simSid: string;
  readonly simName: string | null;
  readonly status: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly usageThrough: string | null;
  readonly downloadBytes: string;
  readonly uploadBytes: string;
  readonly totalBytes: string;
  readonly missingBytes: string;
  readonly eventCount: number;
  readonly apn: string | null;
  readonly ratType: string | null;
  readonly network: string | null;
  readonly updatedAt: string;
}

export interface OpenSessions {
  readonly count: number;
  readonly isPartial: boolean;
  /** Some of them, latest write first. */
  readonly sessions: readonly ShapedSession[];
}

/** Something read from a table: as last read, and why it could not be read since. */
export interface FromTable<T> {
  readonly value: T | null;
  readonly problem: string | null;
}

export interface Now {
  readonly version: string;
  readonly stream: string;
  readonly application: string;
  /** Hosts that calls go to instead of AWS. */
  readonly endpoints: readonly string[];
  /** Of the address that was asked. */
  readonly place: 'worker' | 'processes' | 'demo';
  readonly verdict: Verdict;
  readonly books: Books;
  readonly eventsPerSecond: number;
  readonly lag: {
    readonly maxMs: number | null;
    readonly shardId: string | null;
    /** Shards whose lag is not known. */
    readonly unknown: number;
    /** Until all is caught up, at the pace of the last minute. */
    readonly etaMs: number | null;
  };
  readonly shards: readonly ShapedShard[];
  readonly workers: readonly ShapedWorker[];
  readonly fleetProblem: string | null;
  readonly happenings: readonly ShapedHappening[];
  readonly talkers: readonly { readonly simSid: string; readonly bytes: number }[];
  readonly letters: FromTable<Letters>;
  readonly openSessions: FromTable<OpenSessions>;
}

/** Columns of equal length, oldest first. */
export interface History {
  /** Ask with `after` of this for what comes next. */
  readonly last: number;
  readonly everyMs: number;
  /** Unit: ms since 1970. */
  readonly times: readonly number[];
  /** Per second. */
  readonly applied: readonly number[];
  readonly duplicate: readonly number[];
  readonly ignored: readonly number[];
  readonly deadLettered: readonly number[];
  readonly bytes: readonly number[];
  /** Of the slowest shard; null is unknown. Unit: ms. */
  readonly lagMax: readonly (number | null)[];
  /** Of the slowest shards of the time. Unit: ms. */
  readonly shards: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface UsageHour {
  /** Start of the hour. Unit: ms since 1970. */
  readonly atMs: number;
  readonly downloadBytes: number;
  readonly uploadBytes: number;
}

export interface UsagePart {
  readonly fromMs: number;
  readonly toMs: number;
  readonly hours: readonly UsageHour[];
}

export interface ShapedSim {
  readonly simSid: string;
  readonly name: string | null;
  readonly iccidEnd: string | null;
  readonly state: string | null;
  readonly network: string | null;
  readonly ratType: string | null;
  readonly lastAttachment: string | null;
  readonly lastAttachmentAt: string | null;
  readonly flags: readonly string[];
}

export type Found =
  | { readonly kind: 'nothing'; readonly hint: string }
  | {
      readonly kind: 'session' | 'sim';
      readonly simSid: string;
      /** The one that was asked for. */
      readonly session: ShapedSession | null;
      readonly sim: ShapedSim | null;
      /** Of the SIM, latest start first. */
      readonly sessions: readonly ShapedSession[];
      readonly usage: FromTable<UsagePart>;
    };

/** What reconciling and looking for gaps need of `supersim-meter/reader`, and nothing more. */

/** A session item, as stored; the byte counters are exact. */
export interface SessionRow {
  readonly data_session_sid: string;
  readonly sim_sid?: string | undefined;
  readonly status: string;
  readonly started_at?: string | undefined;
  readonly ended_at?: string | undefined;
  readonly usage_through?: string | undefined;
  readonly missing_bytes: bigint;
}

/** What one SIM used in one hour. */
export interface UsageRow {
  /** The hour's start: ISO 8601. */
  readonly period: string;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
}

export interface AllSessions {
  allSessions(): AsyncIterable<SessionRow>;
}

/** Times are ISO 8601 with milliseconds and `Z`; `to` is exclusive. */
export interface SimReader {
  /** The sessions that started from `from` on and before `to`. */
  sessionsOfSim(
    simSid: string,
    range: { readonly from: string; readonly to: string },
  ): AsyncIterable<SessionRow>;
  /** Whenever they started. */
  openSessionsOfSim(simSid: string): AsyncIterable<SessionRow>;
  /** Hours without usage may be absent. `includeOpen`: with what open sessions have not yet moved to the usage table. */
  usageOfSim(
    simSid: string,
    query: {
      readonly from: string;
      readonly to: string;
      readonly by: 'hour';
      readonly includeOpen: boolean;
    },
  ): Promise<Iterable<UsageRow>>;
}

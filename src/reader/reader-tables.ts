/** The tables that the reader reads, by the worker's `SUPERSIM_TABLE_PREFIX`. */
export interface ReaderTables {
  readonly sessions: string;
  readonly sims: string;
  readonly usage: string;
}

export const readerTables = (prefix: string): ReaderTables => ({
  sessions: `${prefix}-sessions`,
  sims: `${prefix}-sims`,
  usage: `${prefix}-usage`,
});

/** Indexes of the sessions table, by `sim_sid`. Only open sessions have the second's sort key, `is_open`. */
export const BY_SIM = 'by-sim';
export const OPEN_BY_SIM = 'open-by-sim';

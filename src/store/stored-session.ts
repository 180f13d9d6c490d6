import type { DedupMemory } from '../reduce/dedup-memory.ts';
import type { HourlyUsage } from '../reduce/hourly-usage.ts';
import type { SessionAggregate } from '../reduce/session.ts';
import type { ItemMap } from './item-size.ts';

/** A session as loaded: the aggregate, its dedup memory, the version to compare with when writing back, and
 *  attributes that we don't know, which are written back as they are. */
export interface StoredSession {
  readonly session: SessionAggregate;
  readonly memory: DedupMemory;
  readonly version: number;
  readonly unknown: ItemMap;
  /** Of hours that the usage table does not have yet. Absent: none. */
  readonly usage?: HourlyUsage;
  /** The closed hours are in the usage table: known here, not stored. */
  readonly isHandedOn?: true;
}

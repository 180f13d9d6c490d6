/** What happens to leases, for the log and for whoever listens (metrics, tests). */
import type { LeaseLog, LeaseLogFields } from './dependencies.ts';
import type { WorkerId } from './lease.ts';

/** Event → level and words. One line per change of state; nothing periodic. */
const EVENTS = {
  'lease.created': ['info', 'a shard got its lease'],
  'lease.taken': ['info', 'took a lease'],
  'lease.lost': ['warn', 'lost a lease'],
  'lease.released': ['info', 'gave a lease back'],
  'lease.handed-over': ['info', 'gave a lease to the worker that asked for it'],
  'lease.asked': ['info', 'asked the owner for a lease'],
  'lease.removed': ['info', 'deleted the lease of a shard that was read long ago'],
  'lease.hole': ['error', 'a part of the hash range has no lease; nobody reads it'],
  'lease.release-failed': ['warn', 'could not give a lease back; it will expire'],
  'lease.unreadable': ['warn', 'a row of the lease table cannot be read and is left alone'],
  'shard.finished': ['info', 'read a shard to its end'],
  'shard.stalled': ['warn', 'reading a shard makes no progress; its lease is given back'],
  'shard.parked': ['error', 'a shard waits for a person; its lease is kept'],
} as const;

export type LeaseEventName = keyof typeof EVENTS;

export interface LeaseEvent {
  readonly name: LeaseEventName;
  readonly fields: LeaseLogFields;
}

export type Announce = (name: LeaseEventName, fields: LeaseLogFields) => void;

export const announcer =
  (log: LeaseLog, workerId: WorkerId, onEvent: ((event: LeaseEvent) => void) | undefined): Announce =>
  (name, about) => {
    const [level, message] = EVENTS[name];
    const fields = { workerId, ...about };
    log[level](name, message, fields);
    onEvent?.({ name, fields });
  };

import type { LeaseEventName } from '../leases/index.ts';
import type { LeaseChange } from './metrics.ts';

/** The lease events that are counted, under their label. */
export const LEASE_CHANGE_OF: { readonly [N in LeaseEventName]?: LeaseChange } = {
  'lease.created': 'created',
  'lease.taken': 'taken',
  'lease.lost': 'lost',
  'lease.released': 'released',
  'lease.handed-over': 'handed-over',
  'lease.removed': 'removed',
  'shard.finished': 'finished',
  'shard.stalled': 'stalled',
};

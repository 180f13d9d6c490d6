/** Troubles of the shards that a worker holds. Pure. */
import type { HeldLeaseSnapshot } from '../leases/index.ts';
import type { Trouble } from './troubles.ts';

/** Shards that wait for a person. `sinceMs`: how long each has been so, where that is known. */
export const parkedShards = (
  leases: readonly HeldLeaseSnapshot[],
  forMs: (leaseKey: string) => number,
): Trouble[] =>
  leases
    .filter(({ state }) => state === 'parked')
    .map(({ leaseKey, parkedReason = 'no reason' }) => ({
      kind: 'shard-parked',
      subject: leaseKey,
      text: `${leaseKey} waits for a person: ${parkedReason}`,
      forMs: forMs(leaseKey),
    }));

/** Keeps the table in step with the stream's shards. Every worker does it: creations are conditional, so two
 *  workers doing it at once make the same rows, and no elected leader can be dead or asleep. */
import { eachBounded, TABLE_CALLS_MAX } from './each-bounded.ts';
import {
  type ChildShardDescription,
  type InitialPosition,
  type NewLease,
  newLeaseOf,
  type ShardDescription,
} from './lease.ts';
import type { Announce } from './lease-events.ts';
import type { LeaseListing, LeaseStore } from './lease-store.ts';
import { leasesToCreate } from './lineage.ts';

export interface ShardSyncDependencies {
  readonly store: LeaseStore;
  readonly listShards: () => Promise<readonly ShardDescription[]>;
  readonly announce: Announce;
}

export interface ShardSyncResult {
  /** All that Kinesis listed. */
  readonly shards: readonly ShardDescription[];
  /** Leases that were missing. */
  readonly createdCount: number;
}

/** Keys of rows that exist but cannot be read. */
export const unreadableKeys = ({ unreadable }: LeaseListing): ReadonlySet<string> =>
  new Set(unreadable.flatMap(({ leaseKey }) => leaseKey ?? []));

export class ShardSync {
  readonly #deps: ShardSyncDependencies;
  readonly #initialPosition: InitialPosition;

  constructor(deps: ShardSyncDependencies, initialPosition: InitialPosition) {
    this.#deps = deps;
    this.#initialPosition = initialPosition;
  }

  /** Creates what is missing. */
  async run(): Promise<ShardSyncResult> {
    const shards = await this.#deps.listShards();
    const listing = await this.#deps.store.list();
    const missing = leasesToCreate({
      shards,
      leases: listing.leases,
      unreadableKeys: unreadableKeys(listing),
      initialPosition: this.#initialPosition,
    });
    await eachBounded(missing, TABLE_CALLS_MAX, (lease) => this.#create(lease));
    return { shards, createdCount: missing.length };
  }

  /**
   * The children of a shard that was read to its end get their leases, at TRIM_HORIZON. A child of a merge waits
   * for both parents; if the other parent has no lease its records would be missed, so a full sync comes first
   * and makes one. If there is still none, that parent is out of retention: nothing of it can be read.
   */
  async createChildren(children: readonly ChildShardDescription[]): Promise<void> {
    const parents = new Set(
      children.filter((child) => child.parentShardIds.length > 1).flatMap((child) => child.parentShardIds),
    );
    const rows = await Promise.all([...parents].map((parent) => this.#deps.store.get(parent)));
    if (rows.includes(undefined)) await this.run();
    await eachBounded(children, TABLE_CALLS_MAX, (child) => this.#create(newLeaseOf(child, 'TRIM_HORIZON')));
  }

  async #create(lease: NewLease): Promise<void> {
    if ((await this.#deps.store.create(lease)) === 'exists') return;
    const { leaseKey, checkpoint } = lease;
    this.#deps.announce('lease.created', { shardId: leaseKey, leaseCounter: 0, checkpoint });
  }
}

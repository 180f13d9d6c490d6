/** Keeps the table in step with the streams' shards. Every worker does it: creations are conditional, so two
 *  workers doing it at once make the same rows, and no elected leader can be dead or asleep. */
import { leasesToDelete } from './cleanup.ts';
import type { Clock, StreamListing } from './dependencies.ts';
import { eachBounded, TABLE_CALLS_MAX } from './each-bounded.ts';
import { coveredRanges, findHoles, HoleAudit } from './hash-coverage.ts';
import {
  type ChildShardDescription,
  type HashRange,
  type InitialPosition,
  type Lease,
  leaseKeyOf,
  type NewLease,
  newLeaseOf,
  type StreamIdentity,
} from './lease.ts';
import type { Announce } from './lease-events.ts';
import type { LeaseListing, LeaseStore, TakeStamp } from './lease-store.ts';
import { leasesToCreate } from './lineage.ts';
import { refuseForeignTable } from './table-check.ts';

/** How far our clock may differ from Kinesis's where LATEST is turned into a time. Unit: ms. */
const CLOCK_SKEW_MS = 5_000;

/** Where shards without a lease or a leased ancestor are read from. */
export interface StartPosition {
  readonly initialPosition: InitialPosition;
  /** What AT_TIMESTAMP means. Unit: ms since 1970. */
  readonly initialTimestampMs?: number | undefined;
}

export interface ShardSyncDependencies {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly listStreams: () => Promise<readonly StreamListing[]>;
  readonly announce: Announce;
}

export interface ShardSyncResult {
  /** All that Kinesis listed. */
  readonly streams: readonly StreamListing[];
  /** The table's leases before that. */
  readonly leases: readonly Lease[];
  /** Leases that were missing. */
  readonly createdCount: number;
}

/** Keys of rows that exist but cannot be read. */
export const unreadableKeys = ({ unreadable }: LeaseListing): ReadonlySet<string> =>
  new Set(unreadable.flatMap(({ leaseKey }) => leaseKey ?? []));

export class ShardSync {
  readonly #deps: ShardSyncDependencies;
  readonly #start: StartPosition;
  readonly #audits = new Map<string | undefined, HoleAudit>();
  #streams: readonly StreamIdentity[] = [];

  constructor(deps: ShardSyncDependencies, start: StartPosition) {
    this.#deps = deps;
    this.#start = start;
  }

  /** Creates what is missing. @throws LeaseTableError when the table belongs to other streams. */
  async run(): Promise<ShardSyncResult> {
    const streams = await this.#deps.listStreams();
    const listing = await this.#deps.store.list();
    this.#streams = streams.map(({ streamId, createdAtMs }) => ({ streamId, createdAtMs }));
    refuseForeignTable(this.#streams, listing.leases);
    const missing = streams.flatMap((stream) =>
      leasesToCreate({
        stream,
        shards: stream.shards,
        leases: listing.leases.filter((lease) => lease.streamId === stream.streamId),
        unreadableKeys: unreadableKeys(listing),
        initialPosition: this.#start.initialPosition,
      }),
    );
    await eachBounded(missing, TABLE_CALLS_MAX, (lease) => this.#create(lease));
    return { streams, leases: listing.leases, createdCount: missing.length };
  }

  /** Looks after what is there: deletes leases that nobody needs any more, and tells holes. */
  async tidy({ streams, leases, createdCount }: ShardSyncResult): Promise<void> {
    // What was just made is not in the listing: the next sync's will be whole.
    if (createdCount > 0) return;
    for (const { streamId, shards } of streams) {
      const own = leases.filter((lease) => lease.streamId === streamId);
      await eachBounded(leasesToDelete({ shards, leases: own }), TABLE_CALLS_MAX, (lease) =>
        this.#remove(lease),
      );
      this.#tellHoles(streamId, findHoles(coveredRanges(own, shards)));
    }
  }

  /** Parts of the hash ranges that have no lease. */
  get holeCount(): number {
    return [...this.#audits.values()].reduce((sum, audit) => sum + audit.believedCount, 0);
  }

  /** Whether a lease belongs to one of the streams. */
  isOurStream = (lease: Lease): boolean => this.#identity(lease.streamId) !== undefined;

  /** LATEST and AT_TIMESTAMP mean a time, and that time is stored with the lease: whoever reads on after a crash
   *  begins where the first one would have. */
  stampOf = ({ checkpoint, streamId }: Pick<Lease, 'checkpoint' | 'streamId'>): TakeStamp => ({
    startTimestampMs: this.#timestampOf(checkpoint),
    streamCreatedAtMs: this.#identity(streamId)?.createdAtMs,
  });

  /**
   * The children of a shard that was read to its end get their leases, at TRIM_HORIZON. A child of a merge waits
   * for both parents: while the other one is listed and has no lease, not even after a sync, it is below a shard
   * that is still being read, and its own end makes the child. A parent that is not listed is past the retention.
   */
  async createChildren(parent: Lease, children: readonly ChildShardDescription[]): Promise<void> {
    const { streamId } = parent;
    const unleased = await this.#parentsWithoutLease(streamId, children);
    const stream = { streamId, createdAtMs: this.#identity(streamId)?.createdAtMs };
    const isTooEarly = (child: ChildShardDescription): boolean =>
      child.parentShardIds.some((shardId) => unleased.has(shardId));
    await eachBounded(
      children.filter((child) => !isTooEarly(child)),
      TABLE_CALLS_MAX,
      (child) => this.#create(newLeaseOf(child, 'TRIM_HORIZON', stream)),
    );
  }

  /** Those that are listed and that a sync gives no lease either. */
  async #parentsWithoutLease(
    streamId: string | undefined,
    children: readonly ChildShardDescription[],
  ): Promise<ReadonlySet<string>> {
    const merged = children.filter((child) => child.parentShardIds.length > 1);
    const parents = [...new Set(merged.flatMap((child) => child.parentShardIds))];
    const withoutLease = async (): Promise<string[]> => {
      const rows = await Promise.all(
        parents.map((shardId) => this.#deps.store.get(leaseKeyOf(streamId, shardId))),
      );
      return parents.filter((_, index) => rows[index] === undefined);
    };
    if ((await withoutLease()).length === 0) return new Set();
    const { streams } = await this.run();
    const shards = streams.find((stream) => stream.streamId === streamId)?.shards ?? [];
    const listed = new Set(shards.map(({ shardId }) => shardId));
    return new Set((await withoutLease()).filter((shardId) => listed.has(shardId)));
  }

  #identity(streamId: string | undefined): StreamIdentity | undefined {
    return this.#streams.find((stream) => stream.streamId === streamId);
  }

  #timestampOf(checkpoint: Lease['checkpoint']): number | undefined {
    if (checkpoint === 'LATEST') return this.#deps.clock.wallMs() - CLOCK_SKEW_MS;
    return checkpoint === 'AT_TIMESTAMP' ? this.#start.initialTimestampMs : undefined;
  }

  async #remove(lease: Lease): Promise<void> {
    if ((await this.#deps.store.remove(lease)) === 'refused') return;
    this.#deps.announce('lease.removed', { shardId: lease.leaseKey, leaseCounter: lease.counter });
  }

  #tellHoles(streamId: string | undefined, holes: readonly HashRange[]): void {
    const audit = this.#audits.get(streamId) ?? new HoleAudit();
    this.#audits.set(streamId, audit);
    for (const { startingHashKey, endingHashKey } of audit.look(holes))
      this.#deps.announce('lease.hole', {
        shardId: streamId ?? '',
        reason: `${startingHashKey}-${endingHashKey}`,
      });
  }

  async #create(lease: NewLease): Promise<void> {
    const { startTimestampMs } = this.stampOf(lease);
    if ((await this.#deps.store.create({ ...lease, startTimestampMs })) === 'exists') return;
    const { leaseKey, checkpoint } = lease;
    this.#deps.announce('lease.created', { shardId: leaseKey, leaseCounter: 0, checkpoint });
  }
}

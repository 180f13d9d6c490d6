/** Parents and children: which shards need a lease, and which leases wait for their parents. Pure. */
import {
  type InitialPosition,
  isFinished,
  type Lease,
  leaseKeyOf,
  type NewLease,
  newLeaseOf,
  parentLeaseKeys,
  type ShardDescription,
  type StreamIdentity,
} from './lease.ts';

/** The leases that wait: a child is readable only when each parent's lease is at SHARD_END or absent.
 *  `unreadableKeys` are rows that exist but cannot be read: they count as present and not finished.
 *  Source: KCL lifecycle/BlockOnParentShardTask.java. */
export function blockedLeaseKeys(
  leases: readonly Lease[],
  unreadableKeys: ReadonlySet<string>,
): ReadonlySet<string> {
  const unfinished = new Set(unreadableKeys);
  for (const lease of leases) if (!isFinished(lease)) unfinished.add(lease.leaseKey);
  const blocked = leases.filter((lease) => parentLeaseKeys(lease).some((parent) => unfinished.has(parent)));
  return new Set(blocked.map((lease) => lease.leaseKey));
}

export const isOpen = (shard: ShardDescription): boolean => shard.endingSequenceNumber === undefined;

export interface LineageInput {
  readonly stream: StreamIdentity;
  /** Every shard Kinesis lists of it, the closed ones too. */
  readonly shards: readonly ShardDescription[];
  /** The leases of that stream. */
  readonly leases: readonly Lease[];
  /** Keys of rows that exist but cannot be read. */
  readonly unreadableKeys: ReadonlySet<string>;
  readonly initialPosition: InitialPosition;
}

/**
 * The leases to create, parents first.
 *
 * KCL's rule (HierarchicalShardSyncer): an open shard without a lease and without an ancestor that has one gets
 * one at the initial position; from TRIM_HORIZON or AT_TIMESTAMP its oldest listed ancestors get it instead. A
 * shard below a leased or new ancestor gets its lease when its parents are finished, at TRIM_HORIZON. On an
 * empty table this makes leases for the listed shards without listed parents (KCL asks Kinesis for the same set
 * by ShardFilter AT_TRIM_HORIZON) or, from LATEST, for the open ones: every record within retention is below a
 * lease, and no child can run ahead of its parent.
 *
 * Beyond KCL: a child that its finished parents should have created but that is missing (deleted by hand) is
 * created, at TRIM_HORIZON, instead of being silent for ever.
 */
export function leasesToCreate(input: LineageInput): readonly NewLease[] {
  const walk = new LineageWalk(input);
  const byId = new Map(input.shards.map((shard) => [shard.shardId, shard]));
  for (const shard of input.shards) {
    // A child listed while its parent is still listed as open: the list is of two moments; the next one is whole.
    const isTooEarly = shard.parentShardIds.some((id) => {
      const parent = byId.get(id);
      return parent !== undefined && isOpen(parent);
    });
    if (isOpen(shard) && !walk.hasLease(shard.shardId) && !isTooEarly) walk.cover(shard);
  }
  walk.addOrphans();
  return [...walk.created.values()]
    .sort(byAge)
    .map(({ shard, checkpoint }) => newLeaseOf(shard, checkpoint, input.stream));
}

interface Creation {
  readonly shard: ShardDescription;
  readonly checkpoint: InitialPosition;
}

function byAge({ shard: a }: Creation, { shard: b }: Creation): number {
  const left = BigInt(a.startingSequenceNumber);
  const right = BigInt(b.startingSequenceNumber);
  if (left !== right) return left < right ? -1 : 1;
  return a.shardId < b.shardId ? -1 : 1;
}

class LineageWalk {
  readonly created = new Map<string, Creation>();
  readonly #input: LineageInput;
  readonly #byId: ReadonlyMap<string, ShardDescription>;
  readonly #leased: ReadonlySet<string>;
  readonly #isBelowLease = new Map<string, boolean>();
  /** Oldest listed ancestors that must be read because the initial position is in the past. */
  readonly #oldest = new Set<string>();

  constructor(input: LineageInput) {
    this.#input = input;
    this.#byId = new Map(input.shards.map((shard) => [shard.shardId, shard]));
    const isUnreadable = ({ shardId }: ShardDescription): boolean =>
      input.unreadableKeys.has(leaseKeyOf(input.stream.streamId, shardId));
    this.#leased = new Set([
      ...input.leases.map((lease) => lease.shardId),
      ...input.shards.filter(isUnreadable).map((shard) => shard.shardId),
    ]);
  }

  hasLease(shardId: string): boolean {
    return this.#leased.has(shardId);
  }

  cover(shard: ShardDescription): void {
    if (this.#visit(shard)) return;
    this.created.set(shard.shardId, { shard, checkpoint: this.#input.initialPosition });
  }

  /** Children of finished parents that nobody created. */
  addOrphans(): void {
    const finished = new Set(this.#input.leases.filter(isFinished).map((lease) => lease.shardId));
    for (const shard of this.#input.shards) {
      // A listed parent without a lease is below a shard that is still being read: its own end makes the child.
      const parents = shard.parentShardIds.filter((id) => this.#leased.has(id) || this.#byId.has(id));
      const isOrphan = parents.length > 0 && parents.every((id) => finished.has(id));
      if (!isOrphan || this.#leased.has(shard.shardId)) continue;
      this.created.set(shard.shardId, { shard, checkpoint: 'TRIM_HORIZON' });
    }
  }

  /** Whether the shard has a lease or is below one (old or new); adds what its ancestors lack. */
  #visit(shard: ShardDescription): boolean {
    const known = this.#isBelowLease.get(shard.shardId);
    if (known !== undefined) return known;
    const result = this.#leased.has(shard.shardId) || this.#visitParents(shard);
    this.#isBelowLease.set(shard.shardId, result);
    return result;
  }

  #visitParents(shard: ShardDescription): boolean {
    const parents = shard.parentShardIds.flatMap((id) => this.#byId.get(id) ?? []);
    const covered = new Set(
      parents.filter((parent) => this.#visit(parent) || this.#oldest.has(parent.shardId)),
    );
    if (covered.size === 0) {
      if (this.#input.initialPosition !== 'LATEST') this.#oldest.add(shard.shardId);
      return false;
    }
    for (const parent of parents) this.#addParent(parent, covered.has(parent));
    return true;
  }

  #addParent(parent: ShardDescription, isCovered: boolean): void {
    const { shardId } = parent;
    const isNew = this.created.has(shardId) || this.#oldest.has(shardId) || !isCovered;
    if (this.#leased.has(shardId) || !isNew) return;
    const { initialPosition } = this.#input;
    // From TRIM_HORIZON on a covered parent, as KCL does; AT_TIMESTAMP stays what it is.
    const checkpoint = isCovered && initialPosition !== 'AT_TIMESTAMP' ? 'TRIM_HORIZON' : initialPosition;
    this.created.set(shardId, { shard: parent, checkpoint });
  }
}

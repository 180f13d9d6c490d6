/** Whether every hash key has a lease: a hole is a part of the stream that nobody reads. Pure. */
import { type HashRange, isFinished, type Lease, type ShardDescription } from './lease.ts';

const HASH_KEY_MAX = 2n ** 128n - 1n;

/** The holes that `ranges` leave in 0 … 2^128 - 1, in order. */
export function findHoles(ranges: readonly HashRange[]): readonly HashRange[] {
  const sorted = ranges
    .map(({ startingHashKey, endingHashKey }) => ({
      from: BigInt(startingHashKey),
      to: BigInt(endingHashKey),
    }))
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  const holes: HashRange[] = [];
  let next = 0n;
  const hole = (to: bigint): void => {
    if (next <= to) holes.push({ startingHashKey: String(next), endingHashKey: String(to) });
  };
  for (const { from, to } of sorted) {
    hole(from - 1n);
    if (to >= next) next = to + 1n;
  }
  hole(HASH_KEY_MAX);
  return holes;
}

/** The ranges of what is read or will be: a child that waits for its parents covers its range already, and a finished
 *  shard whose child cannot have a lease before the other parent is read still stands for it. A row of an old KCL
 *  has no range; its shard's listing knows it. */
export function coveredRanges(
  leases: readonly Lease[],
  shards: readonly ShardDescription[],
): readonly HashRange[] {
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]));
  const leased = new Set(leases.map((lease) => lease.shardId));
  return leases
    .filter((lease) => !isFinished(lease) || lease.childShardIds.some((child) => !leased.has(child)))
    .flatMap((lease) => lease.hashRange ?? byId.get(lease.shardId) ?? []);
}

/** Looks in a row until a hole is believed: between two reads of a reshard one may seem to be. Source: KCL
 *  leasesRecoveryAuditorInconsistencyConfidenceThreshold. */
const LOOKS = 3;

export class HoleAudit {
  #seen = new Map<string, number>();

  /** How many holes are believed now. */
  get believedCount(): number {
    return [...this.#seen.values()].filter((looks) => looks >= LOOKS).length;
  }

  /** The holes seen for the third time in a row, each once. */
  look(holes: readonly HashRange[]): readonly HashRange[] {
    const keyOf = ({ startingHashKey, endingHashKey }: HashRange): string =>
      `${startingHashKey}-${endingHashKey}`;
    this.#seen = new Map(holes.map((hole) => [keyOf(hole), (this.#seen.get(keyOf(hole)) ?? 0) + 1]));
    return holes.filter((hole) => this.#seen.get(keyOf(hole)) === LOOKS);
  }
}

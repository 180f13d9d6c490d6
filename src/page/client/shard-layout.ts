/** Where each shard stands on the map: across by its part of the hash range, down by its generation. Pure. */
import type { ShapedShard } from '../shapes.ts';

export interface Placed {
  readonly shard: ShapedShard;
  /** 0 for shards without a known parent. */
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Finished shards without a descendant that is read are history: they are left out. Generations that are empty then
 *  take no room. */
export function layOut(shards: readonly ShapedShard[], withFinished: boolean): readonly Placed[] {
  const byId = new Map(shards.map((shard) => [`${shard.stream}/${shard.shardId}`, shard]));
  const rows = new Map<ShapedShard, number>();
  const rowOf = (shard: ShapedShard, depth: number): number => {
    const known = rows.get(shard);
    if (known !== undefined) return known;
    const parents = shard.parentShardIds.flatMap((id) => byId.get(`${shard.stream}/${id}`) ?? []);
    const row =
      depth > shards.length ? 0 : Math.max(0, ...parents.map((parent) => rowOf(parent, depth + 1) + 1));
    rows.set(shard, row);
    return row;
  };
  const isShown = (shard: ShapedShard): boolean =>
    withFinished || shard.state !== 'finished' || isParentOfRead(shard, byId);
  const placed = shards
    .filter((shard) => shard.hashFrom !== null && isShown(shard))
    .map((shard) => ({ shard, row: rowOf(shard, 0), from: shard.hashFrom ?? 0, to: shard.hashTo ?? 1 }));
  const used = [...new Set(placed.map(({ row }) => row))].sort((a, b) => a - b);
  return placed.map((one) => ({ ...one, row: used.indexOf(one.row) }));
}

/** A shard's lineage is shown for as long as one of its children is being read. */
function isParentOfRead(shard: ShapedShard, byId: ReadonlyMap<string, ShapedShard>): boolean {
  return shard.childShardIds.some((id) => {
    const child = byId.get(`${shard.stream}/${id}`);
    return child !== undefined && child.state !== 'finished';
  });
}

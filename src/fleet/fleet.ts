/** The whole fleet as its lease table shows it, whoever looks: no worker is asked. Pure. */
import type { HashRange, LeaseReport, LeaseState, WorkerId } from '../leases/index.ts';

/** One shard, or a row that is no readable lease. */
export interface FleetShard {
  readonly leaseKey: string;
  /** The lease key of an unreadable row. */
  readonly shardId: string;
  /** The stream's name. */
  readonly stream: string;
  readonly state: LeaseState;
  /** Why the row is unreadable. */
  readonly reason: string | undefined;
  readonly owner: WorkerId | undefined;
  /** How long its counter has stood still, as far as it was watched; undefined when nobody's. Unit: ms. */
  readonly stillForMs: number | undefined;
  /** For people: a sentinel or a sequence number. Undefined when unreadable. */
  readonly checkpoint: string | undefined;
  /** How long the checkpoint has stood still, as far as it was watched: old is bad only with a lag. Unit: ms. */
  readonly checkpointStillForMs: number;
  readonly hashRange: HashRange | undefined;
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
  /** The worker that asks for it. */
  readonly handOffTo: WorkerId | undefined;
  readonly report: LeaseReport;
}

export interface FleetWorker {
  readonly workerId: WorkerId;
  /** At least one of its counters moves; undefined: not watched long enough to tell. */
  readonly isAlive: boolean | undefined;
  /** Leases it owns that are not finished. */
  readonly shards: number;
}

export interface Fleet {
  /** Wall time of the look. Unit: ms since 1970. */
  readonly lookedAtMs: number;
  /** In the order of hash ranges, parents before their children. */
  readonly shards: readonly FleetShard[];
  /** Owners of leases, by name. */
  readonly workers: readonly FleetWorker[];
}

/** What happened between two looks. */
export type FleetChange =
  | { readonly kind: 'created' | 'finished' | 'removed' | 'expired'; readonly shard: FleetShard }
  | {
      readonly kind: 'moved';
      readonly shard: FleetShard;
      readonly from: WorkerId | undefined;
      readonly to: WorkerId | undefined;
    };

const isStandingStill = ({ state }: FleetShard): boolean => state === 'expired' || state === 'expired?';

/** Whether somebody should be reading it. */
export const isReadable = ({ state }: Pick<FleetShard, 'state'>): boolean =>
  state !== 'finished' && state !== 'waiting' && state !== 'unreadable';

/** The owners, each with what its leases say of it. */
export function workersOf(shards: readonly FleetShard[]): readonly FleetWorker[] {
  const byOwner = new Map<WorkerId, FleetShard[]>();
  for (const shard of shards) {
    if (shard.owner === undefined || shard.state === 'finished') continue;
    byOwner.set(shard.owner, [...(byOwner.get(shard.owner) ?? []), shard]);
  }
  return [...byOwner]
    .map(([workerId, owned]): FleetWorker => {
      if (owned.some(({ state }) => state === 'running'))
        return { workerId, isAlive: true, shards: owned.length };
      return { workerId, isAlive: owned.some(isStandingStill) ? false : undefined, shards: owned.length };
    })
    .sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
}

/** In the order of `after`; removed rows last. */
export function changesBetween(before: Fleet, after: Fleet): readonly FleetChange[] {
  const earlier = new Map(before.shards.map((shard) => [shard.leaseKey, shard]));
  const changes: FleetChange[] = [];
  for (const shard of after.shards) {
    const was = earlier.get(shard.leaseKey);
    earlier.delete(shard.leaseKey);
    if (was === undefined) changes.push({ kind: 'created', shard });
    if (was?.owner !== shard.owner && shard.state !== 'finished' && (was || shard.owner))
      changes.push({ kind: 'moved', shard, from: was?.owner, to: shard.owner });
    if (was && was.state !== 'finished' && shard.state === 'finished')
      changes.push({ kind: 'finished', shard });
    if (was && was.state !== 'expired' && shard.state === 'expired') changes.push({ kind: 'expired', shard });
  }
  for (const shard of earlier.values()) changes.push({ kind: 'removed', shard });
  return changes;
}

/** How far behind the fleet is, as one answer. Pure. */
import type { FleetShard } from '../fleet/fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { shortDuration } from '../short-duration.ts';
import { shardText } from './fleet-flags.ts';

export interface LaggingShard {
  readonly shard: FleetShard;
  /** Undefined: finished or unreadable, so that there is none. */
  readonly lag: ShardLag | undefined;
}

export interface TotalLag {
  /** Of the slowest shard that tells. Unit: ms. */
  readonly maxLagMs: number | undefined;
  readonly slowest: LaggingShard | undefined;
  /** Shards to be read that do not tell. */
  readonly unknown: readonly LaggingShard[];
  readonly shards: number;
  readonly workers: number;
  /** Shards to be read that are nobody's. */
  readonly unowned: number;
}

export function totalLag(lagging: readonly LaggingShard[]): TotalLag {
  const open = lagging.filter(({ shard }) => shard.state !== 'finished');
  const known = open.filter(({ lag }) => typeof lag === 'number');
  const slowest = known.reduce<LaggingShard | undefined>(
    (most, each) => (most === undefined || Number(each.lag) > Number(most.lag) ? each : most),
    undefined,
  );
  return {
    maxLagMs: slowest && Number(slowest.lag),
    slowest,
    unknown: open.filter(({ lag }) => typeof lag !== 'number'),
    shards: open.length,
    workers: new Set(open.flatMap(({ shard }) => shard.owner ?? [])).size,
    unowned: open.filter(({ shard }) => shard.owner === undefined && shard.state !== 'waiting').length,
  };
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const ownerOf = ({ owner }: FleetShard): string =>
  owner === undefined ? 'which nobody reads' : `read by ${owner}`;

/** `12.0 s behind: shardId-000000000001, read by worker-a; 2 shards, 1 worker`. */
export function totalLine({ maxLagMs, slowest, unknown, shards, workers, unowned }: TotalLag): string {
  const counts = `${plural(shards, 'shard')}, ${plural(workers, 'worker')}`;
  const more = [
    ...(unowned > 0 ? [`${unowned} read by nobody`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} not known`] : []),
  ];
  const rest = [counts, ...more].join(', ');
  if (shards === 0) return 'nothing to read';
  if (slowest === undefined || maxLagMs === undefined) return `lag not known; ${rest}`;
  if (maxLagMs === 0) return `0.0 s behind${unknown.length > 0 ? '' : ': caught up'}; ${rest}`;
  return `${shortDuration(maxLagMs)} behind: ${shardText(slowest.shard)}, ${ownerOf(slowest.shard)}; ${rest}`;
}

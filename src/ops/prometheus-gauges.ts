/** Series that are looked up at each scrape, so that what is no longer ours leaves nothing behind. */
import { Gauge, type Registry } from 'prom-client';
import type { FleetCounts, HeldLeaseSnapshot } from '../leases/index.ts';
import type { LeaseCost } from './lease-cost.ts';
import type { AwsService } from './metrics.ts';
import { seriesName } from './prometheus-series.ts';
import type { ShardProgress } from './shard-progress.ts';

/** What others know. Undefined: nothing yet, which is no sample. */
export interface GaugeSources {
  readonly heldLeases: () => readonly HeldLeaseSnapshot[];
  readonly fleet: () => FleetCounts | undefined;
  /** For how long each service has not answered. Unit: ms. */
  readonly unanswered: () => Iterable<readonly [service: AwsService, ms: number]>;
  /** The shortest retention of the streams. Unit: ms. */
  readonly retentionMs: () => number | undefined;
}

export const NO_SOURCES: GaugeSources = {
  heldLeases: () => [],
  fleet: () => undefined,
  unanswered: () => [],
  retentionMs: () => undefined,
};

type Sample = readonly [label: string, value: number];
/** Undefined is no sample. */
type Samples = () => Iterable<Sample> | number | undefined;

export interface GaugeParts {
  readonly shards: ShardProgress;
  readonly leaseCost: LeaseCost;
  readonly sources: GaugeSources;
}

export function registerGauges(registry: Registry, parts: GaugeParts): void {
  const add = (name: string, help: string, samples: Samples, label?: string): void => {
    new Gauge({
      name: seriesName(name),
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        this.reset();
        const found = samples();
        // A gauge without labels starts as 0, which would be a value.
        if (found === undefined) this.remove();
        else if (typeof found === 'number') this.set(found);
        else for (const [value, number] of found) this.set({ [label as string]: value }, number);
      },
    });
  };
  shardGauges(add, parts);
  leaseGauges(add, parts);
}

type Add = (name: string, help: string, samples: Samples, label?: string) => void;

function shardGauges(add: Add, { shards, sources }: GaugeParts): void {
  add('consumer_lag_seconds', 'Behind the tip; no sample: unknown', () => shards.lags(), 'shard');
  add(
    'consumer_lag_max_seconds',
    'Of the shard that is farthest behind; no sample: unknown',
    () => shards.lagMax,
  );
  add(
    'consumer_lag_unknown_shards',
    'Shards that are read and whose lag is not known',
    () => shards.unknownLags,
  );
  add(
    'checkpoint_age_seconds',
    'Since all that was read was last checkpointed',
    () => shards.checkpointAges(),
    'shard',
  );
  add('stuck_shards', 'Shards of which nothing was stored for five minutes', () => shards.stuck().length);
  add('stream_retention_seconds', 'How long Kinesis keeps records; of several streams the shortest', () => {
    const retentionMs = sources.retentionMs();
    return retentionMs === undefined ? undefined : retentionMs / 1_000;
  });
  add(
    'aws_unanswered_seconds',
    'Since a service last answered, while calls fail; else 0',
    () => [...sources.unanswered()].map(([service, ms]) => [service, ms / 1_000] as const),
    'service',
  );
}

const SHARD_STATES = ['running', 'parked', 'ending'] as const;

function leaseGauges(add: Add, { leaseCost, sources }: GaugeParts): void {
  add(
    'shards',
    'Shards of the held leases, by what they do',
    () => {
      const leases = sources.heldLeases();
      return SHARD_STATES.map((state) => [state, leases.filter((lease) => lease.state === state).length]);
    },
    'state',
  );
  add(
    'fleet_leases',
    'All leases of the table, as this worker last saw them',
    () => Object.entries(sources.fleet()?.leases ?? {}),
    'state',
  );
  add('fleet_workers', 'Workers that renew leases', () => sources.fleet()?.workers);
  add(
    'hash_range_holes',
    'Parts of the hash range without a lease: nobody reads them',
    () => sources.fleet()?.holes,
  );
  add('shard_seconds', 'Sum over shards of the time they were held', () => leaseCost.shardSeconds);
  // Coordination's price: KCL pays 0.30 writes per shard and second, and its checkpoints come on top.
  add(
    'lease_table_requests_per_shard_second',
    'Requests to the lease table per shard and second held, since the start',
    () =>
      (['read', 'write'] as const).flatMap((kind) => {
        const value = leaseCost.perShardSecond(kind);
        return value === undefined ? [] : [[kind, value] as const];
      }),
    'kind',
  );
}

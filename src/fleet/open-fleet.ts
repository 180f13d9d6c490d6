import type { AwsClients } from '../aws-clients.ts';
import type { Config } from '../config.ts';
import { LeaseAdmin } from '../leases/index.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { tableNames } from '../store/tables.ts';
import type { Clock } from '../time.ts';
import type { Fleet, FleetShard } from './fleet.ts';
import { FleetWatch } from './fleet-watch.ts';
import { lookAtLags, type ShardLag } from './shard-lags.ts';

/** The whole fleet, read from the lease table and the stream. Changes nothing. */
export interface FleetReader {
  /** How long two looks should lie apart to tell who is alive. Unit: ms. */
  readonly watchMs: number;
  /** @throws what DynamoDB throws. */
  look(): Promise<Fleet>;
  /** @throws what Kinesis throws. */
  lags(shards: readonly FleetShard[]): Promise<ReadonlyMap<string, ShardLag>>;
}

type FleetSettings = Pick<Config, 'stream' | 'application' | 'tablePrefix' | 'failoverTimeMs'>;

/** Remembers what it saw: look with the same reader again. */
export function openFleet(
  { dynamodb, kinesis }: Pick<AwsClients, 'dynamodb' | 'kinesis'>,
  settings: FleetSettings,
  clock: Clock,
): FleetReader {
  const admin = new LeaseAdmin({ client: dynamodb, tableName: tableNames(settings).leases });
  const reader = new KinesisReader(kinesis, clock);
  const watch = new FleetWatch({ admin, clock }, settings);
  return {
    watchMs: watch.watchMs,
    look: () => watch.look(),
    lags: (shards) => lookAtLags({ reader, clock }, shards),
  };
}

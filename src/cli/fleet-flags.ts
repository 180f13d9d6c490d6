/** What `lag` and `top` share: the fleet, shards by name, and how they are shown. */
import { createClients } from '../aws-clients.ts';
import type { Config } from '../config.ts';
import { MeterError } from '../errors.ts';
import type { Fleet, FleetShard } from '../fleet/fleet.ts';
import { shortShardId } from '../fleet/lease-place.ts';
import { type FleetReader, openFleet } from '../fleet/open-fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { shortDuration } from '../short-duration.ts';
import { tableNames } from '../store/tables.ts';
import { systemClock } from '../time.ts';
import { configFrom, type SettingFlags } from './setting-flags.ts';

export interface OpenedFleet {
  readonly reader: FleetReader;
  readonly config: Config;
  readonly tableName: string;
}

/** @throws MeterError `config-invalid`. */
export function openFleetOf(flags: SettingFlags): OpenedFleet {
  const { config } = configFrom(flags);
  return {
    reader: openFleet(createClients(), config, systemClock),
    config,
    tableName: tableNames(config).leases,
  };
}

/** Shards with something left to read; of those named, whatever they are.
 *  @throws MeterError `not-found`. */
export function chooseShards(
  fleet: Fleet,
  names: readonly string[],
  tableName: string,
): readonly FleetShard[] {
  if (names.length === 0) return fleet.shards.filter(({ state }) => state !== 'finished');
  return names.flatMap((name) => {
    const found = fleet.shards.filter(
      ({ leaseKey, shardId }) => leaseKey === name || shardId === name || shortShardId(shardId) === name,
    );
    if (found.length > 0) return found;
    throw new MeterError(
      'not-found',
      `There is no shard "${name}" in lease table ${tableName}. \`supersim-meter leases --all\` shows those there are.`,
    );
  });
}

/** The lease key where it tells the stream too. */
export const shardText = ({ leaseKey, shardId, report }: FleetShard): string =>
  report.lease?.streamId === undefined ? shardId : leaseKey;

export const lagText = (lag: ShardLag | undefined): string =>
  typeof lag === 'number' ? shortDuration(lag) : (lag ?? '-');

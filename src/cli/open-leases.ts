/** What the `leases` commands share: the table, the two looks at it, and finding what was named. */
import { createClients } from '../aws-clients.ts';
import type { Config } from '../config.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { WATCH_SHARE } from '../fleet/fleet-watch.ts';
import { shortShardId } from '../fleet/lease-place.ts';
import { type EarlierLook, type Lease, LeaseAdmin, leaseIn, type TableRow } from '../leases/index.ts';
import { KinesisReader } from '../source/kinesis-reader.ts';
import { tableNames } from '../store/tables.ts';
import { systemClock } from '../time.ts';
import { configFrom, type SettingFlags } from './setting-flags.ts';

export interface LeaseTable {
  readonly admin: LeaseAdmin;
  readonly tableName: string;
  readonly reader: KinesisReader;
  readonly config: Config;
}

/** @throws MeterError `config-invalid`. */
export function openLeases(options: SettingFlags): LeaseTable {
  const { config } = configFrom(options);
  const { dynamodb, kinesis } = createClients();
  const tableName = tableNames(config).leases;
  return {
    admin: new LeaseAdmin({ client: dynamodb, tableName }),
    tableName,
    reader: new KinesisReader(kinesis, systemClock),
    config,
  };
}

/** Turns what AWS throws into a sentence. */
export const aboutLeases =
  <A extends unknown[]>(task: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    try {
      await task(...args);
    } catch (error) {
      throw explain(error, 'working on the lease table');
    }
  };

const WATCH_MAX_MS = 600_000;

/** How long to wait between two looks. @throws MeterError `usage`. Unit: ms. */
export function watchMsOf(text: string | undefined, { failoverTimeMs }: Config): number {
  if (text === undefined) return Math.ceil(failoverTimeMs * WATCH_SHARE);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= WATCH_MAX_MS) return value;
  throw new MeterError(
    'usage',
    `--watch-ms must be a whole number from 1 to ${WATCH_MAX_MS}, not "${text}".`,
  );
}

export interface TwoLooks {
  readonly rows: readonly TableRow[];
  readonly earlier: EarlierLook;
}

/** Looks, waits, and looks again. */
export async function lookTwice({ admin }: LeaseTable, watchMs: number): Promise<TwoLooks> {
  const before = await admin.rows();
  const startedAtMs = systemClock.monotonicMs();
  if (process.stderr.isTTY)
    process.stderr.write(`watching for ${(watchMs / 1_000).toFixed(1)} s which counters move\n`);
  await systemClock.sleep(watchMs);
  // The end of the first look to the start of the second: what stood still did so at least as long.
  const elapsedMs = Math.floor(systemClock.monotonicMs() - startedAtMs);
  return { rows: await admin.rows(), earlier: { rows: before, elapsedMs } };
}

/** The lease of a shard, given by its key, its id or the id's number.
 *  @throws MeterError `not-found`; `usage` when several streams have such a shard. */
export function findLease(rows: readonly TableRow[], name: string, tableName: string): Lease {
  const row = rows.find(({ item }) => item['leaseKey']?.S === name);
  if (row !== undefined && leaseIn(row) === undefined)
    throw new MeterError(
      'not-found',
      `The row "${name}" of table ${tableName} is no readable lease; \`supersim-meter leases\` says why.`,
    );
  const leases = rows.flatMap((each) => leaseIn(each) ?? []);
  const found = leases.filter(
    ({ leaseKey, shardId }) => leaseKey === name || shardId === name || shortShardId(shardId) === name,
  );
  if (found.length > 1)
    throw new MeterError(
      'usage',
      `Several streams have a shard "${name}": give one of ${found.map(({ leaseKey }) => leaseKey).join(', ')}.`,
    );
  if (found[0] !== undefined) return found[0];
  throw new MeterError(
    'not-found',
    `There is no lease "${name}" in table ${tableName}. \`supersim-meter leases --all\` shows those there are, and \`leases --help\` the commands.`,
  );
}

/** For a row that moves faster than we write. */
export const leaseChanged = ({ leaseKey }: Lease): MeterError =>
  new MeterError(
    'lease-changed',
    `The lease "${leaseKey}" changed while it was being changed here. Look at it (\`supersim-meter leases\`) and try again.`,
  );

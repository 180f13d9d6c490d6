/** `lag`: how far behind each shard is, and all together. */
import type { Command } from 'commander';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { duration } from './duration-flag.ts';
import { EXIT } from './exit-codes.ts';
import { chooseShards, lagText, openFleetOf, shardText } from './fleet-flags.ts';
import { type LaggingShard, type TotalLag, totalLag, totalLine } from './lag-report.ts';
import { printTable } from './print-table.ts';
import { addSettingFlags, type SettingFlags } from './setting-flags.ts';
import type { Column } from './text-table.ts';

interface LagFlags extends SettingFlags {
  readonly failOver?: string;
  readonly json?: boolean;
}

const COLUMNS: readonly Column[] = [
  { name: 'shard' },
  { name: 'owner', widthMin: 10 },
  { name: 'lag', isRight: true },
  { name: 'state' },
  { name: 'checkpoint', widthMin: 12 },
];

/** One look cannot tell who is alive. */
const stateText = (state: string): string => (state === 'held' ? 'owned' : state);

const rowOf = ({ shard, lag }: LaggingShard): string[] => [
  shardText(shard),
  shard.owner ?? '-',
  lagText(lag),
  stateText(shard.state),
  shard.checkpoint ?? '-',
];

const shardJson = ({ shard, lag }: LaggingShard) => ({
  kind: 'shard',
  shardId: shard.shardId,
  stream: shard.stream,
  owner: shard.owner ?? null,
  state: shard.state,
  lagMs: typeof lag === 'number' ? lag : null,
  lagUnknown: typeof lag === 'string' ? lag : null,
  checkpoint: shard.checkpoint ?? null,
});

const totalJson = ({ maxLagMs, slowest, unknown, shards, workers, unowned }: TotalLag) => ({
  kind: 'summary',
  maxLagMs: maxLagMs ?? null,
  slowestShardId: slowest?.shard.shardId ?? null,
  unknown: unknown.length,
  shards,
  workers,
  unowned,
});

/** A lag that is not known is not below anything. */
const isOver = ({ maxLagMs = 0, unknown }: TotalLag, limitMs: number): boolean =>
  maxLagMs > limitMs || unknown.length > 0;

async function showLag(names: readonly string[], { failOver, json, ...flags }: LagFlags): Promise<void> {
  const limitMs = failOver === undefined ? Number.POSITIVE_INFINITY : duration(failOver, 'fail-over');
  const { reader, tableName } = openFleetOf(flags);
  const chosen = chooseShards(await reader.look(), names, tableName);
  const lags = await reader.lags(chosen);
  const lagging = chosen.map((shard) => ({ shard, lag: lags.get(shard.leaseKey) }));
  const total = totalLag(lagging);
  if (json)
    for (const line of [...lagging.map(shardJson), totalJson(total)])
      process.stdout.write(`${toJson(line)}\n`);
  else {
    process.stdout.write(`${totalLine(total)}\n`);
    if (lagging.length > 0) printTable(COLUMNS, lagging.map(rowOf));
  }
  if (failOver !== undefined && isOver(total, limitMs)) process.exitCode = EXIT.checkFailed;
}

/** Registers `lag`. */
export function addLagCommand(program: Command): void {
  addSettingFlags(
    program
      .command('lag [shards...]')
      .description(
        'how old the oldest record is that is not counted yet, shard by shard and in all, and who reads it; costs one of each shard’s five reads a second',
      )
      .option(
        '--fail-over <duration>',
        'exit 5 when it is more than this, like 5min, or not known: for scripts',
      )
      .option('--json', 'as JSON lines, the summary last'),
    ['application', 'stream', 'failoverTimeMs'],
  ).action(async (names: string[], flags: LagFlags) => {
    try {
      await showLag(names, flags);
    } catch (error) {
      throw explain(error, 'looking at the fleet');
    }
  });
}

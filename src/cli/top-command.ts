/** `top`: the running fleet on a terminal, redrawn every two seconds. */
import type { Command } from 'commander';
import { createLogUpdate } from 'log-update';
import { classify, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { changesBetween, type Fleet, type FleetChange } from '../fleet/fleet.ts';
import type { FleetReader } from '../fleet/open-fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { toJson } from '../json.ts';
import { systemClock } from '../time.ts';
import { duration } from './duration-flag.ts';
import { listenForEnd } from './end-keys.ts';
import { openFleetOf } from './fleet-flags.ts';
import { totalLag } from './lag-report.ts';
import { addSettingFlags, type SettingFlags } from './setting-flags.ts';
import { type TopSight, topLines } from './top-view.ts';

interface TopFlags extends SettingFlags {
  readonly every: string;
  readonly json?: boolean;
}

/** Two of a shard's five reads a second would be in the workers' way. Unit: ms. */
const EVERY_MIN_MS = 1_000;
const LAGS_KEPT = 40;
const CHANGES_KEPT = 20;

/** What was seen so far. */
class TopWatch {
  private readonly reader: FleetReader;
  private fleet: Fleet | undefined;
  private lags: ReadonlyMap<string, ShardLag> = new Map();
  private lagsBefore: ReadonlyMap<string, ShardLag> = new Map();
  private maxLagsMs: readonly (number | undefined)[] = [];
  private changes: readonly { atMs: number; change: FleetChange }[] = [];

  constructor(reader: FleetReader) {
    this.reader = reader;
  }

  async look(): Promise<TopSight> {
    const fleet = await this.reader.look();
    const lags = await this.reader.lags(fleet.shards);
    const atMs = fleet.lookedAtMs;
    const changes = this.fleet ? changesBetween(this.fleet, fleet).map((change) => ({ atMs, change })) : [];
    const lagging = fleet.shards.map((shard) => ({ shard, lag: lags.get(shard.leaseKey) }));
    this.changes = [...this.changes, ...changes].slice(-CHANGES_KEPT);
    this.maxLagsMs = [...this.maxLagsMs, totalLag(lagging).maxLagMs].slice(-LAGS_KEPT);
    [this.lagsBefore, this.lags, this.fleet] = [this.lags, lags, fleet];
    return this.sight(fleet);
  }

  /** What was seen last, and why there is nothing newer. @throws `error` when nothing was seen yet. */
  afterTrouble(error: unknown): TopSight {
    const { fleet } = this;
    if (fleet === undefined || classify(error) !== 'retryable') throw error;
    return {
      ...this.sight(fleet),
      trouble: `${explain(error, 'looking at the fleet').message} Trying again.`,
    };
  }

  private sight(fleet: Fleet): TopSight {
    const { lags, lagsBefore, maxLagsMs, changes } = this;
    return { fleet, lags, lagsBefore, maxLagsMs, changes };
  }
}

async function live(watch: TopWatch, title: string, everyMs: number): Promise<void> {
  const draw = createLogUpdate(process.stdout);
  const keys = listenForEnd();
  try {
    while (!keys.signal.aborted) {
      const sight = await watch.look().catch((error: unknown) => watch.afterTrouble(error));
      const { columns, rows } = process.stdout;
      draw([...topLines(title, sight, { columns, rows: rows - 2 }), 'q or Ctrl-C ends'].join('\n'));
      await systemClock.sleep(everyMs, keys.signal);
    }
  } finally {
    keys.close();
    draw.done();
  }
}

/** Two looks, as far apart as it takes to tell who is alive. */
async function snapshot(watch: TopWatch, watchMs: number): Promise<TopSight> {
  await watch.look();
  await systemClock.sleep(watchMs);
  return watch.look();
}

const jsonOf = ({ fleet, lags }: TopSight) => ({
  lookedAtMs: fleet.lookedAtMs,
  workers: fleet.workers,
  shards: fleet.shards.map(({ report: _, ...shard }) => ({
    ...shard,
    lag: lags.get(shard.leaseKey) ?? null,
  })),
});

async function top({ every, json: isJson = false, ...flags }: TopFlags): Promise<void> {
  const everyMs = duration(every, 'every');
  if (everyMs < EVERY_MIN_MS) throw new MeterError('usage', '--every must be 1s or more.');
  const { reader, config } = openFleetOf(flags);
  const watch = new TopWatch(reader);
  const title = `supersim-meter · stream ${config.stream} · application ${config.application}`;
  if (process.stdout.isTTY && !isJson) return live(watch, title, everyMs);
  const sight = await snapshot(watch, reader.watchMs);
  const { POSITIVE_INFINITY: columns } = Number;
  process.stdout.write(
    isJson
      ? `${toJson(jsonOf(sight))}\n`
      : `${topLines(title, sight, { columns, rows: columns }).join('\n')}\n`,
  );
}

/** Registers `top`. */
export function addTopCommand(program: Command): void {
  addSettingFlags(
    program
      .command('top')
      .description('the running fleet, live: lag, owners, what moves; without a terminal one snapshot')
      .option(
        '--every <duration>',
        'time between two looks; each costs one of a shard’s five reads a second',
        '2s',
      )
      .option('--json', 'one snapshot as one JSON object'),
    ['application', 'stream', 'failoverTimeMs'],
  ).action(async (flags: TopFlags) => {
    try {
      await top(flags);
    } catch (error) {
      throw explain(error, 'looking at the fleet');
    }
  });
}

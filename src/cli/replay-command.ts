import { type Command, Option } from 'commander';
import { type Config, streamsOf } from '../config.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../repair/replay.ts';
import { ReplayTally } from '../repair/replay-tally.ts';
import {
  RECORDS_PER_SECOND_DEFAULT,
  RECORDS_PER_SECOND_MAX,
  type ReplaySpan,
} from '../repair/shard-replay.ts';
import type { WouldChange } from '../repair/would-change.ts';
import { systemClock, toIso } from '../time.ts';
import { APPLYING_SETTINGS } from './dead-letter-commands.ts';
import { addExecuteFlag, type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { EXIT } from './exit-codes.ts';
import { withRepair } from './letter-flags.ts';
import { whole } from './numeric-flag.ts';
import { progressOn } from './replay-progress.ts';
import { type ReplayReport, replayLines } from './replay-report.ts';
import { addSettingFlags, type SettingFlags } from './setting-flags.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { optionalTime, timeFlag } from './time-flag.ts';

const DAY_MS = 86_400_000;
const SIM_SID = /^HS[0-9a-f]{32}$/i;

export interface ReplayFlags extends SettingFlags, ExecuteFlag {
  readonly from: string;
  readonly to?: string;
  readonly sim?: readonly string[];
  readonly recordsPerSecond?: string;
  readonly json?: boolean;
}

/** The span that was asked for. Records that arrived before the horizon are never read: event ids older than that may
 *  be forgotten, and would count twice.
 *  @throws MeterError `usage`. */
export function spanOf(
  { from, to }: Pick<ReplayFlags, 'from' | 'to'>,
  { dedupHorizonDays }: Pick<Config, 'dedupHorizonDays'>,
  wallMs: number,
): ReplaySpan {
  const horizonMs = wallMs - dedupHorizonDays * DAY_MS;
  const fromMs = from === 'TRIM_HORIZON' ? horizonMs : timeFlag(from, 'from');
  const toMs = optionalTime(to, 'to') ?? wallMs;
  if (fromMs < horizonMs)
    throw new MeterError(
      'usage',
      `--from lies before ${toIso(horizonMs)}: event ids are remembered for ${dedupHorizonDays} days (SUPERSIM_DEDUP_HORIZON_DAYS), and older events might count twice. Begin later, or with TRIM_HORIZON.`,
    );
  if (toMs > wallMs) throw new MeterError('usage', '--to lies in the future.');
  if (fromMs >= toMs) throw new MeterError('usage', '--from must be before --to.');
  return { fromMs, toMs };
}

/** @throws MeterError `usage`. */
export function simsOf(sims: readonly string[]): ReadonlySet<string> | undefined {
  const wrong = sims.find((sim) => !SIM_SID.test(sim));
  if (wrong !== undefined)
    throw new MeterError('usage', `--sim must be HS and 32 hex digits, not "${wrong}".`);
  return sims.length === 0 ? undefined : new Set(sims);
}

function optionsOf(flags: ReplayFlags, config: Config): ReplayOptions {
  const rate = flags.recordsPerSecond;
  return {
    ...spanOf(flags, config, systemClock.wallMs()),
    streams: streamsOf(config),
    simSids: simsOf(flags.sim ?? []),
    recordsPerSecond:
      rate === undefined
        ? RECORDS_PER_SECOND_DEFAULT
        : whole(rate, 'records-per-second', 1, RECORDS_PER_SECOND_MAX),
  };
}

function print(report: ReplayReport, isJson: boolean): void {
  process.stdout.write(isJson ? `${toJson(report)}\n` : `${replayLines(report).join('\n')}\n`);
}

const reportOf = (
  { end, shards, shardsDone }: ReplayResult,
  { fromMs, toMs }: ReplaySpan,
  tally: ReplayTally,
  changes: WouldChange | undefined,
): ReplayReport => ({
  end,
  isExecuted: changes === undefined,
  from: toIso(fromMs),
  to: toIso(toMs),
  shards,
  shardsDone,
  ...tally.summary(),
  ...(changes ? { wouldChange: changes.summary() } : {}),
});

async function run(flags: ReplayFlags): Promise<void> {
  await withRepair(flags, async (parts, config) => {
    const options = optionsOf(flags, config);
    const dry = flags.execute ? undefined : await parts.openDryStore();
    const sessions = dry?.sessions ?? (await parts.openStore());
    const tally = new ReplayTally();
    const view = progressOn(process.stderr, parts.clock);
    const { kinesis } = parts.clients;
    const deps = { ...parts, kinesis, sessions, tally, onProgress: view.show };
    const result = await replay(deps, options, stopOnSignal(), parts.closing.signal).finally(view.clear);
    print(reportOf(result, options, tally, dry?.changes), flags.json ?? false);
    if (dry) sayPreview();
    if (result.end === 'done') return;
    if (result.end === 'stalled')
      throw new MeterError(
        'service-unreachable',
        'A shard brought no answer for a minute, so the replay ended early. Repeat it: nothing counts twice.',
      );
    process.stderr.write('stopped before its end: repeat it, nothing counts twice\n');
    process.exitCode = EXIT.failed;
  });
}

/** Registers `replay`. */
export function addReplayCommand(program: Command): void {
  addSettingFlags(
    addExecuteFlag(
      program
        .command('replay')
        .description(
          'read the stream again over a span of time, without leases, and count what is not counted yet; a preview without --execute',
        )
        .requiredOption('--from <time>', 'records that arrived at or after it, or TRIM_HORIZON')
        .option('--to <time>', 'records that arrived before it; default: now')
        .option(
          '--sim <sid>',
          'only events of this SIM; may be repeated',
          (sid: string, sids: string[]) => [...sids, sid],
          [],
        )
        .option(
          '--records-per-second <count>',
          `most records of each shard; its reads are shared with the workers; default ${RECORDS_PER_SECOND_DEFAULT}`,
        )
        .addOption(new Option('--dry-run').hideHelp().conflicts('execute'))
        .option('--json', 'as one JSON object'),
    ),
    ['stream', ...APPLYING_SETTINGS],
  ).action(async (flags: ReplayFlags) => {
    try {
      await run(flags);
    } catch (error) {
      throw explain(error, 'replaying the stream');
    }
  });
}

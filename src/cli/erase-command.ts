/** `erase-sim`: deletes all that is stored of SIMs, for good. */
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { streamsOf } from '../config.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { type AgesOut, agesOut } from '../repair/ages-out.ts';
import { type Erasure, eraseSims, previewErasure } from '../repair/erase-sims.ts';
import { ERASED_TABLES, type ErasedTable, SIMS_MAX } from '../repair/find-sim-items.ts';
import { ErasedSims } from '../store/erased-sims.ts';
import { tableNames } from '../store/tables.ts';
import { systemClock, systemRandom } from '../time.ts';
import { addExecuteFlag, type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { EXIT } from './exit-codes.ts';
import { whole } from './numeric-flag.ts';
import { terminalWidth } from './print-table.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { textTable } from './text-table.ts';

interface EraseFlags extends ExecuteFlag {
  readonly settleMs: string;
  readonly json?: boolean;
}

/** A worker's insert follows its look for a tombstone: one call of the SDK, at most 3 attempts of 5 s (CLIENT_LIMITS). */
const SETTLE_MS_DEFAULT = '15000';
const SETTLE_MS_MAX = 3_600_000;
const SIM_SID = /^HS[0-9a-fA-F]{32}$/;

const NAMES: Readonly<Record<ErasedTable, string>> = {
  deadLetters: 'dead letters',
  dedup: 'dedup pages',
  sessions: 'sessions',
  usage: 'days of usage',
  sims: 'SIM states',
};

/** The sids as given, each once. @throws MeterError `usage`. */
export function parseSimSids(texts: readonly string[]): readonly string[] {
  const odd = texts.findIndex((text) => !SIM_SID.test(text));
  // What was given instead may be an ICCID: not repeated.
  if (odd >= 0)
    throw new MeterError(
      'usage',
      `A SIM is named by its sid: HS and 32 hex digits, not by its ICCID or unique name; argument ${odd + 1} is no sid.`,
    );
  const sids = [...new Set(texts)];
  if (sids.length <= SIMS_MAX) return sids;
  throw new MeterError(
    'usage',
    `At most ${SIMS_MAX} SIMs at once, not ${sids.length}: run it again for more.`,
  );
}

function open(flags: SettingFlags) {
  const { config } = configFrom(flags);
  const clients = createClients();
  const names = tableNames(config);
  const shared = {
    client: clients.data,
    clock: systemClock,
    random: systemRandom,
    closing: new AbortController().signal,
  };
  return {
    streams: streamsOf(config),
    kinesis: clients.kinesis,
    erased: new ErasedSims(names.dedup, shared),
    deps: {
      ...shared,
      names,
      onProgress: (what: string): unknown => process.stderr.isTTY && process.stderr.write(`${what}\n`),
    },
  };
}

interface Report {
  readonly simSids: readonly string[];
  readonly alreadyErased: readonly string[];
  readonly isExecuted: boolean;
  readonly erasure: Erasure;
  readonly elsewhere: readonly AgesOut[];
}

function print({ simSids, alreadyErased, isExecuted, erasure, elsewhere }: Report, isJson: boolean): void {
  const { counts, absentTables, unsearchableLetters } = erasure;
  if (isJson) {
    const { isComplete, passes } = erasure;
    const what = { simSids, alreadyErased, isExecuted, isComplete, passes, counts };
    process.stdout.write(
      `${toJson({ ...what, absentTables, unsearchableLetters, agesOutElsewhere: elsewhere })}\n`,
    );
    return;
  }
  const { lines } = textTable(
    [{ name: isExecuted ? 'erased' : 'to erase' }, { name: 'items', isRight: true }],
    ERASED_TABLES.map((table) => [NAMES[table], String(counts[table])]),
    terminalWidth(),
  );
  const rest = textTable(
    [{ name: 'is still in' }, { name: 'until', widthMin: 16 }],
    elsewhere.map(({ where, until }) => [where, until]),
    terminalWidth(),
  );
  const notes = [
    ...absentTables.map((table) => `there is no table ${table}: that projection is off`),
    ...(unsearchableLetters > 0
      ? [`${unsearchableLetters} dead letter(s) hold gzip that cannot be unzipped: they expire by themselves`]
      : []),
    ...(alreadyErased.length > 0
      ? [`${alreadyErased.length} of ${simSids.length} had a tombstone before`]
      : []),
  ];
  process.stdout.write(`${[...lines, ...notes, '', ...rest.lines].join('\n')}\n`);
}

function conclude({ isExecuted, erasure }: Report): void {
  if (!isExecuted) {
    sayPreview();
  } else if (!erasure.isComplete) {
    process.exitCode = EXIT.checkFailed;
    process.stderr.write(
      `after ${erasure.passes} passes there was still something: does a worker of an older version, which knows no tombstones, write these tables? Stop it, and run this again\n`,
    );
  }
}

async function erase(
  texts: readonly string[],
  { execute, settleMs, json, ...flags }: EraseFlags & SettingFlags,
) {
  const simSids = parseSimSids(texts);
  const settle = whole(settleMs, 'settle-ms', 0, SETTLE_MS_MAX);
  const { deps, erased, kinesis, streams } = open(flags);
  const isExecuted = execute ?? false;
  const verdicts = await Promise.all(simSids.map((sid) => erased.isErased(sid)));
  const report: Report = {
    simSids,
    alreadyErased: simSids.filter((_, at) => verdicts[at]),
    isExecuted,
    erasure: isExecuted
      ? await eraseSims({ ...deps, erased }, simSids, settle)
      : await previewErasure(deps, simSids),
    elsewhere: await agesOut(kinesis, streams),
  };
  print(report, json ?? false);
  conclude(report);
}

export function addEraseCommand(program: Command): void {
  addSettingFlags(
    addExecuteFlag(
      program
        .command('erase-sim <sid...>')
        .description(
          'delete all that is stored of SIMs, and keep a replay from bringing it back; a preview without --execute (docs/erasure.md)',
        )
        .option(
          '--settle-ms <ms>',
          'how long workers get to finish what they began before the tombstone',
          SETTLE_MS_DEFAULT,
        )
        .option('--json', 'on one line'),
    ),
    ['tablePrefix', 'stream'],
  ).action(async (texts: string[], flags: EraseFlags & SettingFlags) => {
    try {
      await erase(texts, flags);
    } catch (error) {
      throw explain(error, 'erasing SIMs');
    }
  });
}

/** `gaps`: what is known to be lost, and what has fallen silent. */
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { createReader } from '../reader/index.ts';
import { type Finding, findingsOf } from '../reconcile/gaps.ts';
import type { AllSessions } from '../reconcile/reader.ts';
import { shortDuration } from '../short-duration.ts';
import { recordedGaps } from '../store/read-gaps.ts';
import { tableNames } from '../store/tables.ts';
import { systemClock } from '../time.ts';
import { duration } from './duration-flag.ts';
import { EXIT } from './exit-codes.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { printable } from './text-table.ts';

interface GapsOptions extends SettingFlags {
  readonly json?: boolean;
  readonly staleAfter: string;
}

const KINDS = ['missing-bytes', 'stale-session', 'stream-gap'] as const;

const jsonOf = (finding: Finding): object => {
  switch (finding.kind) {
    case 'missing-bytes':
      return {
        kind: finding.kind,
        data_session_sid: finding.dataSessionSid,
        sim_sid: finding.simSid ?? null,
        missing_bytes: finding.missingBytes,
        usage_through: finding.usageThrough ?? null,
      };
    case 'stale-session':
      return {
        kind: finding.kind,
        data_session_sid: finding.dataSessionSid,
        sim_sid: finding.simSid ?? null,
        silent_since: finding.silentSince ?? null,
        silent_for_ms: finding.silentForMs ?? null,
      };
    case 'stream-gap':
      return {
        kind: finding.kind,
        shard_id: finding.shardId,
        after_sequence_number: finding.afterSequenceNumber,
        recorded_at: finding.recordedAt,
        first_sequence_number: finding.firstSequenceNumber ?? null,
      };
  }
};

function lineOf(finding: Finding): string {
  const kind = finding.kind.padEnd(13);
  if (finding.kind === 'stream-gap') {
    const { shardId, afterSequenceNumber, firstSequenceNumber = 'its end', recordedAt } = finding;
    return `${kind}  ${shardId}  after ${afterSequenceNumber}, went on at ${firstSequenceNumber}, recorded ${recordedAt}`;
  }
  const session = `${kind}  ${finding.dataSessionSid}  ${finding.simSid ?? '-'}`;
  if (finding.kind === 'missing-bytes')
    return `${session}  ${finding.missingBytes} bytes missing, counted through ${finding.usageThrough ?? '-'}`;
  return finding.silentForMs === undefined
    ? `${session}  open, and no event told a time`
    : `${session}  open, silent for ${shortDuration(finding.silentForMs)}, since ${finding.silentSince}`;
}

async function* allFindings(options: GapsOptions): AsyncGenerator<Finding> {
  const staleAfterMs = duration(options.staleAfter, 'stale-after');
  const { config } = configFrom(options);
  const { data } = createClients();
  const reader: AllSessions = createReader({ client: data, tablePrefix: config.tablePrefix });
  for await (const gap of recordedGaps(data, tableNames(config).deadLetters))
    yield { kind: 'stream-gap', ...gap };
  const nowMs = systemClock.wallMs();
  for await (const session of reader.allSessions()) yield* findingsOf(session, { nowMs, staleAfterMs });
}

async function printGaps(options: GapsOptions): Promise<void> {
  const counts = new Map<string, number>(KINDS.map((kind) => [kind, 0]));
  for await (const finding of allFindings(options)) {
    counts.set(finding.kind, (counts.get(finding.kind) ?? 0) + 1);
    process.stdout.write(`${options.json ? toJson(jsonOf(finding)) : printable(lineOf(finding))}\n`);
  }
  const count = (kind: (typeof KINDS)[number]): number => counts.get(kind) ?? 0;
  const total = KINDS.reduce((sum, kind) => sum + count(kind), 0);
  process.stderr.write(
    total === 0
      ? 'no gaps\n'
      : `${count('missing-bytes')} session(s) with missing bytes, ${count('stale-session')} stale, ${count('stream-gap')} stream gap(s)\n`,
  );
  if (total > 0) process.exitCode = EXIT.differences;
}

/** Registers `gaps`. */
export function addGapsCommand(program: Command): void {
  addSettingFlags(
    program
      .command('gaps')
      .description(
        'sessions that miss events, open sessions that fell silent, and what retention took from the stream; reads two whole tables',
      )
      .option('--stale-after <duration>', 'silence from which an open session is listed', '60min')
      .option('--json', 'as JSON lines'),
    ['tablePrefix'],
  ).action(async (options: GapsOptions) => {
    try {
      await printGaps(options);
    } catch (error) {
      throw explain(error, 'looking for gaps');
    }
  });
}

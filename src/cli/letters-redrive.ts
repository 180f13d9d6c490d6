/** `dead-letters redrive`: through today's decoder and the ordinary exactly-once path. */
import { toJson } from '../json.ts';
import { chosenLetters, leaseKeyOf } from '../repair/letter-filter.ts';
import { Redrive, type RedrivenLetter, RedriveSummary } from '../repair/redrive.ts';
import { sum } from '../tally.ts';
import { type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { EXIT } from './exit-codes.ts';
import { type FilterFlags, filterOf, limitOf, withRepair } from './letter-flags.ts';
import type { SettingFlags } from './setting-flags.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export type RedriveFlags = FilterFlags & SettingFlags & ExecuteFlag & { readonly json?: boolean };

const DAY_MS = 86_400_000;

const countsOf = ({ tally }: Pick<RedrivenLetter, 'tally'>) => ({
  applied: tally.applied,
  duplicate: tally.duplicate,
  ignored: sum(tally.ignored),
  stillPoison: sum(tally.deadLettered),
});

const printLetter = (letter: RedrivenLetter): void => {
  const { shardId, recordId, reason } = letter.head;
  const { outcome } = letter;
  process.stdout.write(`${toJson({ shardId, recordId, reason, outcome, ...countsOf(letter) })}\n`);
};

const summaryJson = (summary: RedriveSummary, isExecuted: boolean, isStopped: boolean) => ({
  isExecuted,
  isStopped,
  letters: summary.letters,
  ...Object.fromEntries(summary.outcomes),
  events: {
    ...countsOf(summary),
    downloadBytes: summary.tally.downloadBytes,
    uploadBytes: summary.tally.uploadBytes,
    stillPoisonByReason: Object.fromEntries(summary.tally.deadLettered),
  },
});

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** `7 letters: 5 redriven, 1 still poison, 1 gap`, and what they held. */
export function summaryLines(summary: RedriveSummary, isExecuted: boolean): readonly string[] {
  const { applied, duplicate, ignored, stillPoison } = countsOf(summary);
  const outcomes = [...summary.outcomes].filter(([, count]) => count > 0);
  const parts = outcomes.map(([outcome, count]) => {
    const words = outcome.replaceAll('-', ' ');
    return `${count} ${outcome === 'redriven' && !isExecuted ? 'would be redriven' : words}`;
  });
  const reasons = [...summary.tally.deadLettered].map(([reason, count]) => `${reason} ${count}`);
  const why = reasons.length > 0 ? ` (${reasons.join(', ')})` : '';
  const events = applied + duplicate + ignored + stillPoison;
  return [
    `${plural(summary.letters, 'letter')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`,
    `${plural(events, 'event')}${isExecuted ? '' : ' would be'}: ${applied} applied, ${duplicate} duplicate, ${ignored} ignored, ${stillPoison} still poison${why}`,
  ];
}

/** Redrives the letters that match; a preview without --execute. */
export async function redriveLetters(options: RedriveFlags): Promise<void> {
  const [filter, limit] = [filterOf(options), limitOf(options)];
  const isExecuted = options.execute ?? false;
  await withRepair(options, async (parts, { dedupHorizonDays }) => {
    const { letters, closing } = parts;
    const sessions = isExecuted ? await parts.openStore() : (await parts.openDryStore()).sessions;
    const redrive = new Redrive({ ...parts, sessions }, { isExecuted, horizonMs: dedupHorizonDays * DAY_MS });
    const stopping = stopOnSignal();
    const heads = chosenLetters(letters.heads(leaseKeyOf(filter)), filter, limit);
    const summary = new RedriveSummary();
    for await (const letter of redrive.run(heads, stopping, closing.signal)) {
      summary.add(letter);
      if (options.json) printLetter(letter);
    }
    const isStopped = stopping.aborted;
    if (options.json) process.stdout.write(`${toJson(summaryJson(summary, isExecuted, isStopped))}\n`);
    else process.stdout.write(`${summaryLines(summary, isExecuted).join('\n')}\n`);
    if (!isExecuted) sayPreview();
    if (!isStopped) return;
    process.stderr.write('stopped before the last letter: repeat it, nothing counts twice\n');
    process.exitCode = EXIT.failed;
  });
}

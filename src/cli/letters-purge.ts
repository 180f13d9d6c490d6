/** `dead-letters purge`: deletes letters for good. */
import { MeterError } from '../errors.ts';
import { toJson } from '../json.ts';
import { chosenLetters, type LetterFilter, leaseKeyOf } from '../repair/letter-filter.ts';
import { mapLimit } from '../retry.ts';
import type { DeadLetterHead } from '../store/dead-letter-item.ts';
import { type ExecuteFlag, sayPreview } from './execute-flag.ts';
import { EXIT } from './exit-codes.ts';
import { type FilterFlags, filterOf, limitOf, withRepair } from './letter-flags.ts';
import type { SettingFlags } from './setting-flags.ts';
import { stopOnSignal } from './stop-on-signal.ts';

export type PurgeFlags = FilterFlags &
  SettingFlags &
  ExecuteFlag & { readonly all?: boolean; readonly json?: boolean };

const DELETES_AT_ONCE = 8;
const LETTERS_PER_ROUND = 200;

type PurgeOutcome = 'would remove' | 'removed' | 'gone';

/** @throws MeterError `usage` unless it is said which letters are meant. */
export function purgeFilterOf(flags: PurgeFlags): LetterFilter {
  const filter = filterOf(flags);
  const isFiltered = Object.keys(filter).length > 0;
  if (isFiltered !== (flags.all ?? false)) return filter;
  throw new MeterError(
    'usage',
    'Say which letters: --reason, --shard, --from or --to, or --all and none of them.',
  );
}

class PurgeCounts {
  readonly outcomes = new Map<PurgeOutcome, number>();
  readonly reasons = new Map<string, number>();

  add({ reason }: DeadLetterHead, outcome: PurgeOutcome): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (outcome !== 'gone') this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  print(isExecuted: boolean, isJson: boolean): void {
    const removed = this.outcomes.get(isExecuted ? 'removed' : 'would remove') ?? 0;
    const gone = this.outcomes.get('gone') ?? 0;
    const byReason = Object.fromEntries(this.reasons);
    if (isJson) {
      process.stdout.write(`${toJson({ isExecuted, removed, gone, byReason })}\n`);
      return;
    }
    const reasons = [...this.reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
    const line = `${isExecuted ? 'removed' : 'would remove'} ${removed} letter${removed === 1 ? '' : 's'}`;
    const more = gone > 0 ? `; ${gone} were gone, or changed meanwhile` : '';
    process.stdout.write(`${line}${reasons ? ` (${reasons})` : ''}${more}\n`);
  }
}

/** Removes the letters that match, each only as it was seen; a preview without --execute. */
export async function purgeLetters(options: PurgeFlags): Promise<void> {
  const [filter, limit] = [purgeFilterOf(options), limitOf(options)];
  const { execute: isExecuted = false, json: isJson = false } = options;
  await withRepair(options, async ({ letters }) => {
    const stopping = stopOnSignal();
    const counts = new PurgeCounts();
    const purge = async (heads: readonly DeadLetterHead[]): Promise<void> => {
      await mapLimit(heads, DELETES_AT_ONCE, async (head) => {
        const outcome: PurgeOutcome = isExecuted ? await letters.remove(head) : 'would remove';
        counts.add(head, outcome);
        const { shardId, recordId, reason } = head;
        if (isJson) process.stdout.write(`${toJson({ shardId, recordId, reason, outcome })}\n`);
      });
    };
    let round: DeadLetterHead[] = [];
    for await (const head of chosenLetters(letters.heads(leaseKeyOf(filter)), filter, limit)) {
      if (stopping.aborted) break;
      round.push(head);
      if (round.length < LETTERS_PER_ROUND) continue;
      await purge(round);
      round = [];
    }
    if (!stopping.aborted) await purge(round);
    counts.print(isExecuted, isJson);
    if (!isExecuted) sayPreview();
    if (stopping.aborted) process.exitCode = EXIT.failed;
  });
}

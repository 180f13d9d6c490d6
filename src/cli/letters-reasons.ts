/** `dead-letters reasons`: why records were refused, in words. */
import { toJson } from '../json.ts';
import { chosenLetters, leaseKeyOf } from '../repair/letter-filter.ts';
import { type FilterFlags, filterOf, limitOf, withRepair } from './letter-flags.ts';
import { printTable } from './print-table.ts';
import { reasonText } from './reason-texts.ts';
import type { SettingFlags } from './setting-flags.ts';
import type { Column } from './text-table.ts';

interface ReasonCount {
  letters: number;
  /** Arrival, ISO 8601. */
  latest: string;
}

const COLUMNS: readonly Column[] = [
  { name: 'reason' },
  { name: 'letters', isRight: true },
  { name: 'latest arrived' },
  { name: 'means', widthMin: 20 },
];

/** Counts letters by reason, the most frequent first. */
export async function letterReasons(
  options: FilterFlags & SettingFlags & { readonly json?: boolean },
): Promise<void> {
  const [filter, limit] = [filterOf(options), limitOf(options)];
  await withRepair(options, async ({ letters }) => {
    const counts = new Map<string, ReasonCount>();
    for await (const { reason, arrivedAt } of chosenLetters(
      letters.heads(leaseKeyOf(filter)),
      filter,
      limit,
    )) {
      const count = counts.get(reason) ?? { letters: 0, latest: '' };
      count.letters += 1;
      if (arrivedAt > count.latest) count.latest = arrivedAt;
      counts.set(reason, count);
    }
    const ordered = [...counts].sort(([, a], [, b]) => b.letters - a.letters);
    if (options.json)
      for (const [reason, { letters: count, latest }] of ordered)
        process.stdout.write(
          `${toJson({ reason, letters: count, latestArrivedAt: latest || null, means: reasonText(reason) })}\n`,
        );
    else if (ordered.length > 0)
      printTable(
        COLUMNS,
        ordered.map(([reason, { letters: count, latest }]) => [
          reason,
          String(count),
          latest || '-',
          reasonText(reason),
        ]),
      );
    if (ordered.length === 0) process.stderr.write('no dead letters\n');
  });
}

/** Totals of several workers as those of one. Pure. */
import type { MetricsSnapshot } from '../ops/metrics.ts';
import { RunTotals } from '../ops/run-totals.ts';

type Counts = Readonly<Record<string, number>>;
type Total = number | bigint | Counts;

function addCounts(a: Counts, b: Counts): Counts {
  const sums: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function add(a: Total, b: Total): Total {
  if (typeof a === 'bigint') return a + BigInt(b as bigint);
  if (typeof a === 'number') return a + Number(b);
  return addCounts(a, b as Counts);
}

/** Each total is the sum of the workers'; without workers all are 0. */
export const sumTotals = (all: readonly MetricsSnapshot[]): MetricsSnapshot =>
  all.reduce<MetricsSnapshot>(
    (sum, one) =>
      Object.fromEntries(
        Object.entries(sum).map(([name, total]) => [name, add(total, one[name as keyof MetricsSnapshot])]),
      ) as unknown as MetricsSnapshot,
    new RunTotals().snapshot(),
  );

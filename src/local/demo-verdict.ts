/** The demo's verdict: what is stored against the fleet's own books. */
import type { WorkerTotals } from './demo-worker.ts';
import type { Fleet } from './fleet.ts';
import { compareWithTruth, type Difference } from './ground-truth.ts';

export interface DemoVerdict {
  readonly exact: boolean;
  readonly events: {
    readonly produced: number;
    /** Distinct events of data sessions among them: what must be stored. */
    readonly distinct: number;
    readonly stored: number;
    /** As the workers said, all together: read = applied + duplicates + ignored + deadLettered. */
    readonly read: number;
    readonly applied: number;
    readonly duplicates: number;
    readonly ignored: number;
    readonly deadLettered: number;
    /** Applied by the killed worker after its last word: stored - applied. */
    readonly unreported: number;
  };
  readonly bytes: { readonly expected: bigint; readonly stored: bigint };
  readonly sessions: number;
  readonly shards: number;
  readonly workers: number;
  readonly killed: number;
  readonly seconds: number;
  readonly seed: number;
  readonly differences: readonly Difference[];
}

type Facts = Pick<DemoVerdict, 'shards' | 'workers' | 'killed' | 'seconds' | 'seed'> & {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly fleet: Fleet;
  readonly totals: WorkerTotals;
};

const DIFFERENCES_SHOWN = 20;

/** Exact means: no attribute of any session differs, each distinct event is stored once, and the books balance. */
export function judgeDemo({ items, fleet, totals, ...facts }: Facts): DemoVerdict {
  const differences = compareWithTruth(items, fleet.truth);
  const truths = Object.values(fleet.truth.sessions);
  const add = (values: Iterable<unknown>): bigint =>
    [...values].reduce<bigint>((total, value) => total + BigInt(value as bigint), 0n);
  const bytes = {
    expected: add(truths.map((truth) => truth.total_bytes)),
    stored: add(items.map((item) => item['total_bytes'])),
  };
  const distinct = Number(add(truths.map((truth) => truth.event_count)));
  const stored = Number(add(items.map((item) => item['event_count'])));
  const { read, applied, duplicate, ignored, deadLettered } = totals;
  const isBalanced = read === applied + duplicate + ignored + deadLettered;
  return {
    exact: differences.length === 0 && isBalanced && stored === distinct && bytes.stored === bytes.expected,
    events: {
      produced: fleet.lines.length,
      distinct,
      stored,
      read,
      applied,
      duplicates: duplicate,
      ignored,
      deadLettered,
      unreported: stored - applied,
    },
    bytes,
    sessions: items.length,
    ...facts,
    differences: differences.slice(0, DIFFERENCES_SHOWN),
  };
}

/** The demo's verdict: what is stored against the fleet's own books. */
import { toPlain } from '../json.ts';
import { compareStored, type StoredItems, storedUsage } from './compare-stored.ts';
import type { WorkerTotals } from './demo-worker.ts';
import type { Fleet } from './fleet.ts';
import type { SimTruth } from './sim-truth.ts';

export interface DemoVerdict {
  readonly exact: boolean;
  readonly events: {
    readonly produced: number;
    /** Distinct ones among them, of data sessions and of SIMs: what must be stored. */
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
  /** SIMs whose state was compared, attribute by attribute. */
  readonly sims: number;
  /** Bytes by SIM, hour, fleet, APN and network, lines and sum: what the windows of the events add up to. */
  readonly usage: { readonly lines: number; readonly expected: bigint; readonly stored: bigint };
  readonly shards: number;
  readonly workers: number;
  readonly killed: number;
  readonly seconds: number;
  readonly seed: number;
  /** As sentences, the first few. */
  readonly differences: readonly string[];
}

type Facts = Pick<DemoVerdict, 'shards' | 'workers' | 'killed' | 'seconds' | 'seed'> & {
  readonly items: StoredItems;
  readonly fleet: Fleet;
  readonly totals: WorkerTotals;
};

const DIFFERENCES_SHOWN = 20;

/** Events of no session: they are in the SIM's counts alone. */
const OF_SIMS_ALONE = [
  'accepted_count',
  'rejected_count',
  'failed_count',
  'session_start_failed_count',
] as const satisfies readonly (keyof SimTruth)[];

type Attributes = Readonly<Record<string, unknown>>;

const sum = (items: Iterable<object>, names: readonly string[]): bigint => {
  let total = 0n;
  for (const item of items) for (const name of names) total += BigInt((item as Attributes)[name] as bigint);
  return total;
};

/** Exact means: no attribute of any session or SIM and no line of any hour differs, each distinct event is stored
 *  once, and the books balance. */
export function judgeDemo({ items, fleet, totals, ...facts }: Facts): DemoVerdict {
  const { truth } = fleet;
  const differences = compareStored(items, truth);
  const plain = (list: readonly Attributes[]) => list.map((item) => toPlain(item) as Attributes);
  const [sessions, sims] = [plain(items.sessions), plain(items.sims)];
  const [sessionTruths, simTruths] = [Object.values(truth.sessions), Object.values(truth.sims)];
  const bytes = {
    expected: sum(sessionTruths, ['total_bytes']),
    stored: sum(sessions, ['total_bytes']),
  };
  const usage = {
    lines: Object.keys(truth.usage).length,
    expected: Object.values(truth.usage).reduce((total, [down, up]) => total + BigInt(down + up), 0n),
    stored: sum(storedUsage(items), ['downloadBytes', 'uploadBytes']),
  };
  const distinct = Number(sum(sessionTruths, ['event_count']) + sum(simTruths, OF_SIMS_ALONE));
  const stored = Number(sum(sessions, ['event_count']) + sum(sims, OF_SIMS_ALONE));
  const { read, applied, duplicate, ignored, deadLettered } = totals;
  const isBalanced = read === applied + duplicate + ignored + deadLettered;
  return {
    exact: differences.length === 0 && isBalanced && stored === distinct,
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
    usage,
    sessions: sessions.length,
    sims: sims.length,
    ...facts,
    differences: differences.slice(0, DIFFERENCES_SHOWN),
  };
}

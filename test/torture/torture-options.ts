/** How much is asked of a run, and what it must have gone through to count. */
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';

export interface TortureOptions {
  readonly events: number;
  readonly minutes: number;
  readonly seed: number;
}

/** What a run must reach. A run that was spared these proves nothing. */
export interface Floors {
  readonly kills: number;
  /** SIGSTOP for longer than the failover time. */
  readonly pauses: number;
  /** Of the proxies' plans; outages not counted. */
  readonly faults: number;
  /** Writes done whose caller did not hear of it. */
  readonly appliedUnanswered: number;
  readonly splits: number;
  readonly merges: number;
  readonly outages: number;
  /** Unit: ms, of each. */
  readonly outageMs: number;
}

/** The size that the floors are written for. */
const FULL_MINUTES = 5;

export function floorsOf({ minutes }: TortureOptions): Floors {
  const scale = minutes / FULL_MINUTES;
  const scaled = (full: number): number => Math.max(1, Math.floor(full * scale));
  return {
    kills: scaled(30),
    pauses: scaled(20),
    faults: scaled(200),
    appliedUnanswered: scaled(50),
    splits: Math.min(4, scaled(2)),
    merges: Math.min(2, scaled(1)),
    outages: 2,
    outageMs: Math.min(20_000, 20_000 * scale),
  };
}

export type Act =
  | { readonly kind: 'kill' | 'terminate' | 'split' | 'merge' }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'outage'; readonly service: 'kinesis' | 'dynamodb'; readonly ms: number };

export type PlannedAct = Act & { readonly atMs: number };

/** A little more than the floors ask. */
const MARGIN = 1.15;
const SPARED_AT_START_MS = 4_000;
const OUTAGE_MARGIN_MS = 500;

const spread = (count: number, untilMs: number, chance: Chance): number[] => {
  const stepMs = (untilMs - SPARED_AT_START_MS) / count;
  return Array.from(
    { length: count },
    (_, index) => SPARED_AT_START_MS + (index + chance.whole(10, 90) / 100) * stepMs,
  );
};

/** The acts of a seed, by time. Their victims are chosen when they come. */
export function planActs(options: TortureOptions, failoverTimeMs: number): readonly PlannedAct[] {
  const chance = new Chance(seededRandom(options.seed));
  const untilMs = options.minutes * 60_000;
  const floors = floorsOf(options);
  const some = (count: number, make: () => Act): PlannedAct[] =>
    spread(Math.ceil(count * MARGIN), untilMs, chance).map((atMs) => ({ ...make(), atMs }));
  const once = (share: number, act: Act): PlannedAct => ({ ...act, atMs: share * untilMs });
  const outageMs = floors.outageMs + OUTAGE_MARGIN_MS;
  return [
    ...some(floors.kills, () => ({ kind: 'kill' })),
    ...some(floors.pauses, () => ({
      kind: 'pause',
      ms: failoverTimeMs * (1.3 + 0.7 * (chance.whole(0, 100) / 100)),
    })),
    ...some(Math.ceil(floors.kills / 5), () => ({ kind: 'terminate' })),
    ...Array.from({ length: floors.splits }, (_, n) =>
      once(0.12 + (0.3 * n) / floors.splits, { kind: 'split' }),
    ),
    ...Array.from({ length: floors.merges }, (_, n) =>
      once(0.55 + (0.1 * n) / floors.merges, { kind: 'merge' }),
    ),
    once(0.45, { kind: 'outage', service: 'dynamodb', ms: outageMs }),
    once(0.72, { kind: 'outage', service: 'kinesis', ms: outageMs }),
  ].sort((a, b) => a.atMs - b.atMs);
}

/** Everything a seed decides before its world begins: printed with a failure, and the same for ever. */
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { chooseRates, type FaultRates, type Outage, type Service } from './faults.ts';
import type { KinesisHabits } from './sim-kinesis.ts';
import type { WorkloadPlan } from './workload.ts';

/** How often each kind of trouble comes in the whole of the first phase. */
export interface TroublePlan {
  readonly kills: number;
  readonly terminations: number;
  /** Beyond the lease as well as short ones. */
  readonly pauses: number;
  /** The event loop stands still for up to a second. */
  readonly stalls: number;
  readonly allPauses: number;
  readonly splits: number;
  readonly merges: number;
  readonly clockSteps: number;
  /** Retention takes records, read or not. */
  readonly trims: number;
}

export interface SeedPlan {
  readonly seed: number;
  /** Stretches all intervals: hours of outage cost no more calls than minutes do at scale 1. */
  readonly scale: number;
  readonly workers: number;
  /** The troubled phase. Unit: ms. */
  readonly troubledMs: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly kinesis: KinesisHabits;
  readonly workload: WorkloadPlan;
  readonly rates: Readonly<Record<Service, FaultRates>>;
  readonly outages: readonly Outage[];
  readonly trouble: TroublePlan;
  /** A worker that drains joins at the end, and must end by itself. */
  readonly isDrained: boolean;
}

const STREAM = 'supersim-events';

function chooseOutages(chance: Chance, troubledMs: number): Outage[] {
  const outages: Outage[] = [];
  for (let count = chance.pick([0, 0, 0, 1, 1, 2]); count > 0; count -= 1) {
    const fromMs = chance.whole(0, Math.round(troubledMs * 0.7));
    outages.push({
      service: chance.pick(['kinesis', 'data', 'leases', 'dynamodb', 'dynamodb'] as const),
      fromMs,
      toMs: Math.min(troubledMs, fromMs + chance.whole(1_000, Math.round(troubledMs * 0.6))),
      hangs: chance.is(0.4),
      isPartial: chance.is(0.25),
    });
  }
  return outages;
}

const some = (chance: Chance, most: number): number => (chance.is(0.5) ? 0 : chance.whole(1, most));

function chooseTrouble(chance: Chance): TroublePlan {
  return {
    kills: some(chance, 8),
    terminations: some(chance, 5),
    pauses: some(chance, 8),
    stalls: some(chance, 10),
    allPauses: chance.is(0.15) ? 1 : 0,
    splits: some(chance, 3),
    merges: some(chance, 2),
    clockSteps: some(chance, 3),
    trims: chance.is(0.12) ? chance.whole(1, 3) : 0,
  };
}

function chooseSettings(chance: Chance, scale: number): Record<string, string> {
  const ms = (atScale1: number, most: number): string => String(Math.min(most, Math.round(atScale1 * scale)));
  return {
    SUPERSIM_STREAM: STREAM,
    SUPERSIM_FAILOVER_TIME_MS: ms(chance.pick([3_000, 10_000]), 600_000),
    SUPERSIM_SHARD_SYNC_EVERY_MS: ms(chance.pick([5_000, 20_000]), 3_600_000),
    SUPERSIM_IDLE_BETWEEN_READS_MS: ms(chance.pick([1_000, 3_000]), 60_000),
    SUPERSIM_CHECKPOINT_EVERY_MS: chance.pick(['0', '1000', '5000']),
    SUPERSIM_STALL_AFTER_MS: ms(chance.pick([10_000, 60_000]), 3_600_000),
    SUPERSIM_RECORDS_PER_READ_MAX: chance.pick(['1', '3', '20', '1000']),
    SUPERSIM_PREFETCH_MAX_BYTES: chance.pick(['1024', '16384', '8388608']),
    SUPERSIM_DEDUP_RING_SIZE: chance.pick(['1', '2', '5', '16']),
    SUPERSIM_SHUTDOWN_GRACE_MS: chance.pick(['0', '500', '25000']),
    SUPERSIM_PERSONAL_FIELDS: chance.pick(['', 'imsi,imei,ip_address,location']),
    ...(chance.is(0.2) ? { SUPERSIM_INITIAL_POSITION: '2020-01-01T00:00:00Z' } : {}),
  };
}

/** Its own chance: other choices of a seed stay what they are. */
function chooseStore(seed: number): Readonly<Record<string, string>> {
  const chance = new Chance(seededRandom(seed ^ 0x5f0e));
  return {
    SUPERSIM_WRITE_MODE: chance.pick(['auto', 'auto', 'batch', 'put']),
    SUPERSIM_HOLD_BACK_MS: chance.pick(['0', '1000', '10000']),
    SUPERSIM_SESSION_CACHE_MAX_BYTES: chance.pick(['0', '8000', '33554432']),
    SUPERSIM_PENDING_EVENTS_MAX: chance.pick(['1', '20', '25000', '25000']),
  };
}

const chooseWorkload = (chance: Chance): WorkloadPlan => ({
  devices: chance.whole(1, 6),
  eventsMax: chance.pick([40, 100, 250]),
  duplicateRate: chance.pick([0, 0.05, 0.3]),
  poisonRate: chance.pick([0, 0.02, 0.1]),
  aggregateRate: chance.pick([0, 0, 0.1, 0.4]),
  gzipRate: chance.pick([0, 0, 0.1]),
  repeatRate: chance.pick([0, 0.3, 0.6]),
  mixedSchemaRate: chance.pick([0.1, 0.5]),
  disorderMs: chance.pick([0, 60_000, 4 * 3_600_000]),
});

/** An end that is none can be told only by the lag. */
function kinesisRates(chance: Chance, { lagIsAlwaysZero }: KinesisHabits): FaultRates {
  const { 'no-iterator': noIterator, ...others } = chooseRates(chance, 'kinesis');
  return lagIsAlwaysZero || noIterator === undefined ? others : { ...others, 'no-iterator': noIterator };
}

/** One seed in so many has workers cut off from the lease table again and again, just after slow renewals: who
 *  counts a lease from the answer believes too long. By chance that comes once in thousands of seeds. */
const CUT_OFF_EVERY = 20;
const CUT_OFF_MS = 8_000;

const cutOff = (plan: SeedPlan): SeedPlan => ({
  ...plan,
  scale: 1,
  workers: Math.max(2, plan.workers),
  troubledMs: 200_000,
  settings: { ...plan.settings, SUPERSIM_FAILOVER_TIME_MS: '3000', SUPERSIM_SHARD_SYNC_EVERY_MS: '5000' },
  rates: { ...plan.rates, leases: { 'slow-answer': 0.5 } },
  outages: Array.from({ length: 12 }, (_, index) => ({
    service: 'leases',
    fromMs: (2 * index + 1) * CUT_OFF_MS,
    toMs: (2 * index + 2) * CUT_OFF_MS,
    hangs: true,
    isPartial: true,
  })),
});

/** The plan of a seed. */
export const planOf = (seed: number): SeedPlan =>
  seed % CUT_OFF_EVERY === 0 ? cutOff(chosenPlan(seed)) : chosenPlan(seed);

function chosenPlan(seed: number): SeedPlan {
  const chance = new Chance(seededRandom(seed));
  const scale = chance.pick([1, 1, 5, 20, 60]);
  const troubledMs = chance.whole(30_000, 80_000) * scale;
  // Such an engine's short pages look like the tip, and are read at the pace of an idle shard: no fault, but slow.
  const lagIsAlwaysZero = chance.is(0.1);
  const kinesis = {
    stream: STREAM,
    shards: chance.whole(1, 4),
    pageMax: lagIsAlwaysZero ? 10_000 : chance.pick([1, 5, 10_000]),
    shardsPerPage: chance.pick([1, 100]),
    namesChildren: chance.is(0.7),
    knowsLag: true,
    lagIsAlwaysZero,
    isLimited: chance.is(0.7),
  };
  return {
    seed,
    scale,
    workers: chance.whole(1, 4),
    troubledMs,
    settings: { ...chooseSettings(chance, scale), ...chooseStore(seed) },
    kinesis,
    workload: chooseWorkload(chance),
    rates: {
      kinesis: kinesisRates(chance, kinesis),
      data: chooseRates(chance, 'data'),
      leases: chooseRates(chance, 'leases'),
    },
    outages: chooseOutages(chance, troubledMs),
    trouble: chooseTrouble(chance),
    isDrained: chance.is(0.3),
  };
}

/** The fleet as the page shows it: the lease table, and how far behind each shard is. The workers behind this address
 *  know their own shards' lag; the others' costs a read of the shard each. */
import type { Fleet, FleetShard } from '../fleet/fleet.ts';
import { isReadable } from '../fleet/fleet.ts';
import type { FleetReader } from '../fleet/open-fleet.ts';
import type { ShardLag } from '../fleet/shard-lags.ts';
import { atMost, type Clock } from '../time.ts';
import { CachedRead, type LastRead } from './cached-read.ts';
import type { Happenings } from './happenings.ts';
import { READ_WITHIN_MS } from './read-problem.ts';
import type { ReportedShard, WorkerReport } from './worker-report.ts';

/** Unit: ms. */
const LOOK_EVERY_MS = 2_000;
/** A large table costs more to look through. Unit: ms for each row. */
const LOOK_MS_PER_ROW = 20;
/** Every look costs one of the shard's five reads a second, which its owner needs. Unit: ms. */
const LAGS_EVERY_MS = 10_000;
/** Shards looked into at a time, in turn. */
const LAGS_AT_A_TIME = 48;

export interface FleetViewDeps {
  readonly fleet: FleetReader;
  readonly clock: Clock;
  readonly happenings: Happenings;
}

export interface SeenFleet {
  readonly fleet: LastRead<Fleet>;
  /** Of shards of workers elsewhere, by lease key. */
  readonly lags: LastRead<ReadonlyMap<string, ShardLag>>;
}

const timedOut = (): Error => Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });

/** @throws TimeoutError */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let value: { readonly of: T } | undefined;
  const done = work.then((of) => {
    value = { of };
  });
  await atMost(clock, ms, done);
  // Whatever becomes of it, nobody waits any more.
  done.catch(() => undefined);
  if (!value) throw timedOut();
  return value.of;
}

export class FleetView {
  private readonly deps: FleetViewDeps;
  private readonly looks: CachedRead<Fleet>;
  private readonly lagReads: CachedRead<ReadonlyMap<string, ShardLag>>;
  private lags: ReadonlyMap<string, ShardLag> = new Map();
  private elsewhere: readonly FleetShard[] = [];
  private nextLag = 0;
  private rows = 0;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private latest: Fleet | undefined;

  constructor(deps: FleetViewDeps) {
    this.deps = deps;
    const { clock } = deps;
    this.looks = new CachedRead({ clock, everyMs: LOOK_EVERY_MS, read: () => this.look() });
    this.lagReads = new CachedRead({ clock, everyMs: LAGS_EVERY_MS, read: () => this.readLags() });
  }

  async get(reports: readonly WorkerReport[]): Promise<SeenFleet> {
    const fleet = await this.looks.get();
    const ours = new Set(reports.flatMap(({ shards }) => shards.map(({ leaseKey }) => leaseKey)));
    this.elsewhere = (fleet.value?.shards ?? []).filter(
      (shard) => isReadable(shard) && !ours.has(shard.leaseKey),
    );
    if (this.elsewhere.length === 0) return { fleet, lags: { value: new Map(), failing: undefined } };
    return { fleet, lags: await this.lagReads.get() };
  }

  private async look(): Promise<Fleet> {
    const { clock, fleet, happenings } = this.deps;
    const isTooSoon = clock.monotonicMs() - this.lookedAtMs < this.rows * LOOK_MS_PER_ROW;
    if (this.latest && isTooSoon) return this.latest;
    const seen = await within(clock, READ_WITHIN_MS, fleet.look());
    this.lookedAtMs = clock.monotonicMs();
    this.rows = seen.shards.length;
    this.latest = seen;
    happenings.saw(seen);
    return seen;
  }

  /** Some of the shards each time, so that a large fleet is not read at once. */
  private async readLags(): Promise<ReadonlyMap<string, ShardLag>> {
    const { elsewhere } = this;
    const from = this.nextLag < elsewhere.length ? this.nextLag : 0;
    const chosen = elsewhere.slice(from, from + LAGS_AT_A_TIME);
    this.nextLag = from + LAGS_AT_A_TIME;
    const found = await within(this.deps.clock, READ_WITHIN_MS, this.deps.fleet.lags(chosen));
    const known = new Set(elsewhere.map(({ leaseKey }) => leaseKey));
    this.lags = new Map([...this.lags, ...found].filter(([leaseKey]) => known.has(leaseKey)));
    return this.lags;
  }
}

/** The report of each shard that the workers behind this address hold. */
export const ownShards = (reports: readonly WorkerReport[]): ReadonlyMap<string, ReportedShard> =>
  new Map(reports.flatMap(({ shards }) => shards.map((shard) => [shard.leaseKey, shard] as const)));

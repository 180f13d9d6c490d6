/** The run itself: engines, a fleet, steady traffic, a schedule of acts, and a quiet end. */
import { MergeShardsCommand, type Shard, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { compareStored } from '../../src/local/compare-stored.ts';
import { type Fleet, generateFleet } from '../../src/local/fleet.ts';
import { putRecords } from '../../src/local/put-records.ts';
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { ApplyLog } from '../support/apply-log.ts';
import type { Engines, World } from '../support/engines.ts';
import { FaultCounts } from '../support/fault-proxy.ts';
import { personalTexts } from './personal-texts.ts';
import { allShards } from './reread.ts';
import { type PlannedAct, planActs, type TortureOptions } from './torture-options.ts';
import { TorturedFleet } from './tortured-fleet.ts';

const SHARDS = 4;
const WORKERS = 4;
export const FAILOVER_TIME_MS = 3_000;
const LOOK_EVERY_MS = 2_500;
const VICTIM_WITHIN_MS = 8_000;
const PUT_SPARED_MS = 3_000;

const SETTINGS = {
  SUPERSIM_FAILOVER_TIME_MS: String(FAILOVER_TIME_MS),
  SUPERSIM_IDLE_BETWEEN_READS_MS: '300',
  SUPERSIM_CHECKPOINT_EVERY_MS: '300',
  SUPERSIM_RECORDS_PER_READ_MAX: '200',
  SUPERSIM_SHARD_SYNC_EVERY_MS: '10000',
  SUPERSIM_SHUTDOWN_GRACE_MS: '10000',
};

export const fleetOf = ({ events, seed }: TortureOptions): Fleet =>
  generateFleet({
    seed,
    devices: Math.max(20, Math.ceil(events / 300)),
    hours: 48,
    duplicateRate: 0.1,
    poisonRate: 0.005,
    arrayElementsMax: 3,
    eventsMax: events,
  });

export class TortureRun {
  readonly counts = new FaultCounts();
  readonly applyLog: ApplyLog;
  readonly fleet: TorturedFleet;
  readonly outagesMs: number[] = [];
  splits = 0;
  merges = 0;
  putCount = 0;
  private readonly engines: Engines;
  private readonly world: World;
  private readonly options: TortureOptions;
  private readonly source: Fleet;
  private readonly chance: Chance;
  private readonly say: (text: string) => void;
  private readonly down = new Set<'kinesis' | 'dynamodb'>();
  private isCalm = false;

  constructor(
    surroundings: { readonly engines: Engines; readonly world: World; readonly source: Fleet },
    options: TortureOptions,
    say: (text: string) => void,
  ) {
    const { engines, world, source } = surroundings;
    this.engines = engines;
    this.world = world;
    this.source = source;
    this.options = options;
    this.say = say;
    this.chance = new Chance(seededRandom(options.seed + 1));
    this.applyLog = new ApplyLog(world.names);
    this.fleet = new TorturedFleet(
      {
        engines,
        world,
        settings: SETTINGS,
        seed: options.seed,
        counts: this.counts,
        applyLog: this.applyLog,
        isDown: (service) => this.down.has(service),
        isCalm: () => this.isCalm,
      },
      {
        failoverTimeMs: FAILOVER_TIME_MS,
        findPersonal: personalTexts(source.lines.map(({ data }) => data)),
        say,
      },
    );
  }

  static shards = SHARDS;

  /** Until the last record is in and the last act done. */
  async torment(): Promise<void> {
    await this.fleet.start(WORKERS);
    await systemClock.sleep(PUT_SPARED_MS);
    const ending = new AbortController();
    const watching = this.watch(ending.signal);
    try {
      await Promise.all([this.put(), this.actAll()]);
    } finally {
      ending.abort();
      await watching;
    }
    this.isCalm = true;
  }

  private async put(): Promise<void> {
    const { kinesis } = this.engines.clients;
    const { lines } = this.source;
    const untilMs = this.options.minutes * 60_000 - PUT_SPARED_MS;
    const utf8 = new TextEncoder();
    await putRecords(
      { kinesis, clock: systemClock, random: systemRandom },
      this.world.stream,
      lines.map(({ partitionKey, data }) => ({ partitionKey, data: utf8.encode(data) })),
      {
        ratePerSecond: (lines.length * 1_000) / untilMs,
        recordsPerCallMax: 50,
        onPut: (count) => {
          this.putCount += count;
        },
      },
    );
  }

  private async actAll(): Promise<void> {
    const startedAtMs = systemClock.monotonicMs();
    const lasting: Promise<void>[] = [];
    for (const act of planActs(this.options, FAILOVER_TIME_MS)) {
      await systemClock.sleep(startedAtMs + act.atMs - systemClock.monotonicMs());
      const acting = this.act(act);
      acting.catch(() => undefined);
      lasting.push(acting);
    }
    await Promise.all(lasting);
  }

  private async act(act: PlannedAct): Promise<void> {
    if (act.kind === 'split') return this.split();
    if (act.kind === 'merge') return this.merge();
    if (act.kind === 'outage') return this.outage(act.service, act.ms);
    const giveUpAtMs = systemClock.monotonicMs() + VICTIM_WITHIN_MS;
    let place = this.fleet.victim(this.chance, act.kind);
    while (place === undefined && systemClock.monotonicMs() < giveUpAtMs) {
      await systemClock.sleep(200);
      place = this.fleet.victim(this.chance, act.kind);
    }
    if (place === undefined) return;
    if (act.kind === 'pause') return this.fleet.pause(place, act.ms);
    return act.kind === 'kill' ? this.fleet.kill(place) : this.fleet.terminate(place);
  }

  private async outage(service: 'kinesis' | 'dynamodb', ms: number): Promise<void> {
    this.say(`${service} is away for ${(ms / 1_000).toFixed(1)} s`);
    const startedAtMs = systemClock.monotonicMs();
    this.down.add(service);
    await systemClock.sleep(ms);
    this.down.delete(service);
    this.outagesMs.push(systemClock.monotonicMs() - startedAtMs);
  }

  private async openShards(): Promise<readonly Shard[]> {
    const shards = await allShards(this.engines.clients.kinesis, this.world.stream);
    return shards.filter(({ SequenceNumberRange: range }) => range?.EndingSequenceNumber === undefined);
  }

  private async split(): Promise<void> {
    const shard = this.chance.pick(await this.openShards());
    const range = shard.HashKeyRange;
    const middle = (BigInt(range?.StartingHashKey ?? 0) + BigInt(range?.EndingHashKey ?? 0)) / 2n;
    await this.engines.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: this.world.stream,
        ShardToSplit: shard.ShardId,
        NewStartingHashKey: String(middle),
      }),
    );
    this.splits += 1;
    this.say(`${shard.ShardId} is split`);
  }

  private async merge(): Promise<void> {
    const startOf = ({ HashKeyRange: range }: Shard): bigint => BigInt(range?.StartingHashKey ?? 0);
    const open = [...(await this.openShards())].sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
    const at = this.chance.whole(0, open.length - 2);
    await this.engines.clients.kinesis.send(
      new MergeShardsCommand({
        StreamName: this.world.stream,
        ShardToMerge: open[at]?.ShardId,
        AdjacentShardToMerge: open[at + 1]?.ShardId,
      }),
    );
    this.merges += 1;
    this.say(`${open[at]?.ShardId} and ${open[at + 1]?.ShardId} are merged`);
  }

  private async watch(signal: AbortSignal): Promise<void> {
    for (let looks = 0; !signal.aborted; looks += 1) {
      await this.fleet.look();
      if (looks % 8 === 0) this.say(this.progress());
      await systemClock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  progress(): string {
    const { kills, pauses, terminations, refusedStarts, failures } = this.fleet.report;
    return (
      `${this.putCount} of ${this.source.lines.length} records put; ${kills} kill -9, ${pauses} pauses, ` +
      `${terminations} SIGTERM, ${refusedStarts} refused starts; ${this.counts.faults} faults, ` +
      `${this.counts.appliedUnanswered} writes done but unanswered; ${failures.length} failures`
    );
  }

  /** Sessions that are not yet, or never will be, as the source says. */
  async differences(): Promise<number> {
    return compareStored(await this.world.stored(), this.source.truth).length;
  }
}

/** The simulated world of one seed: workers, engines, producers and trouble on one virtual clock.
 *
 *    troubled: faults, outages, kills, pauses, reshards while records come
 *        ▼
 *    quiet: nothing goes wrong any more; every shard must be owned (I8) and read to its end (I9) in time
 *        ▼
 *    stopped: every worker is told to stop; nothing of it may be left; then the books are compared */
import { createHash } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { type Config, readConfig } from '../../src/config.ts';
import { compareStored } from '../../src/local/compare-stored.ts';
import type { GroundTruth } from '../../src/local/ground-truth.ts';
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { createTableInput, tableDefinitions, tableNames } from '../../src/store/tables.ts';
import { EventQueue } from './event-queue.ts';
import { FaultSource, type Service } from './faults.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { SeedPlan } from './plan.ts';
import { RequestRate } from './request-rate.ts';
import { type Change, SimDynamoDb } from './sim-dynamodb.ts';
import { SimKinesis } from './sim-kinesis.ts';
import { SimProcess } from './sim-process.ts';
import { SimWorker } from './sim-worker.ts';
import { StoreWatch } from './store-watch.ts';
import { Trouble } from './trouble.ts';
import { makeWorkload, truthOf } from './workload.ts';

type Items = ReturnType<SimDynamoDb['items']>;

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly what: string;
  readonly atMs: number;
}

export interface SeedReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Of everything that the engines were asked and answered, in order. */
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly steps: number;
  /** Calls that reached an engine. */
  readonly calls: number;
  readonly records: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
  readonly gaps: number;
  /** Faults and troubles by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Log lines by event. */
  readonly logged: Readonly<Record<string, number>>;
}

/** A seed that shows this many has shown enough. */
const VIOLATIONS_MAX = 20;
/** By then every call that met a fault has ended: three attempts of 5 s and their pauses, applied late by 20 s. */
const CALLS_OVER_AFTER_MS = 40_000;
/** Records are put within this share of the troubled phase. */
const PUT_UNTIL = 0.95;

export class World {
  readonly queue = new EventQueue();
  readonly kinesis: SimKinesis;
  readonly store: StoreWatch;
  readonly faults: FaultSource;
  readonly config: Config;
  readonly plan: SeedPlan;
  readonly chance: Chance;
  /** All that ever ran. */
  readonly workers: SimWorker[] = [];
  private readonly dynamodb: SimDynamoDb;
  private readonly leases: LeaseWatch;
  private readonly names: ReturnType<typeof tableNames>;
  private readonly violations: Violation[] = [];
  private readonly trace = createHash('sha1');
  private readonly logged: Record<string, number> = {};
  private readonly rate: RequestRate;
  private readonly trouble: Trouble;
  private caller = '';
  private calls = 0;
  private isEnding = false;

  constructor(plan: SeedPlan) {
    const clock = new SimProcess('engines', this.queue);
    this.plan = plan;
    this.config = readConfig(plan.settings).config;
    this.chance = new Chance(seededRandom(plan.seed ^ 0x5eed));
    this.kinesis = new SimKinesis(clock, plan.kinesis);
    this.dynamodb = new SimDynamoDb(clock, { onChange: (change) => this.changed(change) });
    this.faults = new FaultSource(this.chance, plan.rates, plan.outages);
    this.store = new StoreWatch(this.violate);
    this.names = tableNames(this.config);
    for (const definition of tableDefinitions(this.config))
      this.dynamodb.apply(new CreateTableCommand(createTableInput(definition)));
    this.leases = new LeaseWatch({
      kinesis: this.kinesis,
      failoverTimeMs: this.config.failoverTimeMs,
      nowMs: () => this.queue.nowMs,
      violate: this.violate,
      firstUndurable: (shardId, through) => this.store.firstUndurable(shardId, through),
      believers: (shardId) => this.workers.filter((one) => one.believesToOwn(shardId)).map(({ id }) => id),
    });
    this.rate = new RequestRate(this.violate);
    this.trouble = new Trouble(this);
  }

  /** Lives the seed's whole life. */
  async run(): Promise<SeedReport> {
    const { plan, queue } = this;
    this.planRecords();
    this.trouble.plan();
    await queue.run(plan.troubledMs, () => this.isBroken());
    if (!this.isBroken()) await this.quiet();
    if (!this.isBroken()) await this.stop();
    if (!this.isBroken()) this.compare();
    return this.report();
  }

  readonly violate = (invariant: string, what: string): void => {
    if (this.violations.length < VIOLATIONS_MAX)
      this.violations.push({ invariant, what, atMs: this.queue.nowMs });
  };

  /** A new worker process. */
  startWorker({ drain = false } = {}): SimWorker {
    const { queue, chance, faults, violate } = this;
    const onEnd = (ended: SimWorker): void => this.workerEnded(ended);
    const worker = new SimWorker({
      number: this.workers.length + 1,
      config: this.config,
      drain,
      queue,
      chance,
      faults,
      violate,
      onEnd,
      apply: (by, service, command, how) => this.apply(by, service, command, how),
      onLeaseFailure: (by) => this.rate.failed(by.id, queue.nowMs, this.kinesis.shards().length),
      onLog: (event) => {
        this.logged[event] = (this.logged[event] ?? 0) + 1;
      },
    });
    this.workers.push(worker);
    worker.start({ drain, violate, onEnd });
    return worker;
  }

  /** The container service replaces what ended. */
  replaceWorker(afterMs: number): void {
    this.queue.after(afterMs, () => {
      if (!this.isEnding) this.startWorker();
    });
  }

  private isBroken(): boolean {
    return this.violations.length > 0;
  }

  private workerEnded(worker: SimWorker): void {
    if (!this.isEnding) {
      this.replaceWorker(this.chance.whole(100, 3_000) * this.plan.scale);
      return;
    }
    // What a hung dependency keeps is given up with the process; in quiet times nothing may be left.
    this.queue.after(0, () => {
      const { timers, calls } = worker.leftovers();
      if (timers + calls > 0)
        this.violate('I12', `${worker.id} ended with ${timers} timers and ${calls} calls under way`);
    });
  }

  private planRecords(): void {
    const { plan, chance, queue } = this;
    for (const record of makeWorkload(plan.seed, plan.workload))
      queue.at(chance.whole(0, Math.round(plan.troubledMs * PUT_UNTIL)), () => {
        const open = this.kinesis.shards().filter(({ endsAt }) => endsAt === undefined);
        const { id } = chance.pick(open);
        this.store.put(id, this.kinesis.put(record.data, id), record);
      });
  }

  private apply(
    by: SimWorker,
    service: Service,
    command: unknown,
    how: { readonly isEmptyPage: boolean },
  ): unknown {
    this.caller = by.id;
    this.calls += 1;
    const { name } = (command as object).constructor;
    try {
      const answer = service === 'kinesis' ? this.read(command, how) : this.dynamodb.apply(command);
      this.trace.update(`${this.queue.nowMs} ${by.id} ${name} ok\n`);
      return answer;
    } catch (error) {
      this.trace.update(`${this.queue.nowMs} ${by.id} ${name} ${(error as Error).name}\n`);
      throw error;
    }
  }

  private read(command: unknown, how: { readonly isEmptyPage: boolean }): object {
    const answer = this.kinesis.apply(command, how) as { Records?: readonly unknown[] };
    if (answer.Records && answer.Records.length > 0) {
      const { ShardIterator } = (command as { input: { ShardIterator?: string } }).input;
      this.leases.read(this.kinesis.shardOf(ShardIterator));
    }
    return answer;
  }

  private changed({ tableName, before, after }: Change): void {
    const { sessions, sims, usage, deadLetters, leases } = this.names;
    if (tableName === leases) this.leases.changed(this.caller, before, after);
    else if (tableName === sessions) this.store.sessionChanged(before, after);
    else if (tableName === sims) this.store.simChanged(after);
    else if (tableName === usage) this.store.dayChanged(after);
    else if (tableName === deadLetters) this.store.letterWritten(after);
    const key = after ?? before;
    this.trace.update(
      `${tableName} ${key?.['leaseKey'] ?? key?.['data_session_sid'] ?? ''} ${after?.['checkpoint'] ?? ''}\n`,
    );
  }

  private async quiet(): Promise<void> {
    const { queue, config, plan } = this;
    this.faults.isOn = false;
    this.trouble.end();
    const drainer = plan.isDrained ? this.startWorker({ drain: true }) : undefined;
    const { failoverTimeMs, stallAfterMs, shardSyncEveryMs, idleBetweenReadsMs } = config;
    const ownedByMs = queue.nowMs + 5 * failoverTimeMs + 2 * shardSyncEveryMs + 60_000 * plan.scale;
    const backlogMs = this.recordCount() * 1_000;
    const caughtUpByMs = ownedByMs + backlogMs + 2 * stallAfterMs + 10 * idleBetweenReadsMs;
    await queue.run(queue.nowMs + CALLS_OVER_AFTER_MS, () => this.isBroken());
    await queue.run(ownedByMs, () => this.isBroken() || this.unowned().length === 0);
    for (const what of this.unowned()) this.violate('I8', what);
    await queue.run(caughtUpByMs, () => this.isBroken() || this.unread().length === 0);
    for (const what of this.unread()) this.violate('I9', what);
    if (!drainer) return;
    await queue.run(
      queue.nowMs + 4 * failoverTimeMs + 4 * shardSyncEveryMs + 60_000,
      () => this.isBroken() || drainer.end !== undefined,
    );
    if (drainer.end !== 'drained') this.violate('I9', `the draining worker ended ${drainer.end ?? 'never'}`);
  }

  private async stop(): Promise<void> {
    const { queue, config } = this;
    this.isEnding = true;
    const running = this.workers.filter((worker) => worker.isAlive);
    // One that it could not give back before is no longer its own: it expires.
    const held = new Set(running.flatMap((worker) => worker.heldKeys().map((key) => `${worker.id} ${key}`)));
    for (const worker of running) {
      const { dead, troubles } = worker.health();
      for (const loop of dead) this.violate('I15', `${worker.id} says that ${loop} stands still`);
      for (const { kind, text } of troubles)
        if (kind === 'aws-failing') this.violate('I15', `${worker.id} says: ${text}`);
    }
    for (const worker of running) worker.stop();
    await queue.run(queue.nowMs + config.shutdownGraceMs + 10_000, () =>
      running.every(({ isAlive }) => !isAlive),
    );
    for (const { id } of running.filter(({ isAlive }) => isAlive)) this.violate('I12', `${id} does not stop`);
    for (const item of this.leases.rows.values())
      if (held.has(`${item['leaseOwner']} ${item['leaseKey']}`) && item['checkpoint'] !== 'SHARD_END')
        this.violate('I12', `${String(item['leaseOwner'])} kept the lease of ${String(item['leaseKey'])}`);
  }

  private compare(): void {
    const truthFor = (table: 'sessions' | 'sims' | 'usage'): GroundTruth =>
      truthOf(this.store.expectedParts(table));
    const truth = { ...truthFor('sessions'), sims: truthFor('sims').sims, usage: truthFor('usage').usage };
    const [sessions, sims, usage] = (['sessions', 'sims', 'usage'] as const).map((table) =>
      this.dynamodb.items(this.names[table]),
    ) as [Items, Items, Items];
    for (const difference of compareStored({ sessions, sims, usage }, truth)) this.violate('I1', difference);
    this.store.checkLetters();
    for (const worker of this.workers) {
      const { read, applied, duplicate, ignored, deadLettered } = worker.totals();
      if (read !== applied + duplicate + ignored + deadLettered)
        this.violate('identity', `${worker.id}: ${read} read`);
    }
    this.compareCounts(truth.totals);
  }

  /** The workers' own counts. What one had stored and not yet counted when it was killed is counted again by the
   *  next, as a duplicate; so nothing is applied twice, and nothing of the rest is missing. */
  private compareCounts({ distinct, duplicates, ignored, poison }: GroundTruth['totals']): void {
    const counted = this.totals();
    if (counted.applied > distinct)
      this.violate('I2', `${counted.applied} events were called applied, of ${distinct}`);
    const least = [
      ['events', counted.applied + counted.duplicate, distinct + duplicates],
      ['ignored events', counted.ignored, ignored],
      ['dead letters', counted.deadLettered, poison],
    ] as const;
    // Retention may have taken what was stored by a worker that was killed before it counted.
    if (this.faults.counts['trim']) return;
    for (const [what, got, expected] of least)
      if (got < expected) this.violate('identity', `${got} ${what} were counted, of ${expected}`);
  }

  private recordCount(): number {
    return [...this.store.delivered.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Shards that nobody alive owns although they could be read. */
  private unowned(): string[] {
    const alive = new Set(this.workers.filter(({ isAlive }) => isAlive).map(({ id }) => id));
    const { rows } = this.leases;
    const shards = this.kinesis.shards();
    const parentsOf = new Map(shards.map(({ id, parents }) => [id, parents]));
    // One without a lease never needed one if nothing before it is left to read.
    const isEnded = (id: string): boolean =>
      this.leases.finished.has(id) ||
      rows.get(id)?.['checkpoint'] === 'SHARD_END' ||
      (!rows.has(id) && (parentsOf.get(id) ?? []).every(isEnded));
    return shards.flatMap(({ id, parents }) => {
      if (this.leases.finished.has(id) || !parents.every(isEnded)) return [];
      const owner = String(rows.get(id)?.['leaseOwner']);
      return alive.has(owner) ? [] : [`${id} is owned by ${owner}, who is not alive`];
    });
  }

  /** Shards that are not read and checkpointed to their end. */
  private unread(): string[] {
    return this.kinesis.shards().flatMap(({ id, numbers, endsAt }) => {
      if (this.leases.finished.has(id)) return [];
      const checkpoint = String(this.leases.rows.get(id)?.['checkpoint']);
      const last = numbers.at(-1);
      const isRead = last === undefined || (/^\d+$/.test(checkpoint) && BigInt(checkpoint) >= last);
      return isRead && endsAt === undefined ? [] : [`${id} is at ${checkpoint} of ${last ?? 'SHARD_END'}`];
    });
  }

  private totals() {
    const sums = { applied: 0, duplicate: 0, ignored: 0, deadLettered: 0 };
    for (const worker of this.workers) {
      const totals = worker.totals();
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += totals[name];
    }
    return sums;
  }

  private report(): SeedReport {
    return {
      seed: this.plan.seed,
      violations: this.violations,
      traceHash: this.trace.digest('hex'),
      virtualMs: this.queue.nowMs,
      steps: this.queue.count,
      calls: this.calls,
      records: this.recordCount(),
      ...this.totals(),
      gaps: this.store.gaps,
      faults: this.faults.counts,
      logged: this.logged,
    };
  }
}

/** The whole job on embedded engines, with things going wrong, and a verdict against the fleet's own books:
 *
 *    engines up ─► workers 1 and 2 ─► records at a steady rate ─────────────────► all put ─► drain ─► verdict
 *                                       │ 35 %: worker 2 killed with -9
 *                                       │ 50 %: worker 3 started in its place
 *                                       └ 60 %: a shard split */
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { MeterError } from '../errors.ts';
import { toPlain } from '../json.ts';
import { scanSessions } from '../store/read-sessions.ts';
import { tableDefinitions, tableNames } from '../store/tables.ts';
import type { Clock, Random } from '../time.ts';
import { type DemoVerdict, judgeDemo } from './demo-verdict.ts';
import type { DemoSnapshot } from './demo-view.ts';
import { DemoWorker, type WorkerTotals } from './demo-worker.ts';
import { startDynamoDb } from './dynamodb-engine.ts';
import type { Engine } from './engine-process.ts';
import { type Fleet, generateFleet } from './fleet.ts';
import { startKinesis } from './kinesis-engine.ts';
import { createLocalClients, localEnvironment } from './local-clients.ts';
import { provisionStream, provisionTables } from './provision.ts';
import { putRecords } from './put-records.ts';

export interface DemoOptions {
  /** How long records are put. Unit: s. */
  readonly durationS: number;
  readonly seed: number;
  /** The program to start workers with. */
  readonly mainFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: (snapshot: DemoSnapshot) => void;
}

const NAMING = { tablePrefix: 'demo', application: 'demo' };
const STREAM = 'demo-events';
const SHARDS = 2;
/** The embedded Kinesis keeps up with about 200 a second, reading included. */
const RECORDS_PER_SECOND = 90;
const LOOK_EVERY_MS = 250;
const SESSIONS_EVERY_MS = 1_000;
const RATE_OVER_MS = 2_000;
/** Short, so that the killed worker's shards are seen to move within the demo. */
const WORKER_SETTINGS = {
  SUPERSIM_STREAM: STREAM,
  SUPERSIM_APPLICATION: NAMING.application,
  SUPERSIM_TABLE_PREFIX: NAMING.tablePrefix,
  SUPERSIM_HTTP: '127.0.0.1:0',
  SUPERSIM_FAILOVER_TIME_MS: '2000',
  SUPERSIM_IDLE_BETWEEN_READS_MS: '250',
  SUPERSIM_RECORDS_PER_READ_MAX: '500',
  SUPERSIM_SHARD_SYNC_EVERY_MS: '5000',
};
const HASH_KEY_QUARTER = (1n << 126n).toString();

export class Demo {
  private readonly options: DemoOptions;
  private readonly workers: DemoWorker[] = [];
  private readonly happenings: string[] = [];
  private readonly shardsSeen = new Set<string>();
  private readonly rates: { atMs: number; read: number }[] = [];
  private engines: Engine[] = [];
  private clients = createLocalClients({});
  private environment: Record<string, string> = {};
  private sessions = { open: 0, ended: 0, bytes: 0n };
  private produced = 0;
  private startedAtMs = 0;

  constructor(options: DemoOptions) {
    this.options = options;
  }

  /** @throws MeterError when an engine or a worker cannot start. */
  async run(): Promise<DemoVerdict> {
    this.startedAtMs = this.options.clock.monotonicMs();
    const watching = new AbortController();
    try {
      await this.startEngines();
      const fleet = this.makeFleet();
      this.startWorker();
      this.startWorker();
      const watch = this.watch(watching.signal);
      await Promise.all([this.produce(fleet), this.disturb()]);
      this.say('all records put; the workers finish and a last one drains the stream');
      await this.drain();
      watching.abort();
      await watch;
      return await this.judge(fleet);
    } finally {
      watching.abort();
      for (const worker of this.workers) await worker.kill();
      await Promise.all(this.engines.map((engine) => engine.stop()));
    }
  }

  private async startEngines(): Promise<void> {
    const [kinesis, dynamodb] = await Promise.all([startKinesis({}), startDynamoDb({ engine: 'auto' })]);
    this.engines = [kinesis, dynamodb];
    this.clients = createLocalClients({
      kinesisEndpoint: kinesis.endpoint,
      dynamodbEndpoint: dynamodb.endpoint,
    });
    this.environment = { ...localEnvironment(kinesis, dynamodb), ...WORKER_SETTINGS };
    await provisionStream(this.clients.kinesis, { stream: STREAM, shards: SHARDS });
    await provisionTables(this.clients.dynamodb, tableDefinitions(NAMING));
  }

  private makeFleet(): Fleet {
    const { durationS, seed } = this.options;
    return generateFleet({
      seed,
      devices: 40,
      hours: 36,
      poisonRate: 0.003,
      eventsMax: durationS * RECORDS_PER_SECOND,
    });
  }

  private startWorker(args: readonly string[] = []): DemoWorker {
    const name = `worker-${this.workers.length + 1}`;
    const worker = new DemoWorker(name, this.options.mainFile, this.environment, this.options.clock, args);
    this.workers.push(worker);
    return worker;
  }

  private async produce(fleet: Fleet): Promise<void> {
    const { clock, random } = this.options;
    const utf8 = new TextEncoder();
    const records = fleet.lines.map(({ partitionKey, data }) => ({ partitionKey, data: utf8.encode(data) }));
    await putRecords({ kinesis: this.clients.kinesis, clock, random }, STREAM, records, {
      ratePerSecond: RECORDS_PER_SECOND,
      recordsPerCallMax: Math.ceil((RECORDS_PER_SECOND * LOOK_EVERY_MS) / 1000),
      onPut: (count) => {
        this.produced += count;
      },
    });
  }

  /** What a bad day brings. */
  private async disturb(): Promise<void> {
    const { clock, durationS } = this.options;
    const wait = (share: number): Promise<void> => clock.sleep(share * durationS * 1000);
    await wait(0.35);
    await this.workers[1]?.kill();
    this.say('worker-2 killed with -9: its shards wait for their leases to expire');
    await wait(0.15);
    this.startWorker();
    this.say('worker-3 started');
    await wait(0.1);
    await this.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: HASH_KEY_QUARTER,
      }),
    );
    this.say('shard 0 split in two: its children are read after it');
  }

  /** Stops the workers in good order, then lets a last one read what is left. */
  private async drain(): Promise<void> {
    const living = this.workers.filter(({ isKilled }) => !isKilled);
    for (const worker of living) this.expect(worker, await worker.finish({ signal: 'SIGTERM' }));
    const last = this.startWorker(['--drain']);
    this.expect(last, await last.finish());
  }

  private expect(worker: DemoWorker, code: number | null): void {
    if (code !== 0)
      throw new MeterError('invariant-broken', `${worker.name} ended with ${code}: ${worker.lastError}`);
  }

  private async judge(fleet: Fleet): Promise<DemoVerdict> {
    const { clock, seed } = this.options;
    return judgeDemo({
      items: await this.readSessions(),
      fleet,
      totals: this.totals(),
      shards: this.shardsSeen.size,
      workers: this.workers.length,
      killed: this.workers.filter(({ isKilled }) => isKilled).length,
      seconds: Math.round((clock.monotonicMs() - this.startedAtMs) / 100) / 10,
      seed,
    });
  }

  private async readSessions(): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for await (const item of scanSessions(this.clients.data, tableNames(NAMING).sessions))
      items.push(toPlain(item) as Record<string, unknown>);
    return items;
  }

  private totals(): WorkerTotals {
    const sum = (name: keyof WorkerTotals): number =>
      this.workers.reduce((total, { state }) => total + state.totals[name], 0);
    return {
      read: sum('read'),
      applied: sum('applied'),
      duplicate: sum('duplicate'),
      ignored: sum('ignored'),
      deadLettered: sum('deadLettered'),
    };
  }

  private say(text: string): void {
    this.happenings.push(`${Math.round(this.elapsedMs() / 1000)} s  ${text}`);
  }

  private elapsedMs(): number {
    return this.options.clock.monotonicMs() - this.startedAtMs;
  }

  /** Asks the workers and shows what they say, until told to stop. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { clock, onProgress } = this.options;
    for (let lookedAtMs = Number.NEGATIVE_INFINITY; !signal.aborted; ) {
      await Promise.all(this.workers.map((worker) => worker.look()));
      if (clock.monotonicMs() - lookedAtMs >= SESSIONS_EVERY_MS) {
        lookedAtMs = clock.monotonicMs();
        await this.countSessions();
      }
      onProgress(this.snapshot());
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  private async countSessions(): Promise<void> {
    const items = await this.readSessions();
    this.sessions = {
      open: items.filter(({ status }) => status === 'open').length,
      ended: items.filter(({ status }) => status !== 'open').length,
      bytes: items.reduce((total, { total_bytes: bytes }) => total + BigInt(bytes as bigint), 0n),
    };
  }

  private snapshot(): DemoSnapshot {
    const totals = this.totals();
    const nowMs = this.options.clock.monotonicMs();
    this.rates.push({ atMs: nowMs, read: totals.read });
    while ((this.rates[0]?.atMs ?? nowMs) < nowMs - RATE_OVER_MS) this.rates.shift();
    const [first] = this.rates;
    const seconds = first ? (nowMs - first.atMs) / 1000 : 0;
    return {
      elapsedS: this.elapsedMs() / 1000,
      durationS: this.options.durationS,
      engines: this.engines.map(({ name }) => name).join(' and '),
      produced: this.produced,
      totals,
      eventsPerSecond: first && seconds > 0 ? (totals.read - first.read) / seconds : 0,
      sessions: this.sessions,
      shards: this.shards(),
      happenings: this.happenings,
    };
  }

  private shards(): DemoSnapshot['shards'] {
    const held = new Map(
      this.workers.flatMap((worker) =>
        worker.state.shards.map((shard) => [shard.shardId, { worker, shard }] as const),
      ),
    );
    for (const shardId of held.keys()) this.shardsSeen.add(shardId);
    return [...this.shardsSeen].sort().map((shardId) => {
      const holding = held.get(shardId);
      return holding
        ? {
            shardId,
            owner: holding.worker.name,
            lagMs: holding.shard.millisBehindLatest,
            state: holding.shard.state,
          }
        : { shardId, owner: '–', lagMs: null, state: 'finished, or waiting for an owner' };
    });
  }
}

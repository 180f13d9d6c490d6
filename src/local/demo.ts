/** The whole job on embedded engines, with things going wrong, and a verdict against the fleet's own books:
 *
 *    engines up ─► workers 1 and 2 ─► records at a steady rate ─────────────────► all put ─► drain ─► verdict
 *                                       │ 35 %: worker 2 killed with -9
 *                                       │     worker 3 started in its place
 *                                       └ 60 %: a shard split */
import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { MeterError } from '../errors.ts';
import { toPlain } from '../json.ts';
import { scanSessions } from '../store/read-sessions.ts';
import { tableDefinitions, tableNames } from '../store/tables.ts';
import type { Clock, Random } from '../time.ts';
import { readStored } from './compare-stored.ts';
import { type DemoPage, startDemoPage } from './demo-page.ts';
import { type DemoVerdict, judgeDemo } from './demo-verdict.ts';
import type { DemoSnapshot } from './demo-view.ts';
import { DemoWatch } from './demo-watch.ts';
import { DemoWorker } from './demo-worker.ts';
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
const SHARDS = 3;
/** The embedded Kinesis keeps up with about 200 a second, reading included. */
const RECORDS_PER_SECOND = 90;
/** Records go out in small calls, so that the rate is even. */
const PUT_EVERY_MS = 250;
/** A new worker comes before the killed one's leases expire, so that the two living ones share them. */
const REPLACED_AFTER_MS = 500;
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
  private readonly watch: DemoWatch;
  private engines: Engine[] = [];
  private clients = createLocalClients({});
  private environment: Record<string, string> = {};
  private produced = 0;
  private page: DemoPage | undefined;

  constructor(options: DemoOptions) {
    this.options = options;
    this.watch = new DemoWatch({
      ...options,
      workers: this.workers,
      readSessions: () => this.readSessions(),
      engineNames: () => this.engines.map(({ name }) => name).join(' and '),
      produced: () => this.produced,
      pageUrl: () => this.page?.url ?? '',
    });
  }

  /** @throws MeterError when an engine or a worker cannot start. */
  async run(): Promise<DemoVerdict> {
    const watching = new AbortController();
    try {
      await this.startEngines();
      const fleet = this.makeFleet();
      this.page = await this.openPage();
      this.startWorker();
      this.startWorker();
      const watched = this.watch.run(watching.signal);
      await Promise.all([this.produce(fleet), this.disturb()]);
      this.watch.say('all records put; the workers finish and a last one drains the stream');
      await this.drain();
      watching.abort();
      await watched;
      return await this.judge(fleet);
    } finally {
      watching.abort();
      await this.page?.stop();
      for (const worker of this.workers) await worker.kill();
      // The embedded Kinesis ends only once no client holds a connection.
      for (const client of Object.values(this.clients)) client.destroy();
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

  private openPage(): Promise<DemoPage> {
    const { clock, random } = this.options;
    const settings = {
      ...NAMING,
      stream: STREAM,
      failoverTimeMs: Number(WORKER_SETTINGS.SUPERSIM_FAILOVER_TIME_MS),
    };
    const { environment, workers } = this;
    return startDemoPage(settings, { clock, random, environment, workers, told: () => this.watch.told });
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
      recordsPerCallMax: Math.ceil((RECORDS_PER_SECOND * PUT_EVERY_MS) / 1000),
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
    this.watch.say('worker-2 killed with -9: its shards wait for their leases to expire');
    await clock.sleep(REPLACED_AFTER_MS);
    this.startWorker();
    this.watch.say('worker-3 started');
    await wait(0.25);
    await this.clients.kinesis.send(
      new SplitShardCommand({
        StreamName: STREAM,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: HASH_KEY_QUARTER,
      }),
    );
    this.watch.say('shard 0 split in two: its children are read after it');
  }

  /** Stops the workers in good order, then lets a last one read what is left. */
  private async drain(): Promise<void> {
    const living = this.workers.filter(({ isKilled }) => !isKilled);
    for (const worker of living) this.expect(worker, await worker.finish({ signal: 'SIGTERM' }));
    const last = this.startWorker(['--drain', '--leases-max', '100']);
    this.expect(last, await last.finish());
  }

  private expect(worker: DemoWorker, code: number | null): void {
    if (code !== 0)
      throw new MeterError('invariant-broken', `${worker.name} ended with ${code}: ${worker.lastError}`);
  }

  private async judge(fleet: Fleet): Promise<DemoVerdict> {
    const { seed } = this.options;
    return judgeDemo({
      items: await readStored(this.clients.data, tableNames(NAMING)),
      fleet,
      totals: this.watch.totals(),
      shards: this.watch.shardCount,
      workers: this.workers.length,
      killed: this.workers.filter(({ isKilled }) => isKilled).length,
      seconds: Math.round(this.watch.elapsedMs() / 100) / 10,
      seed,
    });
  }

  private async readSessions(): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for await (const item of scanSessions(this.clients.data, tableNames(NAMING).sessions))
      items.push(toPlain(item) as Record<string, unknown>);
    return items;
  }
}

/** Several workers as processes of their own, each behind its own recording proxies. */
import { ListShardsCommand, type Shard } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../src/time.ts';
import type { Engines, World } from './engines.ts';
import { ReadLog } from './read-log.ts';
import { attributeOf, type RecordedCall } from './recorded-call.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { SteadyTraffic } from './steady-traffic.ts';
import { until } from './until.ts';
import { type CliProcess, type Finished, startCli } from './worker-process.ts';

export interface FleetWorker {
  readonly name: string;
  readonly process: CliProcess;
  readonly kinesis: RecordingProxy;
  readonly dynamodb: RecordingProxy;
}

/** A lease row, as far as these tests look. */
export interface LeaseRow {
  readonly shardId: string;
  readonly owner: string | undefined;
  readonly isFinished: boolean;
  /** Neither finished nor waiting for a parent. */
  readonly isReadable: boolean;
}

export class WorkerFleet {
  private readonly engines: Engines;
  private readonly world: World;
  private readonly settings: Readonly<Record<string, string>>;
  private readonly workers = new Map<string, FleetWorker>();
  private readonly living = new Set<string>();
  private readonly traffic: SteadyTraffic[] = [];

  /** `settings`: environment variables of all its workers, over the world's. */
  constructor(engines: Engines, world: World, settings: Readonly<Record<string, string>> = {}) {
    this.engines = engines;
    this.world = world;
    this.settings = settings;
  }

  /** Starts a process; it is counted as living from now on. `main`: of another build than this one. */
  async start(name: string, main?: string): Promise<FleetWorker> {
    const [kinesis, dynamodb] = await Promise.all([
      RecordingProxy.start(name, this.engines.kinesis.endpoint),
      RecordingProxy.start(name, this.engines.dynamodb.endpoint),
    ]);
    const env = {
      ...this.world.env,
      ...this.settings,
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      SUPERSIM_WORKER_ID: name,
    };
    const process = startCli(['run', '--json'], env, main);
    const worker = { name, process, kinesis, dynamodb };
    this.workers.set(name, worker);
    this.living.add(name);
    return worker;
  }

  /** Puts an event into each open shard every `everyMs`, until stopped or the fleet is. */
  async startTraffic(name: string, everyMs: number): Promise<SteadyTraffic> {
    const shards = await this.openShards();
    const traffic = new SteadyTraffic(this.engines, { stream: this.world.stream, shards, name, everyMs });
    this.traffic.push(traffic);
    return traffic;
  }

  /** Sends the signal that ends a process; its leases must go to the others. */
  async end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<Finished & { readonly tookMs: number }> {
    const { process } = this.worker(name);
    const startedAtMs = systemClock.monotonicMs();
    this.living.delete(name);
    process.child.kill(signal);
    const finished = await process.done;
    return { ...finished, tookMs: systemClock.monotonicMs() - startedAtMs };
  }

  /** Stands still as in a long pause of its machine, and counts as dead until it goes on. */
  freeze(name: string): void {
    this.living.delete(name);
    this.worker(name).process.child.kill('SIGSTOP');
  }

  thaw(name: string): void {
    this.living.add(name);
    this.worker(name).process.child.kill('SIGCONT');
  }

  worker(name: string): FleetWorker {
    const worker = this.workers.get(name);
    if (!worker) throw new Error(`no worker ${name}`);
    return worker;
  }

  /** Ends what still runs. @throws what putting traffic threw. */
  async stop(): Promise<void> {
    const workers = [...this.workers.values()];
    for (const { process } of workers) process.child.kill('SIGKILL');
    await Promise.all(workers.map(({ process }) => process.done));
    await Promise.all(workers.flatMap(({ kinesis, dynamodb }) => [kinesis.stop(), dynamodb.stop()]));
    await Promise.all(this.traffic.map((traffic) => traffic.stop()));
  }

  private describeWorkers(): string {
    const living = [...this.living].map((name) => {
      const { exitCode, signalCode } = this.worker(name).process.child;
      return exitCode === null && signalCode === null ? name : `${name} (ended: ${exitCode ?? signalCode})`;
    });
    return `Living: ${living.join(', ')}.`;
  }

  readLog(): ReadLog {
    return new ReadLog([...this.workers.values()].flatMap(({ kinesis }) => kinesis.calls));
  }

  /** Calls about the lease table, of all workers, by start. */
  leaseCalls(): readonly RecordedCall[] {
    return [...this.workers.values()]
      .flatMap(({ dynamodb }) => dynamodb.calls)
      .filter(({ request }) => request['TableName'] === this.world.names.leases)
      .sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  /** Shards that somebody began to read before SHARD_END was stored for each parent. */
  childrenBeforeShardEnd(shards: readonly Shard[], log: ReadLog): readonly string[] {
    const ends = new Map<string, number>();
    for (const { operation, status, request, endedAtMs } of this.leaseCalls()) {
      const values = request['ExpressionAttributeValues'];
      const isEnd = operation === 'UpdateItem' && attributeOf(values, ':checkpoint') === 'SHARD_END';
      if (isEnd && status === 200) ends.set(String(attributeOf(request['Key'], 'leaseKey')), endedAtMs);
    }
    return log.childrenBefore(shards, (parent) => ends.get(parent));
  }

  async leases(): Promise<readonly LeaseRow[]> {
    const rows = await this.world.items('leases');
    const unfinished = new Set(
      rows.flatMap((row) => (row['checkpoint'] === 'SHARD_END' ? [] : [row['leaseKey']])),
    );
    return rows.map((row) => {
      const parents = [...((row['parentShardId'] ?? []) as Iterable<string>)];
      const isFinished = row['checkpoint'] === 'SHARD_END';
      return {
        shardId: String(row['leaseKey']),
        owner: row['leaseOwner'] as string | undefined,
        isFinished,
        isReadable: !isFinished && !parents.some((parent) => unfinished.has(parent)),
      };
    });
  }

  async shards(): Promise<readonly Shard[]> {
    const answer = await this.engines.clients.kinesis.send(
      new ListShardsCommand({ StreamName: this.world.stream }),
    );
    return answer.Shards ?? [];
  }

  async openShards(): Promise<readonly Shard[]> {
    return (await this.shards()).filter(({ SequenceNumberRange: range }) => !range?.EndingSequenceNumber);
  }

  /** Waits until each open shard of the stream is a living worker's; how long that took, in ms. */
  untilOwned(what: string, withinMs: number): Promise<number> {
    let seen = '';
    return until(
      `each open shard has a living owner after ${what}`,
      withinMs,
      async () => {
        const [leases, open] = await Promise.all([this.leases(), this.openShards()]);
        seen = describe(leases);
        const owners = new Map(leases.map(({ shardId, owner }) => [shardId, owner]));
        return open.every(({ ShardId: id = '' }) => this.living.has(owners.get(id) ?? ''));
      },
      () => `${this.describeWorkers()} Leases: ${seen}`,
    );
  }

  /** Waits until each living worker has as many readable leases as the others, give or take one; in ms. */
  untilBalanced(what: string, withinMs: number): Promise<number> {
    let seen = '';
    return until(
      `the fleet is balanced after ${what}`,
      withinMs,
      async () => {
        const leases = await this.leases();
        const readable = leases.filter(({ isReadable }) => isReadable);
        const counts = new Map([...this.living].map((name) => [name, 0]));
        seen = describe(leases);
        for (const { owner = '' } of readable) {
          const count = counts.get(owner);
          if (count === undefined) return false;
          counts.set(owner, count + 1);
        }
        return readable.length > 0 && Math.max(...counts.values()) - Math.min(...counts.values()) <= 1;
      },
      () => `${this.describeWorkers()} Leases: ${seen}`,
    );
  }
}

const describe = (leases: readonly LeaseRow[]): string =>
  leases
    .map(({ shardId, owner, isFinished }) => `${shardId} ${isFinished ? 'finished' : (owner ?? 'nobody')}`)
    .join(', ');

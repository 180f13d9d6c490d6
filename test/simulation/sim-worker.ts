/** One worker process of the simulated world: the production `Worker` over simulated clients. */
import type { AwsClients, ClientOptions } from '../../src/aws-clients.ts';
import { CLIENT_LIMITS } from '../../src/aws-clients.ts';
import type { Config } from '../../src/config.ts';
import { errorName } from '../../src/errors.ts';
import { CANARY_PATTERNS } from '../../src/local/fleet-device.ts';
import { type Chance, seededRandom } from '../../src/local/seeded-random.ts';
import type { Log } from '../../src/ops/log.ts';
import type { MetricsSnapshot } from '../../src/ops/metrics.ts';
import type { Trouble } from '../../src/ops/troubles.ts';
import { Worker, type WorkerEnd } from '../../src/worker.ts';
import type { EventQueue } from './event-queue.ts';
import type { FaultSource, Service } from './faults.ts';
import { SimClient } from './sim-client.ts';
import { SimProcess } from './sim-process.ts';

export interface SimWorkerOptions {
  readonly number: number;
  readonly config: Config;
  readonly drain: boolean;
  readonly queue: EventQueue;
  readonly chance: Chance;
  readonly faults: FaultSource;
  readonly apply: (
    worker: SimWorker,
    service: Service,
    command: unknown,
    options: { readonly isEmptyPage: boolean },
  ) => unknown;
  /** Told of each request to the lease table that failed. */
  readonly onLeaseFailure: (worker: SimWorker) => void;
  /** Told what is logged, by event name. */
  readonly onLog: (event: string) => void;
  readonly violate: (invariant: string, what: string) => void;
  readonly onEnd: (worker: SimWorker) => void;
}

/** How a worker's run ended, in a word: its end's kind, or the name of the error that it threw at the start. */
export type SimEnd = WorkerEnd['kind'] | `threw ${string}`;

export class SimWorker {
  readonly number: number;
  readonly id: string;
  readonly process: SimProcess;
  /** Undefined while it runs, and for ever when it was killed. */
  end: SimEnd | undefined;
  isStopping = false;
  private readonly worker: Worker;
  private readonly links: Readonly<Record<Service, SimClient>>;

  constructor(options: SimWorkerOptions) {
    const { number, queue, config, chance } = options;
    this.number = number;
    this.id = `w${number}`;
    this.process = new SimProcess(this.id, queue);
    this.links = {
      kinesis: this.link('kinesis', options),
      data: this.link('data', options),
      leases: this.link('leases', options),
    };
    this.worker = new Worker(config, this.id, {
      clock: this.process,
      random: seededRandom(chance.whole(0, 2 ** 31)),
      log: this.log(options),
      environment: {},
      createClients: ({ onCall }) => this.clients(onCall),
    });
  }

  get isAlive(): boolean {
    return !this.process.isDead && this.end === undefined;
  }

  start({ drain, violate, onEnd }: Pick<SimWorkerOptions, 'drain' | 'violate' | 'onEnd'>): void {
    const ended = (end: SimEnd): void => {
      this.end = end;
      onEnd(this);
    };
    this.worker.run({ drain }).then(
      ({ end }) => {
        if (end.kind === 'failed') violate('liveness', `${this.id} failed: ${describe(end.error)}`);
        if (end.kind === 'parked') violate('liveness', `${this.id} parked ${end.shardId}: ${end.reason}`);
        ended(end.kind);
      },
      (error: unknown) => ended(`threw ${errorName(error)}`),
    );
  }

  stop(): void {
    this.isStopping = true;
    this.process.deliver(0, () => this.worker.stop());
  }

  /** Whether it may, for all it knows, work on the shard. */
  believesToOwn(leaseKey: string): boolean {
    if (!this.isAlive) return false;
    return this.worker['coordinator'].leases().some((lease) => lease.leaseKey === leaseKey && lease.isValid);
  }

  heldKeys(): readonly string[] {
    return this.worker['coordinator'].leases().map(({ leaseKey }) => leaseKey);
  }

  totals(): MetricsSnapshot {
    return this.worker['metrics'].snapshot();
  }

  /** As its probes would show it: loops that stand still, and what is wrong. */
  health(): { readonly dead: readonly string[]; readonly troubles: readonly Trouble[] } {
    const { heartbeats, troubles } = this.worker['ops'].health;
    const dead = heartbeats.states().filter(({ isAlive }) => !isAlive);
    return { dead: dead.map(({ name }) => name), troubles: troubles() };
  }

  /** What is still under way, which after an end must be nothing. */
  leftovers(): { readonly timers: number; readonly calls: number } {
    const { kinesis, data, leases } = this.links;
    return { timers: this.process.pendingTimers, calls: kinesis.waiting + data.waiting + leases.waiting };
  }

  private link(service: Service, options: SimWorkerOptions): SimClient {
    return new SimClient({
      ...options,
      service,
      process: this.process,
      workerNumber: this.number,
      limits: CLIENT_LIMITS[service],
      apply: (command, how) => options.apply(this, service, command, how),
      onFailure: () => service === 'leases' && options.onLeaseFailure(this),
    });
  }

  private clients(onCall: ClientOptions['onCall']): AwsClients {
    const { kinesis, data, leases } = this.links;
    if (onCall)
      for (const name of ['kinesis', 'data', 'leases'] as const) this.links[name].onCall = () => onCall(name);
    const clients = {
      kinesis,
      kinesisStreaming: kinesis,
      data,
      dynamodb: data,
      leases,
      close: () => undefined,
    };
    return clients as unknown as AwsClients;
  }

  private log({ violate, onLog }: SimWorkerOptions): Log {
    const line = (event: string, message: string, fields?: object): void => {
      onLog(event);
      const text = `${event} ${message} ${JSON.stringify(fields)}`;
      if (CANARY_PATTERNS.some((pattern) => pattern.test(text))) violate('I11', `logged: ${text}`);
    };
    return { debug: line, info: line, warn: line, error: line };
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

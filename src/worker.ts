/** Composition root: builds the adapters, starts the coordinator, and owns the order of shutdown:
 *
 *    starting ──► running ──► draining ──► stopped
 *                   │  SIGTERM, drained,     ▲
 *                   │  or a fatal error      │ handlers end and checkpoint; leases freed; sockets closed
 *                   └────────────────────────┘ */
import { type AwsClients, type ClientOptions, endpointOverrides } from './aws-clients.ts';
import { type Config, streamsOf } from './config.ts';
import { classify } from './errors.ts';
import { type CoordinatorEnd, DynamoLeaseStore, LeaseCoordinator, type LeaseEvent } from './leases/index.ts';
import { pageMaker } from './open-page.ts';
import { type Door, httpDoor, type OpenDoor } from './ops/door.ts';
import type { Phase } from './ops/health.ts';
import { LEASE_CHANGE_OF } from './ops/lease-changes.ts';
import { limitRepeats } from './ops/limit-repeats.ts';
import type { Log } from './ops/log.ts';
import type { MetricsSnapshot } from './ops/metrics.ts';
import type { PrometheusMetrics } from './ops/prometheus-metrics.ts';
import { WorkerReporter } from './page/report-worker.ts';
import { preflight } from './preflight.ts';
import { listStreams } from './source/list-streams.ts';
import type { StreamConsumer } from './source/stream-consumer.ts';
import { tableNames } from './store/tables.ts';
import { buildStores, type Stores } from './stores.ts';
import { atMost, type Clock, type Random } from './time.ts';
import { VERSION } from './version.ts';
import { WorkerOps } from './worker-ops.ts';
import { buildHandler, fanOutConsumers, startPositionOf } from './worker-parts.ts';
import { viewWorker } from './worker-view.ts';

/** For giving leases back after the grace: a container's stop timeout waits for no table. Unit: ms. */
const GIVE_BACK_WITHIN_MS = 2_000;

export interface WorkerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `createClients`, and our stores if none are given; a simulation or a benchmark brings its own. */
  readonly createClients: (options: ClientOptions) => AwsClients;
  readonly buildStores?: typeof buildStores;
  /** Default: the port of the setting `http`. */
  readonly door?: Door;
  /** Takes the lines of the setting `emf`, which are no log lines. */
  readonly printLine?: (line: string) => void;
}

/** Why a worker ended. */
export type WorkerEnd =
  | { readonly kind: 'stopped' | 'drained' }
  /** A shard waits for a person: draining cannot end. */
  | { readonly kind: 'parked'; readonly shardId: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface WorkerResult {
  readonly end: WorkerEnd;
  readonly totals: MetricsSnapshot;
}

export class Worker {
  readonly workerId: string;
  private readonly config: Config;
  private readonly deps: WorkerDeps;
  private readonly clients: AwsClients;
  private readonly metrics: PrometheusMetrics;
  private readonly coordinator: LeaseCoordinator;
  private readonly ops: WorkerOps;
  private readonly reporter: WorkerReporter;
  private readonly stopping = new AbortController();
  private stores!: Stores;
  private consumers: ReadonlyMap<string, StreamConsumer> = new Map();
  private phase: Phase = 'starting';
  private parked: { readonly kind: 'parked'; readonly shardId: string; readonly reason: string } | undefined;
  private reportParked: () => void = () => undefined;

  constructor(config: Config, workerId: string, deps: WorkerDeps) {
    this.config = config;
    this.workerId = workerId;
    const log = limitRepeats(deps.log, deps.clock);
    this.deps = { ...deps, log };
    const { clock, door, printLine } = deps;
    this.ops = new WorkerOps({ clock, log, processName: door?.processName, printLine }, config, {
      heldLeases: () => this.coordinator.leases(),
      fleet: () => this.coordinator.fleet(),
    });
    this.metrics = this.ops.metrics;
    this.reporter = new WorkerReporter(workerId, clock);
    this.clients = deps.createClients(this.ops.clientHooks());
    this.coordinator = this.buildCoordinator();
  }

  /** Runs until stopped, drained or failed. Leases are free when it resolves.
   *  @throws MeterError when the start fails: wrong region, missing stream or table, access denied. */
  async run({ drain }: { readonly drain: boolean }): Promise<WorkerResult> {
    const { log } = this.deps;
    for (const { variable, endpoint } of endpointOverrides(this.deps.environment))
      log.warn('endpoint.override', `${variable} sends calls elsewhere than to AWS`, { endpoint });
    await preflight(this.clients, this.config);
    // Registered before the first shard is read, so that what an operator must do is said at the start.
    for (const consumer of this.consumers.values())
      await this.unlessStopped(consumer.arn(this.stopping.signal));
    await this.unlessStopped(this.stores.open());
    const door = await this.openDoor();
    const ended = new AbortController();
    const pulse = this.ops.health.pulse(ended.signal);
    try {
      await this.coordinator.start();
      this.phase = 'running';
      log.info('worker.started', 'reading', { ...this.identity(), version: VERSION, node: process.version });
      const end = await this.untilEnd(drain);
      await this.shutDown();
      return { end, totals: this.metrics.snapshot() };
    } finally {
      ended.abort();
      await pulse;
      this.ops.end();
      await door?.stop();
      this.stores.close();
      this.clients.close();
    }
  }

  /** Asks the worker to finish what is in flight and end. */
  stop(): void {
    this.stopping.abort();
  }

  /** Waits for what a stop aborts; the stop itself is seen to afterwards. */
  private async unlessStopped(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => {
      if (!this.stopping.signal.aborted || classify(error) !== 'aborted') throw error;
    });
  }

  private identity() {
    const { stream, application } = this.config;
    return { workerId: this.workerId, stream, application };
  }

  private async untilEnd(drain: boolean): Promise<WorkerEnd> {
    const stopped = new Promise<WorkerEnd>((resolve) => {
      const onStop = (): void => resolve({ kind: 'stopped' });
      this.stopping.signal.addEventListener('abort', onStop, { once: true });
      if (this.stopping.signal.aborted) onStop();
    });
    const ended = this.coordinator.done.then((end: CoordinatorEnd): WorkerEnd => end);
    if (!drain) return Promise.race([stopped, ended]);
    const drained = this.coordinator.drained().then((): WorkerEnd => ({ kind: 'drained' }));
    const parked = new Promise<WorkerEnd>((resolve) => {
      this.reportParked = () => this.parked && resolve(this.parked);
      this.reportParked();
    });
    return Promise.race([stopped, ended, drained, parked]);
  }

  private async shutDown(): Promise<void> {
    this.phase = 'draining';
    this.ops.health.loopsEnd();
    this.deps.log.info('worker.stopping', 'finishing what is in flight', this.identity());
    const { shutdownGraceMs: graceMs } = this.config;
    await atMost(this.deps.clock, graceMs + GIVE_BACK_WITHIN_MS, this.coordinator.stop({ graceMs }));
    const { read, applied, duplicate, ignored, deadLettered } = this.metrics.snapshot();
    this.deps.log.info('worker.summary', 'read = applied + duplicate + ignored + dead-lettered', {
      ...this.identity(),
      read,
      applied,
      duplicate,
      ignored,
      deadLettered,
    });
  }

  private buildCoordinator(): LeaseCoordinator {
    const { config, deps, clients, metrics } = this;
    const parts = { ...deps, clients, metrics };
    this.consumers = fanOutConsumers(parts, config);
    this.stores = (deps.buildStores ?? buildStores)(parts, config);
    const hasDoor = deps.door !== undefined || config.http !== '';
    const handler = buildHandler(parts, config, {
      stores: this.stores,
      consumers: this.consumers,
      onApplied: hasDoor ? (event) => this.reporter.applied(event) : undefined,
    });
    return new LeaseCoordinator(
      {
        ...deps,
        store: new DynamoLeaseStore({ client: clients.leases, tableName: tableNames(config).leases }),
        listStreams: () =>
          listStreams(
            { ...deps, ...this.ops.streamHooks(), kinesis: clients.kinesis },
            streamsOf(config),
            this.stopping.signal,
          ),
        handler,
        classify,
        onEvent: (event) => this.onLeaseEvent(event),
        onPass: this.ops.health.onPass,
      },
      {
        workerId: this.workerId,
        failoverTimeMs: config.failoverTimeMs,
        shardSyncEveryMs: config.shardSyncEveryMs,
        leasesMax: config.leasesMax,
        isKcl3Allowed: config.allowKcl3,
        ...startPositionOf(config),
      },
    );
  }

  private onLeaseEvent(event: LeaseEvent): void {
    const { name, fields } = event;
    this.reporter.leaseEvent(event);
    const change = LEASE_CHANGE_OF[name];
    if (change) this.metrics.leaseChanged(change);
    this.metrics.leasesHeld(this.coordinator.leases().length);
    if (name !== 'shard.parked') return;
    this.parked = { kind: 'parked', shardId: fields.shardId ?? '', reason: fields.reason ?? '' };
    this.reportParked();
  }

  private async openDoor(): Promise<OpenDoor | undefined> {
    const openPage = pageMaker(this.config, this.deps, { place: 'worker' });
    const door = this.deps.door ?? httpDoor(this.config.http, this.deps.log, openPage);
    if (door) this.metrics.addProcessSeries();
    return door?.open(
      viewWorker({
        metrics: this.metrics,
        heartbeats: this.ops.health.heartbeats,
        troubles: this.ops.health.troubles,
        coordinator: this.coordinator,
        reporter: this.reporter,
        identity: this.identity(),
        phase: () => this.phase,
      }),
    );
  }
}

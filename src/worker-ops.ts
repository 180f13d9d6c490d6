/** What a worker counts, watches and says of itself, built from its settings. */
import type { ClientOptions } from './aws-clients.ts';
import type { Config } from './config.ts';
import { IGNORED_REASONS, POISON_REASONS } from './decode/decoded-item.ts';
import type { FleetCounts, HeldLeaseSnapshot } from './leases/index.ts';
import { EmfLines } from './ops/emf-lines.ts';
import type { Log } from './ops/log.ts';
import { PrometheusMetrics } from './ops/prometheus-metrics.ts';
import { WorkerHealth } from './ops/worker-health.ts';
import type { ListStreamsDeps } from './source/list-streams.ts';
import { STORE_REASONS } from './store/dead-letter-item.ts';
import { EVENT_TYPES } from './tally.ts';
import type { Clock } from './time.ts';
import { VERSION } from './version.ts';

/** Every outcome that an event can have. */
const OUTCOMES: readonly (readonly [outcome: string, reason: string])[] = [
  ['applied', ''],
  ['duplicate', ''],
  ...IGNORED_REASONS.map((reason) => ['ignored', reason] as const),
  ...[...POISON_REASONS, ...STORE_REASONS].map((reason) => ['dead_lettered', reason] as const),
];

export interface WorkerOpsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly processName: string | undefined;
  /** Takes a line that is no log line. */
  readonly printLine: ((line: string) => void) | undefined;
}

/** What is asked of the leases, once there are some. */
export interface LeaseViews {
  readonly heldLeases: () => readonly HeldLeaseSnapshot[];
  readonly fleet: () => FleetCounts | undefined;
}

export class WorkerOps {
  readonly metrics: PrometheusMetrics;
  readonly health: WorkerHealth;
  /** By stream. Unit: ms. */
  private readonly retentions = new Map<string, number>();
  private readonly emf: EmfLines | undefined;
  private readonly log: Log;

  constructor({ clock, log, processName, printLine }: WorkerOpsDeps, config: Config, leases: LeaseViews) {
    this.log = log;
    this.metrics = new PrometheusMetrics({
      clock,
      stream: config.stream,
      processName,
      version: VERSION,
      node: process.version,
      outcomes: OUTCOMES,
      eventTypes: EVENT_TYPES,
      sources: {
        ...leases,
        unanswered: () => this.health.unanswered(),
        retentionMs: () => (this.retentions.size > 0 ? Math.min(...this.retentions.values()) : undefined),
      },
    });
    const isEmfWanted = config.emf && printLine !== undefined;
    if (isEmfWanted) this.emf = new EmfLines({ clock, printLine, metrics: this.metrics }, config);
    this.health = new WorkerHealth({
      clock,
      log,
      metrics: this.metrics,
      ...leases,
      failoverTimeMs: config.failoverTimeMs,
      onPulse: () => this.emf?.whenDue(),
    });
  }

  /** For `createClients`. */
  clientHooks(): Pick<ClientOptions, 'onWarning' | 'onLeaseRequest' | 'onCall'> {
    return {
      onWarning: (text) => this.log.debug('sdk.warning', text),
      onLeaseRequest: (kind) => this.metrics.leaseTableRequested(kind),
      onCall: this.health.onCall,
    };
  }

  /** For `listStreams`. */
  streamHooks(): Pick<ListStreamsDeps, 'onRetention' | 'onRetry'> {
    return {
      onRetention: (stream, ms) => this.retentions.set(stream, ms),
      onRetry: ({ errorName, isThrottle }) => {
        this.metrics.readFailed(errorName, isThrottle);
        // A drain asks for shards in its take loop, which waits as long as Kinesis is away.
        this.health.onPass('take');
      },
    };
  }

  /** The last line of the run: what was counted since the one before. */
  end(): void {
    this.emf?.print();
  }
}

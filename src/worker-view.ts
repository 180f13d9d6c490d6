/** What a worker shows at its door. */
import type { LeaseCoordinator } from './leases/index.ts';
import { type Phase, readyChecks } from './ops/health.ts';
import type { Heartbeats } from './ops/heartbeats.ts';
import type { HttpServerDeps } from './ops/http-server.ts';
import type { PrometheusMetrics } from './ops/prometheus-metrics.ts';
import type { Troubles } from './ops/troubles.ts';
import type { WorkerReporter } from './page/report-worker.ts';

export interface ViewedWorker {
  readonly identity: { readonly workerId: string; readonly stream: string; readonly application: string };
  readonly phase: () => Phase;
  readonly heartbeats: Heartbeats;
  readonly coordinator: Pick<LeaseCoordinator, 'leases'>;
  readonly metrics: PrometheusMetrics;
  readonly reporter: WorkerReporter;
  readonly troubles: Troubles;
}

export function viewWorker(worker: ViewedWorker): HttpServerDeps {
  const { identity, phase, heartbeats, coordinator, metrics, reporter, troubles } = worker;
  const parkedKeys = () =>
    coordinator.leases().flatMap(({ state, leaseKey }) => (state === 'parked' ? [leaseKey] : []));
  return {
    heartbeats,
    readiness: () => readyChecks(phase(), parkedKeys()),
    troubles,
    metrics: () => metrics.render(),
    state: () => {
      const lags = metrics.millisBehindLatest();
      return {
        ...identity,
        phase: phase(),
        totals: metrics.snapshot(),
        shards: coordinator
          .leases()
          .map((lease) => ({ ...lease, millisBehindLatest: lags.get(lease.leaseKey) ?? null })),
      };
    },
    report: () => [
      reporter.report({
        phase: phase(),
        totals: metrics.snapshot(),
        leases: coordinator.leases(),
        progress: metrics.shards.states(),
        troubles: troubles(),
      }),
    ],
  };
}

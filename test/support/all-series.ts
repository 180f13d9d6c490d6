/** Every series that a worker or a supervisor can show. */
import type { Metric, Registry } from 'prom-client';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.ts';
import { SupervisorMetrics } from '../../src/supervisor/supervisor-metrics.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface KnownSeries {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

let known: Promise<readonly KnownSeries[]> | undefined;

/** By name, each once. */
export function allSeries(): Promise<readonly KnownSeries[]> {
  known ??= listSeries();
  return known;
}

async function listSeries(): Promise<readonly KnownSeries[]> {
  const worker = new PrometheusMetrics({
    clock: new VirtualClock(),
    stream: 's',
    version: '1',
    node: 'v24',
  });
  worker.addProcessSeries();
  const supervisor = new SupervisorMetrics({ stream: 's', processes: 1, isUp: () => true });
  const registries = [worker, supervisor].map(
    (metrics) => (metrics as unknown as { registry: Registry }).registry,
  );
  const series = new Map<string, KnownSeries>();
  for (const registry of registries)
    for (const metric of registry.getMetricsAsArray()) {
      const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
      const { name, help, type } = await (metric as unknown as Metric<string>).get();
      series.set(name, { name, help, type: String(type), labels: [...labelNames] });
    }
  return [...series.values()];
}

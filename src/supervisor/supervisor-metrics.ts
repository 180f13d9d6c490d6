/** The supervisor's own series; those of its workers carry their process as a label. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface SupervisorMetricsOptions {
  readonly stream: string;
  readonly processes: number;
  /** 1 for a process that reads, else 0; asked at each scrape. */
  readonly isUp: (process: number) => boolean;
}

export class SupervisorMetrics {
  private readonly registry = new Registry();
  private readonly restarts: Counter<'process'>;

  constructor({ stream, processes, isUp }: SupervisorMetricsOptions) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ stream });
    new Gauge({ name: 'supersim_processes', help: 'Worker processes that should run', registers }).set(
      processes,
    );
    const numbers = Array.from({ length: processes }, (_, index) => index + 1);
    new Gauge({
      name: 'supersim_process_up',
      help: '1 while the process reads, 0 while it starts, waits to be restarted or has ended',
      labelNames: ['process'],
      registers,
      collect() {
        for (const process of numbers) this.set({ process }, isUp(process) ? 1 : 0);
      },
    });
    this.restarts = new Counter({
      name: 'supersim_process_restarts_total',
      help: 'Restarts of a process that ended unasked',
      labelNames: ['process'],
      registers,
    });
    // From the start, so that the first restart is an increase.
    for (const process of numbers) this.restarts.inc({ process }, 0);
  }

  /** Adds memory, event-loop and garbage-collection series of the supervisor itself. */
  addProcessSeries(): void {
    collectDefaultMetrics({ register: this.registry, labels: { process: 'supervisor' } });
  }

  restarted(process: number): void {
    this.restarts.inc({ process });
  }

  render = (): Promise<string> => this.registry.metrics();
  get contentType(): string {
    return this.registry.contentType;
  }
}

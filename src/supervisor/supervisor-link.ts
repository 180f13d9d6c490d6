/** A worker's side of its supervisor: answers for the operator's door, and ends when the supervisor says so or is gone.
 *
 *    starting ──► reporting each second ──► ended ──► closed
 *       │               │  "stop", or the channel closed: `stopping` aborts */
import { MeterError } from '../errors.ts';
import type { Door, OpenDoor } from '../ops/door.ts';
import type { HttpServerDeps } from '../ops/http-server.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { Clock } from '../time.ts';
import type { FromProcess, GoodEnd, Question, ToProcess } from './messages.ts';

/** Unit: ms. */
const REPORT_EVERY_MS = 1_000;

/** The way to the supervisor: `process`, as far as it is one. */
export interface SupervisorChannel {
  readonly connected: boolean;
  readonly send?: NodeJS.Process['send'];
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect?: NodeJS.Process['disconnect'];
}

export class SupervisorLink implements Door {
  readonly processName: string;
  private readonly channel: SupervisorChannel;
  private readonly clock: Clock;
  private readonly stop = new AbortController();
  private readonly closed = new AbortController();
  private worker: HttpServerDeps | undefined;

  /** @throws MeterError `usage` when no supervisor started this process. */
  constructor(processName: string, channel: SupervisorChannel, clock: Clock) {
    this.processName = processName;
    this.channel = channel;
    this.clock = clock;
    if (!channel.send)
      throw new MeterError('usage', 'Only a supervisor starts processes so: use `run --processes N`.');
    channel.on('message', (message) => void this.hear(message as ToProcess));
    channel.once('disconnect', () => this.stop.abort());
    if (!channel.connected) this.stop.abort();
    void this.report();
  }

  /** Aborts when the supervisor says stop, or is gone. */
  get stopping(): AbortSignal {
    return this.stop.signal;
  }

  /** The supervisor cannot be told anything any more. */
  get isLost(): boolean {
    return !this.channel.connected;
  }

  async open(worker: HttpServerDeps): Promise<OpenDoor> {
    this.worker = worker;
    return {
      stop: async () => {
        this.worker = undefined;
      },
    };
  }

  /** Resolves when the supervisor has been told, or is gone. */
  ended(end: GoodEnd, totals: MetricsSnapshot): Promise<void> {
    return this.tell({ kind: 'ended', end, totals });
  }

  /** Without this, the channel would hold the process. */
  close(): void {
    this.closed.abort();
    if (this.channel.connected) this.channel.disconnect?.();
  }

  private async report(): Promise<void> {
    while (!this.closed.signal.aborted && this.channel.connected) {
      const { worker } = this;
      // One at a time: a supervisor that stands still must not fill our memory.
      await this.tell({
        kind: 'report',
        loops: worker?.heartbeats.states() ?? [],
        checks: worker?.readiness(),
        troubles: worker?.troubles() ?? [],
      });
      await this.clock.sleep(REPORT_EVERY_MS, this.closed.signal);
    }
  }

  private async hear(message: ToProcess): Promise<void> {
    if (message.kind === 'stop') return this.stop.abort();
    // What failed inside is not told outside.
    const value = await this.valueOf(message.what).catch(() => undefined);
    await this.tell({ kind: 'answer', id: message.id, value });
  }

  private async valueOf(what: Question): Promise<unknown> {
    if (what === 'metrics') return (await this.worker?.metrics())?.body;
    return what === 'state' ? this.worker?.state() : this.worker?.report();
  }

  private tell(message: FromProcess): Promise<void> {
    return new Promise((resolve) => {
      if (!this.channel.connected) return resolve();
      this.channel.send?.(message, undefined, undefined, () => resolve());
    });
  }
}

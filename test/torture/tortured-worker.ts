/** One worker process behind its own fault proxies, from its start to its end. */

import { systemClock } from '../../src/time.ts';
import type { ApplyLog } from '../support/apply-log.ts';
import type { Engines, World } from '../support/engines.ts';
import { FaultPlan } from '../support/fault-plan.ts';
import { type FaultCounts, FaultProxy } from '../support/fault-proxy.ts';
import { type CliProcess, type Finished, startCli } from '../support/worker-process.ts';
import { TORTURE_RATES } from './fault-rates.ts';
import { lookAt, type Vitals } from './vitals.ts';

/** What all workers of a run live in. */
export interface Surroundings {
  readonly engines: Engines;
  readonly world: World;
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly counts: FaultCounts;
  readonly applyLog: ApplyLog;
  readonly isDown: (service: 'kinesis' | 'dynamodb') => boolean;
  /** No faults: the end of the run. */
  readonly isCalm: () => boolean;
}

export type WorkerState = 'running' | 'frozen' | 'ending' | 'ended';

export class TorturedWorker {
  readonly name: string;
  state: WorkerState = 'running';
  readonly vitals: Vitals[] = [];
  readonly done: Promise<Finished>;
  private readonly process: CliProcess;
  private readonly proxies: readonly FaultProxy[];
  private readonly startedAtMs = systemClock.monotonicMs();
  private signalSent: NodeJS.Signals | undefined;

  /** `number`: of all processes of the run, from 0. */
  static async start(surroundings: Surroundings, number: number): Promise<TorturedWorker> {
    const { engines, seed, counts, applyLog, isDown, isCalm } = surroundings;
    const name = `worker-${number}`;
    const proxyOf = (service: 'kinesis' | 'dynamodb'): Promise<FaultProxy> =>
      FaultProxy.open({
        name,
        service,
        upstream: engines[service].endpoint,
        plan: new FaultPlan({ seed: seed * 1_000 + number, rates: TORTURE_RATES }),
        counts,
        isDown: () => isDown(service),
        isCalm,
        onApplied: (call) => {
          if (service === 'dynamodb') applyLog.append(call);
        },
      });
    return new TorturedWorker(
      name,
      surroundings,
      await Promise.all([proxyOf('kinesis'), proxyOf('dynamodb')]),
    );
  }

  private constructor(
    name: string,
    { world, settings }: Surroundings,
    proxies: readonly [FaultProxy, FaultProxy],
  ) {
    this.name = name;
    this.proxies = proxies;
    this.process = startCli(['run', '--json'], {
      ...world.env,
      ...settings,
      AWS_ENDPOINT_URL_KINESIS: proxies[0].endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: proxies[1].endpoint,
      SUPERSIM_WORKER_ID: name,
      SUPERSIM_HTTP: '127.0.0.1:0',
    });
    this.done = this.process.done.then((finished) => {
      this.state = 'ended';
      return finished;
    });
  }

  /** Ended without being asked to. */
  get isUnasked(): boolean {
    return this.state === 'ended' && this.signalSent === undefined;
  }

  get hasBegun(): boolean {
    return this.process.output().includes('"event":"worker.started"');
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  output(): string {
    return this.process.output();
  }

  /** Until its end; a frozen process is thawed by SIGKILL only. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Finished> {
    this.state = 'ending';
    this.signalSent = signal;
    this.process.child.kill(signal);
    return this.done;
  }

  /** Stands still for `ms`, as in a long pause of its machine; resolves to how long that was. */
  async pause(ms: number): Promise<number> {
    this.state = 'frozen';
    const atMs = systemClock.monotonicMs();
    this.process.child.kill('SIGSTOP');
    await systemClock.sleep(ms);
    const frozenMs = systemClock.monotonicMs() - atMs;
    this.process.child.kill('SIGCONT');
    if (this.state === 'frozen') this.state = 'running';
    return frozenMs;
  }

  async look(): Promise<void> {
    if (!this.isRunning) return;
    const address = /"event":"http\.listening".*"address":"([^"]+)"/.exec(this.output())?.[1];
    const vitals = address && (await lookAt(address, this.startedAtMs));
    if (vitals) this.vitals.push(vitals);
  }

  /** Lets calls that are held go to the engine, and closes. */
  async close(): Promise<void> {
    if (this.state !== 'ended') await this.end('SIGKILL');
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
  }

  /** Closes once what is on its way has arrived in its own time. */
  async closeWhenSettled(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.settled()));
    await this.close();
  }
}

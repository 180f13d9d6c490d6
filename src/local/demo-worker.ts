/** A worker process of the demo, seen from outside: its log line tells its address, `/state` the rest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { WorkerReport } from '../page/worker-report.ts';
import type { Clock } from '../time.ts';

export interface WorkerTotals {
  readonly read: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly deadLettered: number;
}

export interface WorkerShard {
  readonly shardId: string;
  readonly state: string;
  readonly millisBehindLatest: number | null;
}

interface State {
  readonly totals: WorkerTotals;
  readonly shards: readonly WorkerShard[];
}

const NOTHING: State = {
  totals: { read: 0, applied: 0, duplicate: 0, ignored: 0, deadLettered: 0 },
  shards: [],
};
const ASK_TIMEOUT_MS = 1_000;

/** JSON holds them as text or number. */
const withBigInts = (totals: MetricsSnapshot): MetricsSnapshot => ({
  ...totals,
  downloadBytes: BigInt(totals.downloadBytes),
  uploadBytes: BigInt(totals.uploadBytes),
});

export class DemoWorker {
  readonly name: string;
  /** What it last said of itself; after a kill, what it said before. */
  state: State = NOTHING;
  isKilled = false;
  /** What it last told the page; undefined before it did. */
  report: WorkerReport | undefined;
  /** The last error line it logged, to show when it dies unasked. */
  lastError = '';
  private readonly child: ChildProcess;
  private readonly clock: Clock;
  private readonly closed: Promise<number | null>;
  private address: string | undefined;
  private lastLine = '';

  constructor(
    name: string,
    mainFile: string,
    environment: Readonly<Record<string, string>>,
    clock: Clock,
    args: readonly string[] = [],
  ) {
    this.name = name;
    this.clock = clock;
    this.child = spawn(process.execPath, [mainFile, 'run', '--json', ...args], {
      env: { ...environment, PATH: process.env['PATH'], SUPERSIM_WORKER_ID: name },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => this.child.kill('SIGKILL'));
    for (const stream of [this.child.stdout, this.child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.hear(line));
    this.closed = new Promise((resolve) => {
      this.child.once('close', (code) => resolve(code));
    });
  }

  /** Asks for its state; keeps the last one when it does not answer. */
  async look(): Promise<void> {
    if (!this.address || this.isKilled) return;
    const deadline = this.clock.timeout(ASK_TIMEOUT_MS);
    try {
      const response = await fetch(`http://${this.address}/state`, { signal: deadline.signal });
      const state = (await response.json()) as State;
      if (!this.isKilled) this.state = state;
    } catch {
      // It is starting, stopping or gone: its process's end tells which.
    } finally {
      deadline.cancel();
    }
  }

  /** Asks for what it tells the page; keeps the last when it does not answer. */
  async lookForPage(): Promise<void> {
    if (!this.address || this.isKilled || this.report?.isGone) return;
    const deadline = this.clock.timeout(ASK_TIMEOUT_MS);
    try {
      const response = await fetch(`http://${this.address}/api/workers`, { signal: deadline.signal });
      const [report] = (await response.json()) as (WorkerReport | undefined)[];
      if (report && !this.isKilled) this.report = { ...report, totals: withBigInts(report.totals) };
    } catch {
      // As with `look`.
    } finally {
      deadline.cancel();
    }
  }

  /** kill -9: no goodbye. */
  async kill(): Promise<void> {
    this.isKilled = true;
    this.child.kill('SIGKILL');
    await this.closed;
    this.state = { ...this.state, shards: [] };
    this.leave(this.report?.totals);
  }

  /** SIGTERM, or for a draining worker simply its end; takes the totals it prints last. Resolves to its exit code. */
  async finish({ signal }: { signal?: 'SIGTERM' } = {}): Promise<number | null> {
    if (signal) this.child.kill(signal);
    const code = await this.closed;
    if (code !== 0) return code;
    const totals = JSON.parse(this.lastLine) as MetricsSnapshot;
    this.state = { totals, shards: [] };
    this.leave(withBigInts(totals));
    return code;
  }

  /** What it counted stays in the books. */
  private leave(totals: MetricsSnapshot | undefined): void {
    if (this.report && totals)
      this.report = { ...this.report, totals, shards: [], troubles: [], isGone: true };
  }

  private hear(line: string): void {
    if (line === '') return;
    this.lastLine = line;
    this.address ??= /"event":"http\.listening".*"address":"([^"]+)"/.exec(line)?.[1];
    if (line.includes('"level":"error"') || line.startsWith('supersim-meter:')) this.lastError = line;
  }
}

/** Watches the demo: asks the workers, counts sessions, and makes the snapshot that is shown. */
import type { ShapedHappening } from '../page/shapes.ts';
import type { Clock } from '../time.ts';
import type { DemoSnapshot } from './demo-view.ts';
import type { DemoWorker, WorkerTotals } from './demo-worker.ts';

const LOOK_EVERY_MS = 250;
const SESSIONS_EVERY_MS = 1_000;
const RATE_OVER_MS = 2_000;

export interface DemoWatchDeps {
  readonly clock: Clock;
  readonly durationS: number;
  readonly workers: readonly DemoWorker[];
  readonly readSessions: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly engineNames: () => string;
  readonly produced: () => number;
  readonly pageUrl: () => string;
  readonly onProgress: (snapshot: DemoSnapshot) => void;
}

export class DemoWatch {
  private readonly deps: DemoWatchDeps;
  private readonly startedAtMs: number;
  private readonly happenings: string[] = [];
  /** The same for the page. */
  readonly told: ShapedHappening[] = [];
  private readonly shardsSeen = new Set<string>();
  private readonly rates: { atMs: number; read: number }[] = [];
  private sessions = { open: 0, ended: 0, bytes: 0n };

  constructor(deps: DemoWatchDeps) {
    this.deps = deps;
    this.startedAtMs = deps.clock.monotonicMs();
  }

  get shardCount(): number {
    return this.shardsSeen.size;
  }

  /** Notes what was done to the fleet. */
  say(text: string): void {
    this.happenings.push(`${Math.round(this.elapsedMs() / 1000)} s  ${text}`);
    this.told.push({ atMs: this.deps.clock.wallMs(), kind: 'warn', text: `demo: ${text}` });
  }

  elapsedMs(): number {
    return this.deps.clock.monotonicMs() - this.startedAtMs;
  }

  /** All workers together, as each last said. */
  totals(): WorkerTotals {
    const sum = (name: keyof WorkerTotals): number =>
      this.deps.workers.reduce((total, { state }) => total + state.totals[name], 0);
    return {
      read: sum('read'),
      applied: sum('applied'),
      duplicate: sum('duplicate'),
      ignored: sum('ignored'),
      deadLettered: sum('deadLettered'),
    };
  }

  /** Asks the workers and shows what they say, until told to stop. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onProgress } = this.deps;
    for (let lookedAtMs = Number.NEGATIVE_INFINITY; !signal.aborted; ) {
      await Promise.all(this.deps.workers.map((worker) => worker.look()));
      if (clock.monotonicMs() - lookedAtMs >= SESSIONS_EVERY_MS) {
        lookedAtMs = clock.monotonicMs();
        await this.countSessions();
      }
      onProgress(this.snapshot());
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  private async countSessions(): Promise<void> {
    const items = await this.deps.readSessions();
    this.sessions = {
      open: items.filter(({ status }) => status === 'open').length,
      ended: items.filter(({ status }) => status !== 'open').length,
      bytes: items.reduce((total, { total_bytes: bytes }) => total + BigInt(bytes as bigint), 0n),
    };
  }

  private snapshot(): DemoSnapshot {
    const totals = this.totals();
    const nowMs = this.deps.clock.monotonicMs();
    this.rates.push({ atMs: nowMs, read: totals.read });
    while ((this.rates[0]?.atMs ?? nowMs) < nowMs - RATE_OVER_MS) this.rates.shift();
    const [first] = this.rates;
    const seconds = first ? (nowMs - first.atMs) / 1000 : 0;
    return {
      elapsedS: this.elapsedMs() / 1000,
      durationS: this.deps.durationS,
      engines: this.deps.engineNames(),
      pageUrl: this.deps.pageUrl(),
      produced: this.deps.produced(),
      totals,
      eventsPerSecond: first && seconds > 0 ? (totals.read - first.read) / seconds : 0,
      sessions: this.sessions,
      shards: this.shards(),
      happenings: this.happenings,
    };
  }

  private shards(): DemoSnapshot['shards'] {
    const held = new Map(
      this.deps.workers.flatMap((worker) =>
        worker.state.shards.map((shard) => [shard.shardId, { worker, shard }] as const),
      ),
    );
    for (const shardId of held.keys()) this.shardsSeen.add(shardId);
    return [...this.shardsSeen].sort().map((shardId) => {
      const holding = held.get(shardId);
      return holding
        ? {
            shardId,
            owner: holding.worker.name,
            lagMs: holding.shard.millisBehindLatest,
            state: holding.shard.state,
          }
        : { shardId, owner: '–', lagMs: null, state: 'finished, or waiting for an owner' };
    });
  }
}

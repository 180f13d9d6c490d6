/** A worker's signs of life and of trouble.
 *
 *    pulse, each second ──► event loop watched, gauges, CloudWatch lines
 *    lease loops, each pass ──► heartbeats: /livez fails when one stands still
 *    each call of AWS ──► its begin and end: an outage is a trouble, and never a death */
import type { OnCallEnd } from '../aws-clients.ts';
import type { FleetCounts, HeldLeaseSnapshot } from '../leases/index.ts';
import type { Clock } from '../time.ts';
import { AwsWatch } from './aws-watch.ts';
import { type Heartbeat, Heartbeats } from './heartbeats.ts';
import type { Log } from './log.ts';
import { LoopWatch } from './loop-watch.ts';
import type { AwsService } from './metrics.ts';
import type { PrometheusMetrics } from './prometheus-metrics.ts';
import { type Trouble, worstFirst } from './troubles.ts';

/** Unit: ms. */
const PULSE_EVERY_MS = 1_000;
/** An event loop that stands still this long is not coming back. Unit: ms. */
const PULSE_ALLOWANCE_MS = 30_000;
/** A pass of a lease loop makes many calls, each with a timeout; one that takes longer hangs. Unit: ms. */
const PASS_ALLOWANCE_MS = 120_000;
/** And longer than it sleeps between two. In failover times. */
const PASS_ALLOWANCE_FAILOVERS = 4;
/** Syncing shards waits for Kinesis without end: it is no sign of death that it does. */
const WATCHED_LOOPS: ReadonlySet<string> = new Set(['take', 'renew']);

const HASH_RANGE = 'hash range';

const SERVICE_OF: Readonly<Record<'kinesis' | 'leases' | 'data', AwsService>> = {
  kinesis: 'kinesis',
  leases: 'lease-table',
  data: 'dynamodb',
};

export interface WorkerHealthDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<
    PrometheusMetrics,
    'awsFailed' | 'awsRetried' | 'loopStalled' | 'leasesHeld' | 'shards'
  >;
  readonly heldLeases: () => readonly HeldLeaseSnapshot[];
  readonly fleet: () => FleetCounts | undefined;
  readonly failoverTimeMs: number;
  /** Called each second. */
  readonly onPulse?: () => void;
}

export class WorkerHealth {
  readonly heartbeats: Heartbeats;
  private readonly deps: WorkerHealthDeps;
  private readonly aws: AwsWatch;
  private readonly loopWatch: LoopWatch;
  private readonly leaseLoops = new Map<string, Heartbeat>();
  private areLoopsOver = false;
  /** Since when what lasts has lasted, by its subject. Monotonic ms. */
  private sinceMs: ReadonlyMap<string, number> = new Map();

  constructor(deps: WorkerHealthDeps) {
    const { clock, log, metrics } = deps;
    this.deps = deps;
    this.heartbeats = new Heartbeats(clock);
    this.loopWatch = new LoopWatch({ clock, log, onBlocked: () => metrics.loopStalled() });
    this.aws = new AwsWatch({
      clock,
      log,
      onLeaseFailure: (errorName) => metrics.awsFailed('lease-table', errorName),
      onRetries: (service, count) => metrics.awsRetried(service, count),
    });
  }

  /** A call of AWS begins. */
  onCall = (client: 'kinesis' | 'leases' | 'data'): OnCallEnd => this.aws.began(SERVICE_OF[client]);

  /** A lease loop goes round, or waits for what it cannot hurry. */
  onPass = (loop: string): void => {
    if (this.areLoopsOver || !WATCHED_LOOPS.has(loop)) return;
    let heartbeat = this.leaseLoops.get(loop);
    if (!heartbeat) {
      const allowanceMs = PASS_ALLOWANCE_MS + PASS_ALLOWANCE_FAILOVERS * this.deps.failoverTimeMs;
      heartbeat = this.heartbeats.watch(`leases/${loop}`, allowanceMs);
      this.leaseLoops.set(loop, heartbeat);
    }
    heartbeat.beat();
  };

  /** The lease loops end in good order. */
  loopsEnd(): void {
    this.areLoopsOver = true;
    for (const heartbeat of this.leaseLoops.values()) heartbeat.stop();
  }

  unanswered = (): Iterable<readonly [service: AwsService, ms: number]> => this.aws.unanswered();

  troubles = (): readonly Trouble[] => {
    const { metrics } = this.deps;
    return worstFirst(
      this.aws.troubles(),
      this.parkedShards(),
      metrics.shards.stuck(),
      this.holes(),
      this.loopWatch.troubles(),
    );
  };

  /** One beat a second proves that the event loop turns and the coordinator has not ended unseen. */
  async pulse(signal: AbortSignal): Promise<void> {
    const heartbeat = this.heartbeats.watch('worker', PULSE_ALLOWANCE_MS);
    while (!signal.aborted) {
      heartbeat.beat();
      this.deps.metrics.leasesHeld(this.deps.heldLeases().length);
      this.noteWhatLasts();
      this.deps.onPulse?.();
      await this.loopWatch.sleep(PULSE_EVERY_MS, signal);
    }
    heartbeat.stop();
  }

  private parkedShards(): Trouble[] {
    return this.parked().map(({ leaseKey, parkedReason = 'no reason' }) => ({
      kind: 'shard-parked',
      subject: leaseKey,
      text: `${leaseKey} waits for a person: ${parkedReason}`,
      forMs: this.lastsFor(leaseKey),
    }));
  }

  private parked(): HeldLeaseSnapshot[] {
    return this.deps.heldLeases().filter(({ state }) => state === 'parked');
  }

  private holes(): Trouble[] {
    const holes = this.deps.fleet()?.holes ?? 0;
    if (holes === 0) return [];
    const text = `${holes} part${holes === 1 ? '' : 's'} of the hash range without a lease: nobody reads there`;
    return [{ kind: 'hash-range-hole', subject: HASH_RANGE, text, forMs: this.lastsFor(HASH_RANGE) }];
  }

  private noteWhatLasts(): void {
    const nowMs = this.deps.clock.monotonicMs();
    const subjects = this.parked().map(({ leaseKey }) => leaseKey);
    if (this.deps.fleet()?.holes) subjects.push(HASH_RANGE);
    this.sinceMs = new Map(subjects.map((subject) => [subject, this.sinceMs.get(subject) ?? nowMs]));
  }

  private lastsFor(subject: string): number {
    const nowMs = this.deps.clock.monotonicMs();
    return Math.round(nowMs - (this.sinceMs.get(subject) ?? nowMs));
  }
}

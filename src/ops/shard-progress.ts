import type { Clock } from '../time.ts';
import type { PageCounts } from './metrics.ts';

interface Progress {
  millisBehindLatest: number | undefined;
  /** When that was said last. Monotonic ms. */
  processedAtMs: number;
  /** Processed records wait for a checkpoint. */
  isPending: boolean;
  /** When all that was read was last known to be checkpointed. Monotonic ms. */
  settledAtMs: number;
}

/** How far a held shard is. */
export interface ShardState {
  /** Undefined is unknown, not zero. Unit: ms. */
  readonly millisBehindLatest: number | undefined;
  /** Since the last page, an empty one too, was read and stored. Unit: ms. */
  readonly processedAgeMs: number;
  /** Since all that was read was last known to be checkpointed. Unit: ms. */
  readonly checkpointAgeMs: number;
}

/** How far each held shard is. */
export class ShardProgress {
  private readonly clock: Clock;
  private readonly shards = new Map<string, Progress>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The shard is being read: its checkpoint age counts from the first read on. */
  opened(shardId: string): void {
    this.of(shardId);
  }

  processed(shardId: string, page: PageCounts): void {
    const shard = this.of(shardId);
    shard.millisBehindLatest = page.millisBehindLatest;
    shard.processedAtMs = this.clock.monotonicMs();
    if (page.records.length > 0) shard.isPending = true;
    // Nothing read and nothing waiting: an idle shard is no late one.
    else if (!shard.isPending) shard.settledAtMs = this.clock.monotonicMs();
  }

  checkpointed(shardId: string): void {
    const shard = this.of(shardId);
    shard.isPending = false;
    shard.settledAtMs = this.clock.monotonicMs();
  }

  forget(shardId: string): void {
    this.shards.delete(shardId);
  }

  /** Seconds behind the tip; shards whose lag is unknown are left out. */
  *lags(): Iterable<readonly [shardId: string, seconds: number]> {
    for (const [shardId, { millisBehindLatest }] of this.shards)
      if (millisBehindLatest !== undefined) yield [shardId, millisBehindLatest / 1000];
  }

  *checkpointAges(): Iterable<readonly [shardId: string, seconds: number]> {
    for (const [shardId, { settledAtMs }] of this.shards)
      yield [shardId, (this.clock.monotonicMs() - settledAtMs) / 1000];
  }

  /** Shard id → how far. */
  states(): ReadonlyMap<string, ShardState> {
    const nowMs = this.clock.monotonicMs();
    return new Map(
      [...this.shards].map(([shardId, { millisBehindLatest, processedAtMs, settledAtMs }]) => [
        shardId,
        {
          millisBehindLatest,
          processedAgeMs: nowMs - processedAtMs,
          checkpointAgeMs: nowMs - settledAtMs,
        },
      ]),
    );
  }

  private of(shardId: string): Progress {
    let shard = this.shards.get(shardId);
    if (!shard) {
      const nowMs = this.clock.monotonicMs();
      shard = {
        millisBehindLatest: undefined,
        processedAtMs: nowMs,
        isPending: false,
        settledAtMs: nowMs,
      };
      this.shards.set(shardId, shard);
    }
    return shard;
  }
}

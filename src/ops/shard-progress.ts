import type { Clock } from '../time.ts';
import type { PageCounts } from './metrics.ts';
import { spoken, type Trouble } from './troubles.ts';

/** A shard that is read and stored settles a page, if an empty one, every few seconds. Events may be held back for a
 *  minute and a table may be slow; longer than this nothing moves. Unit: ms. */
export const STUCK_AFTER_MS = 300_000;
/** Events may be held back for so long; a shard of which nothing was settled for longer falls behind. Unit: ms. */
const STILL_AFTER_MS = 60_000;

interface Progress {
  millisBehindLatest: number | undefined;
  /** Processed records wait for a checkpoint. */
  isPending: boolean;
  /** When all that was read was last known to be checkpointed. Monotonic ms. */
  settledAtMs: number;
  /** When a page was last settled, an empty one too. Monotonic ms. */
  movedAtMs: number;
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
    const nowMs = this.clock.monotonicMs();
    shard.millisBehindLatest = page.millisBehindLatest;
    shard.movedAtMs = nowMs;
    if (page.records.length > 0) shard.isPending = true;
    // Nothing read and nothing waiting: an idle shard is no late one.
    else if (!shard.isPending) shard.settledAtMs = nowMs;
  }

  checkpointed(shardId: string): void {
    const shard = this.of(shardId);
    shard.isPending = false;
    shard.settledAtMs = this.clock.monotonicMs();
  }

  forget(shardId: string): void {
    this.shards.delete(shardId);
  }

  /** Seconds behind the tip; shards whose lag is unknown are left out. What Kinesis said last stands for as long as
   *  pages are stored; then the time since counts on, so that a shard that stands still does not look caught up. */
  *lags(): Iterable<readonly [shardId: string, seconds: number]> {
    const nowMs = this.clock.monotonicMs();
    for (const [shardId, { millisBehindLatest, movedAtMs }] of this.shards) {
      if (millisBehindLatest === undefined) continue;
      const stillMs = nowMs - movedAtMs;
      yield [shardId, (millisBehindLatest + (stillMs >= STILL_AFTER_MS ? stillMs : 0)) / 1000];
    }
  }

  /** Of the shard that is farthest behind; undefined when no shard's lag is known. Unit: s. */
  get lagMax(): number | undefined {
    let max: number | undefined;
    for (const [, seconds] of this.lags()) if (max === undefined || seconds > max) max = seconds;
    return max;
  }

  /** Shards that are read and whose lag is not known: Kinesis did not say, or no page has been stored yet. */
  get unknownLags(): number {
    let count = 0;
    for (const { millisBehindLatest } of this.shards.values())
      if (millisBehindLatest === undefined) count += 1;
    return count;
  }

  *checkpointAges(): Iterable<readonly [shardId: string, seconds: number]> {
    for (const [shardId, { settledAtMs }] of this.shards)
      yield [shardId, (this.clock.monotonicMs() - settledAtMs) / 1000];
  }

  /** Shards of which nothing was settled for long, whatever the reason. */
  stuck(): Trouble[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.shards]
      .filter(([, { movedAtMs }]) => nowMs - movedAtMs >= STUCK_AFTER_MS)
      .map(([shardId, { movedAtMs }]) => {
        const forMs = Math.round(nowMs - movedAtMs);
        const text = `nothing of ${shardId} was stored for ${spoken(forMs)}`;
        return { kind: 'shard-stuck', subject: shardId, text, forMs };
      });
  }

  /** Shard id → how far. */
  states(): ReadonlyMap<string, ShardState> {
    const nowMs = this.clock.monotonicMs();
    return new Map(
      [...this.shards].map(([shardId, { millisBehindLatest, movedAtMs, settledAtMs }]) => [
        shardId,
        { millisBehindLatest, processedAgeMs: nowMs - movedAtMs, checkpointAgeMs: nowMs - settledAtMs },
      ]),
    );
  }

  private of(shardId: string): Progress {
    let shard = this.shards.get(shardId);
    if (!shard) {
      const nowMs = this.clock.monotonicMs();
      shard = { millisBehindLatest: undefined, isPending: false, settledAtMs: nowMs, movedAtMs: nowMs };
      this.shards.set(shardId, shard);
    }
    return shard;
  }
}

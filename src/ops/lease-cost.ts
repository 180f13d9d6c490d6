import type { Clock } from '../time.ts';

export type LeaseRequest = 'read' | 'write';

/** Requests to the lease table against the time that shards were held: the price of coordination. */
export class LeaseCost {
  private readonly clock: Clock;
  private readonly requests = { read: 0, write: 0 };
  private held = 0;
  private shardMs = 0;
  private sinceMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.sinceMs = clock.monotonicMs();
  }

  /** From now on so many shards are held. */
  holds(count: number): void {
    const nowMs = this.clock.monotonicMs();
    this.shardMs += this.held * (nowMs - this.sinceMs);
    this.sinceMs = nowMs;
    this.held = count;
  }

  requested(kind: LeaseRequest): void {
    this.requests[kind] += 1;
  }

  get shardSeconds(): number {
    this.holds(this.held);
    return this.shardMs / 1000;
  }

  /** Per shard and second since the start; undefined before the first shard is held. */
  perShardSecond(kind: LeaseRequest): number | undefined {
    const { shardSeconds } = this;
    return shardSeconds > 0 ? this.requests[kind] / shardSeconds : undefined;
  }
}

import type { SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import { classify, errorName, isThrottle } from '../errors.ts';
import type { ReadMetrics } from '../ops/metrics.ts';
import type { Clock, Random } from '../time.ts';
import type { KinesisReader } from './kinesis-reader.ts';
import { listShardsOnce } from './list-shards.ts';

/** One listing per idle shard in so long is 3 calls a second for a thousand shards, of the 1,000 allowed. */
const END_CHECK_EVERY_MS_DEFAULT = 300_000;

export interface ShardEndWatchDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: ReadMetrics;
}

export interface ShardEndWatchOptions {
  readonly stream: string;
  readonly shardId: string;
  readonly endCheckEveryMs?: number;
}

/** Notices that a shard is closed where its subscription does not say so: kinesis-local goes on sending empty
 *  events for ever after a split (measured with 0.6.2). */
export class ShardEndWatch {
  private readonly deps: ShardEndWatchDeps;
  private readonly reader: KinesisReader;
  private readonly options: ShardEndWatchOptions;
  private checkAtMs: number;

  constructor(deps: ShardEndWatchDeps, reader: KinesisReader, options: ShardEndWatchOptions) {
    this.deps = deps;
    this.reader = reader;
    this.options = options;
    this.checkAtMs = this.nextCheckMs();
  }

  /** An event came: when there were no records for long, whether its shard is closed and all of it was read. */
  async isClosedBehind(event: SubscribeToShardEvent, signal: AbortSignal): Promise<boolean> {
    if (event.Records?.length) this.checkAtMs = this.nextCheckMs();
    const saysItself = !event.ContinuationSequenceNumber || Boolean(event.ChildShards?.length);
    if (saysItself || this.deps.clock.monotonicMs() < this.checkAtMs) return false;
    try {
      return await this.isClosed(signal);
    } catch (error) {
      // It must not cost a subscription that works.
      if (classify(error) !== 'retryable') throw error;
      this.deps.metrics.readFailed(errorName(error), isThrottle(error));
      return false;
    }
  }

  /** Whether the stream's listing says that the shard is closed. */
  async isClosed(signal: AbortSignal): Promise<boolean> {
    this.checkAtMs = this.nextCheckMs();
    const shards = await listShardsOnce(this.reader, this.options.stream, signal);
    return shards.some(
      ({ shardId, endingSequenceNumber }) =>
        shardId === this.options.shardId && endingSequenceNumber !== undefined,
    );
  }

  /** Spread out: shards that were opened together are not to be looked up together. */
  private nextCheckMs(): number {
    const { clock, random } = this.deps;
    const everyMs = this.options.endCheckEveryMs ?? END_CHECK_EVERY_MS_DEFAULT;
    return clock.monotonicMs() + everyMs * (0.75 + random.next() / 2);
  }
}

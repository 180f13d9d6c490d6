/** Chooses how a shard is read: pushed to a registered consumer, or polled.
 *
 *    polling                       no consumer is given: for good
 *    fan-out ──refused for long──► polling ──after a while, from where it is──► fan-out
 *       └── closed shard whose subscription names no children ──► polling, which finds the end */
import type { FanOutDeps, FanOutOptions, PollReason } from './fan-out-options.ts';
import { FanOutReader } from './fan-out-reader.ts';
import type { PageReader } from './prefetch.ts';
import type { NextPage } from './record.ts';
import { ShardPoller, type ShardPollerDeps, type ShardPollerOptions } from './shard-poller.ts';

/** A subscription's life: what was refused may be allowed by then. Unit: ms. */
const POLL_FOR_MS_DEFAULT = 300_000;

export interface ReaderOptions extends ShardPollerOptions, Omit<FanOutOptions, 'consumer'> {
  /** The consumer registered for the stream; without it the shard is polled. */
  readonly consumer?: FanOutOptions['consumer'] | undefined;
  /** How long a shard is polled before fan-out is tried again. Unit: ms. Default 300,000. */
  readonly pollForMs?: number;
}

/** A reader of one shard, for `Prefetch`. Opens no connection before `next`. */
export const openReader = (
  deps: FanOutDeps & ShardPollerDeps,
  { consumer, ...options }: ReaderOptions,
): PageReader =>
  consumer ? new FanOutOrPolling(deps, { ...options, consumer }) : new ShardPoller(deps, options);

class FanOutOrPolling implements PageReader {
  private readonly deps: FanOutDeps & ShardPollerDeps;
  private readonly options: ShardPollerOptions & FanOutOptions;
  private readonly pollForMs: number;
  private fanOut: FanOutReader;
  private poller: ShardPoller | undefined;
  private pollUntilMs = Number.POSITIVE_INFINITY;
  private hasWarned = false;

  constructor(deps: FanOutDeps & ShardPollerDeps, options: ReaderOptions & FanOutOptions) {
    this.deps = deps;
    this.options = options;
    this.pollForMs = options.pollForMs ?? POLL_FOR_MS_DEFAULT;
    this.fanOut = new FanOutReader(deps, options);
  }

  async next(signal: AbortSignal): Promise<NextPage> {
    if (this.poller && this.deps.clock.monotonicMs() >= this.pollUntilMs) {
      this.fanOut = new FanOutReader(this.deps, { ...this.options, startAt: this.poller.readPosition });
      this.poller = undefined;
    }
    if (this.poller) return this.poller.next(signal);
    const outcome = await this.fanOut.next(signal);
    if (typeof outcome === 'string' || !('pollInstead' in outcome)) return outcome;
    this.poller = new ShardPoller(this.deps, { ...this.options, startAt: this.fanOut.readPosition });
    this.noteFallback(outcome.pollInstead);
    return this.poller.next(signal);
  }

  private noteFallback(reason: PollReason): void {
    const { clock, log, metrics } = this.deps;
    // A closed shard brings nothing new: it is polled to its end.
    this.pollUntilMs =
      reason === 'shard-closed' ? Number.POSITIVE_INFINITY : clock.monotonicMs() + this.pollForMs;
    if (reason === 'shard-closed') return;
    metrics.readFailed('FellBackToPolling', false);
    if (this.hasWarned) return;
    this.hasWarned = true;
    log.warn('shard.polled', 'fan-out is refused; the shard is polled, and fan-out tried again later', {
      shardId: this.options.leaseKey ?? this.options.shardId,
      reason,
    });
  }
}

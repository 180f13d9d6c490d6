/** Reads one shard by enhanced fan-out: Kinesis pushes, at the shard's own 2 MB/s for this consumer.
 *
 *    closed ──SubscribeToShard──► open ──event──► page ─► open
 *      ▲                           │                └───► ended (children named)
 *      │                           ├── ended by the service, as every 5 minutes ─► closed
 *      └── failed or silent ◄──────┤
 *                                  └── the shard is closed and nothing names its children, or subscribing is
 *                                      refused for good: { pollInstead }
 *
 *  A subscription goes on after the last event that was handed out, so nothing is lost or doubled within one
 *  reader. Half-open connections bring no error: silence is one, because Kinesis sends an event about every 5 s
 *  also to a reader that is caught up. */
import type { SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import { classify, errorName, isFromService, isThrottle, MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { gapBefore } from './checkpoint-gap.ts';
import {
  type FanOutDeps,
  type FanOutOptions,
  type FanOutOutcome,
  type PollReason,
  RESUBSCRIBE_AFTER_MS_DEFAULT,
  SILENCE_MS_DEFAULT,
} from './fan-out-options.ts';
import { findChildren } from './find-children.ts';
import { CALL_DEADLINE_MS, KinesisReader } from './kinesis-reader.ts';
import { ReadFailures } from './read-failures.ts';
import type { ChildShard, RecordPage } from './record.ts';
import { dataBytes, toRecords } from './record-page.ts';
import { ShardEndWatch } from './shard-end-watch.ts';
import { STALL_AFTER_MS_DEFAULT } from './shard-poller.ts';
import { ShardSubscription } from './shard-subscription.ts';
import { onceOpened, positionRefused, type ReadPosition, startingPosition } from './start-position.ts';
import { withDeadline } from './with-deadline.ts';

const FAILURE_BASE_MS = 100;
/** Throttled, or another holds the subscription still. Unit: ms. */
const REFUSED_BASE_MS = 1_000;
/** So many refusals without an event are no passing rate limit. */
const REFUSALS_MAX = 3;

const POLL_REASONS: Readonly<Record<string, PollReason>> = {
  LimitExceededException: 'subscribing-refused',
  Http2Refused: 'no-http2',
  // Opened, and ended at once: a gateway that does not know how to push.
  SubscriptionEmpty: 'nothing-pushed',
};

export class FanOutReader {
  private readonly deps: FanOutDeps;
  private readonly options: FanOutOptions;
  private readonly reader: KinesisReader;
  private readonly failures: ReadFailures;
  private readonly endWatch: ShardEndWatch;
  private position: ReadPosition;
  private subscription: ShardSubscription | undefined;
  private consumerArn = '';
  private hasEnded = false;
  /** The listing named children that the last event did not: the poller reads what came in between. */
  private wasListedClosed = false;
  /** Since the last event; other failures may come in between. */
  private refusals = 0;
  private isConsumerInDoubt = false;
  private notBeforeMs = Number.NEGATIVE_INFINITY;
  /** Start of the first try since the last event; undefined while events come. Monotonic ms. */
  private unansweredSinceMs: number | undefined;

  constructor(deps: FanOutDeps, options: FanOutOptions) {
    this.deps = deps;
    this.options = options;
    this.reader = new KinesisReader(deps.kinesis, deps.clock);
    this.failures = new ReadFailures(deps, options.leaseKey ?? options.shardId);
    this.endWatch = new ShardEndWatch(deps, this.reader, options);
    this.position = options.startAt;
  }

  /** Where another reader would go on after the pages handed out. */
  get readPosition(): ReadPosition {
    return this.position;
  }

  /** The next event as a page, which may be empty; the last one carries `shardEnd`. 'aborted' once `signal`
   *  aborts: the connection is closed, then and between calls, and what was on its way comes again. 'stalled'
   *  when no event came for long, whatever was tried.
   *  @throws MeterError `position-refused`, `access-denied`, `consumer-limit`; whatever is fatal. */
  async next(signal: AbortSignal): Promise<FanOutOutcome> {
    if (this.hasEnded) throw new MeterError('invariant-broken', `read ${this.options.shardId} after its end`);
    for (;;) {
      if (signal.aborted) return this.leave('aborted');
      // Opened under another signal, which has aborted since.
      if (this.subscription?.isClosed) this.close();
      this.unansweredSinceMs ??= this.deps.clock.monotonicMs();
      try {
        const outcome = await this.read(signal);
        if (outcome === 'nothing') continue;
        if ('pollInstead' in outcome || outcome.shardEnd) this.close();
        return outcome;
      } catch (error) {
        if (signal.aborted && classify(error) === 'aborted') return this.leave('aborted');
        const pollInstead = this.recover(error);
        if (pollInstead) return { pollInstead };
      }
      if (this.isStalled()) return this.leave('stalled');
    }
  }

  private async read(signal: AbortSignal): Promise<Exclude<FanOutOutcome, string> | 'nothing'> {
    if (this.wasListedClosed) return { pollInstead: 'shard-closed' };
    this.subscription ??= await this.subscribe(signal);
    if (!this.subscription) return 'nothing';
    const event = await this.subscription.next(this.silenceMs, signal);
    if (event === 'ended') return this.endedByService(signal);
    if (await this.endWatch.isClosedBehind(event, signal)) return { pollInstead: 'shard-closed' };
    // Without a way to go on, the shard has ended, or the event is not to be trusted: the listing tells.
    const isEnd = !event.ContinuationSequenceNumber || Boolean(event.ChildShards?.length);
    if (!isEnd) return this.accept(event, undefined);
    const { childShards, areNamed } = await findChildren(this.reader, this.options, event, signal);
    this.wasListedClosed = !areNamed && childShards.length > 0;
    return this.accept(event, this.wasListedClosed ? undefined : childShards);
  }

  /** Undefined when `signal` aborted before it was time to. */
  private async subscribe(signal: AbortSignal): Promise<ShardSubscription | undefined> {
    const { clock, metrics } = this.deps;
    const { shardId, leaseKey, consumer, resubscribeAfterMs } = this.options;
    await clock.sleep(this.notBeforeMs - clock.monotonicMs(), signal);
    if (signal.aborted) return undefined;
    this.consumerArn = await withDeadline(clock, CALL_DEADLINE_MS, signal, (abort) => consumer.arn(abort));
    const startedAtMs = clock.monotonicMs();
    this.notBeforeMs = startedAtMs + (resubscribeAfterMs ?? RESUBSCRIBE_AFTER_MS_DEFAULT);
    const StartingPosition = startingPosition(this.position);
    // At the first try, not at the first success: what arrives in between is not to be skipped.
    this.position = onceOpened(this.position, clock.wallMs());
    const subscription = await ShardSubscription.open(
      this.deps,
      { ConsumerARN: this.consumerArn, ShardId: shardId, StartingPosition },
      this.silenceMs,
      signal,
    );
    metrics.recordsRead(leaseKey ?? shardId, clock.monotonicMs() - startedAtMs);
    return subscription;
  }

  /** From here on nothing fails: the position moves exactly when the page is handed out. */
  private accept(event: SubscribeToShardEvent, children: readonly ChildShard[] | undefined): RecordPage {
    const records = toRecords(event);
    const millisBehindLatest = event.MillisBehindLatest;
    const shardEnd = children?.length ? { childShards: children } : undefined;
    const page: RecordPage = {
      records,
      millisBehindLatest,
      bytes: dataBytes(records),
      // No rule about full pages as in polling: nothing was asked for, so no event is cut at a number of ours.
      isAtTip: millisBehindLatest === 0,
      ...(shardEnd ? { shardEnd } : {}),
    };
    const gap = gapBefore(this.position, page);
    this.moveAfter(page, event.ContinuationSequenceNumber);
    this.unansweredSinceMs = undefined;
    this.refusals = 0;
    this.isConsumerInDoubt = false;
    this.hasEnded = shardEnd !== undefined;
    if (children && !shardEnd) this.retry('ContinuationEndedWithoutChildShards', FAILURE_BASE_MS);
    else this.failures.clear();
    return gap ? { ...page, gap } : page;
  }

  /** The continuation also moves where no records are. Only a checkpoint waits for its record, so that its
   *  absence is noticed however often the subscription is opened. */
  private moveAfter({ records }: RecordPage, continuation: string | undefined): void {
    const isCheckpoint = typeof this.position === 'object' && 'subSequenceNumber' in this.position;
    const last = records.at(-1)?.sequenceNumber;
    const after = continuation || last;
    if (after && (last !== undefined || !isCheckpoint)) this.position = { afterSequenceNumber: after };
  }

  private async endedByService(signal: AbortSignal): Promise<'nothing' | { pollInstead: PollReason }> {
    const hadEvents = (this.subscription?.eventCount ?? 0) > 0;
    this.close();
    if (hadEvents) return 'nothing';
    if (await this.endWatch.isClosed(signal)) return { pollInstead: 'shard-closed' };
    throw Object.assign(new Error('a subscription without an event'), {
      name: 'SubscriptionEmpty',
      $retryable: {},
    });
  }

  /** Decides what a failure means; what cannot come right by itself is thrown. */
  private recover(error: unknown): PollReason | undefined {
    const name = errorName(error);
    this.close();
    // The poller finds out whether retention took the shard, or a person must decide.
    if (name === 'InvalidArgumentException') return 'subscribing-refused';
    if (name === 'ResourceNotFoundException' && this.doubtConsumer()) return 'subscribing-refused';
    if (error instanceof MeterError && error.code === 'stream-missing') throw this.refused(error);
    if (name !== 'ResourceNotFoundException' && isFromService(error) && classify(error) === 'fatal')
      throw explain(error, `subscribing to ${this.options.shardId} (kinesis:SubscribeToShard)`);
    if (name !== 'ResourceNotFoundException' && classify(error) === 'fatal') throw error;
    this.deps.metrics.readFailed(name, isThrottle(error));
    const isRefusal = isThrottle(error) || name === 'ResourceInUseException';
    this.retry(name, isRefusal ? REFUSED_BASE_MS : FAILURE_BASE_MS);
    const pollReason = POLL_REASONS[name];
    if (pollReason) this.refusals += 1;
    return this.refusals >= REFUSALS_MAX ? pollReason : undefined;
  }

  /** The consumer was deregistered, or the shard is gone: registered anew, a second refusal tells that it is the
   *  shard, and the poller finds out whether retention took it. */
  private doubtConsumer(): boolean {
    const wasInDoubt = this.isConsumerInDoubt;
    this.isConsumerInDoubt = true;
    if (!wasInDoubt) this.options.consumer.forget(this.consumerArn);
    return wasInDoubt;
  }

  private retry(name: string, baseMs: number): void {
    this.close();
    const delayMs = this.failures.add(name, baseMs);
    this.notBeforeMs = Math.max(this.notBeforeMs, this.deps.clock.monotonicMs() + delayMs);
  }

  private isStalled(): boolean {
    if (this.unansweredSinceMs === undefined) return false;
    const ageMs = this.deps.clock.monotonicMs() - this.unansweredSinceMs;
    return ageMs >= (this.options.stallAfterMs ?? STALL_AFTER_MS_DEFAULT);
  }

  private get silenceMs(): number {
    return this.options.silenceMs ?? SILENCE_MS_DEFAULT;
  }

  private refused(cause: unknown): MeterError {
    return positionRefused(this.options, this.position, cause);
  }

  private leave<T extends 'aborted' | 'stalled'>(outcome: T): T {
    this.close();
    return outcome;
  }

  private close(): void {
    this.subscription?.close();
    this.subscription = undefined;
  }
}

/** Reads one shard, page by page.
 *
 *    closed ──GetShardIterator──► open ──GetRecords──► page ─► open
 *      ▲                           │                     └───► ended (iterator null and child shards named)
 *      └── iterator expired, or ───┘
 *          doubtful after failures
 *
 *  Reopening begins after the last record of the last page that was handed out, so nothing is lost or doubled
 *  within one poller. What fails and may come right is repeated for as long as it takes. */
import type { GetRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import { classify, errorName, isThrottle, MeterError } from '../errors.ts';
import type { Log } from '../ops/log.ts';
import type { ReadMetrics } from '../ops/metrics.ts';
import type { Clock, Random } from '../time.ts';
import { gapBefore } from './checkpoint-gap.ts';
import { childrenOfExpired, findChildren } from './find-children.ts';
import { KinesisReader, type KinesisSender } from './kinesis-reader.ts';
import { ReadBudget } from './read-budget.ts';
import { ReadFailures } from './read-failures.ts';
import type { ReadSlots } from './read-slots.ts';
import type { ChildShard, NextPage, RecordPage } from './record.ts';
import { dataBytes, toRecords } from './record-page.ts';
import {
  describePosition,
  iteratorPlace,
  onceOpened,
  positionRefused,
  type ReadPosition,
} from './start-position.ts';

/** 4.7 reads of it a second are more than a shard's 2 MB/s of 1.4 KB events, and twice what a shard takes in; a page
 *  of it is parsed in a few ms, so the event loop never stands still for long. */
export const RECORDS_PER_READ_MAX_DEFAULT = 400;
export const IDLE_BETWEEN_READS_MS_DEFAULT = 1000;
export const STALL_AFTER_MS_DEFAULT = 60_000;

/** After this many failures in a row the iterator itself is in doubt: some engines lose them with a restart and
 *  answer with an unnamed error. */
const FAILURES_BEFORE_REOPEN = 3;
/** Throttled: the API's own advice is to wait a second. Source: GetRecords reference. Unit: ms. */
const THROTTLE_BASE_MS = 1_000;
const FAILURE_BASE_MS = 100;

export interface ShardPollerDeps {
  readonly kinesis: KinesisSender;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ReadMetrics;
  /** Shared by the worker's shards; absent: every shard reads when it likes. */
  readonly slots?: ReadSlots;
}

export interface ShardPollerOptions {
  readonly stream: string;
  readonly shardId: string;
  /** The shard's name in logs and metrics, where shard ids of several streams would be mixed up. Default its id. */
  readonly leaseKey?: string;
  readonly startAt: ReadPosition;
  /** Default 400. From 1 to 10,000. */
  readonly recordsPerReadMax?: number;
  /** Pause once caught up; while behind there is none but the read budget. Unit: ms. Default 1000. */
  readonly idleBetweenReadsMs?: number;
  /** So long without an answer, and the shard is given up here. Unit: ms. Default 60,000. */
  readonly stallAfterMs?: number;
}

export class ShardPoller {
  private readonly deps: ShardPollerDeps;
  private readonly options: ShardPollerOptions;
  private readonly reader: KinesisReader;
  private readonly budget: ReadBudget;
  private readonly failures: ReadFailures;
  private position: ReadPosition;
  private iterator: string | undefined;
  private hasEnded = false;
  /** More is there to read: the next page may be full. */
  private isBehind = true;
  /** The listing named children before the answer at hand was asked for. */
  private wasListedClosed = false;
  /** For the page handed out last, if it took one. */
  private giveSlotBack: () => void = () => undefined;
  /** Start of the first try since the last answer; undefined while answers come. Monotonic ms. */
  private unansweredSinceMs: number | undefined;

  constructor(deps: ShardPollerDeps, options: ShardPollerOptions) {
    this.deps = deps;
    this.options = options;
    this.reader = new KinesisReader(deps.kinesis, deps.clock);
    this.budget = new ReadBudget(deps.clock);
    this.failures = new ReadFailures(deps, this.name);
    this.position = options.startAt;
  }

  private get name(): string {
    return this.options.leaseKey ?? this.options.shardId;
  }

  /** Where another reader would go on after the pages handed out. */
  get readPosition(): ReadPosition {
    return this.position;
  }

  private get limit(): number {
    return this.options.recordsPerReadMax ?? RECORDS_PER_READ_MAX_DEFAULT;
  }

  /** The next page, which may be empty; the last one carries `shardEnd`. 'aborted' once `signal` aborts: what
   *  was on its way is read again by the next call. 'stalled' when no answer came for long, whatever was tried.
   *  @throws MeterError `position-refused`; whatever is fatal. */
  async next(signal: AbortSignal): Promise<NextPage> {
    if (this.hasEnded) throw new MeterError('invariant-broken', `read ${this.options.shardId} after its end`);
    // The caller is done with the page before.
    this.giveSlotBack();
    for (;;) {
      const waitMs = this.budget.waitMs;
      if (waitMs > 0) await this.deps.clock.sleep(waitMs, signal);
      if (signal.aborted) return 'aborted';
      this.unansweredSinceMs ??= this.deps.clock.monotonicMs();
      try {
        const page = await this.read(signal);
        this.unansweredSinceMs = undefined;
        return page;
      } catch (error) {
        this.giveSlotBack();
        if (signal.aborted && classify(error) === 'aborted') return 'aborted';
        if (this.isRefused(error)) {
          const end = await this.endOfExpired(error, signal);
          if (end) return end;
        } else this.recover(error);
        if (this.isStalled()) return 'stalled';
      }
    }
  }

  private isStalled(): boolean {
    if (this.unansweredSinceMs === undefined) return false;
    const ageMs = this.deps.clock.monotonicMs() - this.unansweredSinceMs;
    return ageMs >= (this.options.stallAfterMs ?? STALL_AFTER_MS_DEFAULT);
  }

  private async read(signal: AbortSignal): Promise<RecordPage> {
    const { clock, metrics, slots } = this.deps;
    this.iterator ??= await this.open(signal);
    const { iterator } = this;
    if (this.isBehind && slots) this.giveSlotBack = await slots.take(signal);
    this.budget.begin();
    const startedAtMs = clock.monotonicMs();
    const answer = await this.reader.getRecords(iterator, this.limit, signal);
    metrics.recordsRead(this.name, clock.monotonicMs() - startedAtMs);
    return this.accept(answer, await this.childrenAfter(answer, signal));
  }

  /** The children if the answer is the shard's last; undefined if reading goes on; none if the answer is not to be
   *  trusted. */
  private async childrenAfter(
    answer: GetRecordsCommandOutput,
    signal: AbortSignal,
  ): Promise<readonly ChildShard[] | undefined> {
    if (answer.NextShardIterator) return undefined;
    const { childShards, areNamed } = await findChildren(this.reader, this.options, answer, signal);
    if (areNamed || this.wasListedClosed || childShards.length === 0) return childShards;
    this.wasListedClosed = true;
    return undefined;
  }

  /** From here on nothing fails: the position moves exactly when the page is handed out. */
  private accept(
    answer: GetRecordsCommandOutput,
    childShards: readonly ChildShard[] | undefined,
  ): RecordPage {
    const records = toRecords(answer);
    const bytes = dataBytes(records);
    const millisBehindLatest = answer.MillisBehindLatest;
    this.iterator = answer.NextShardIterator;
    this.budget.spend(bytes);
    // Unknown is not caught up: only a plain zero is. Without an iterator it is the end, or doubtful.
    const isAtTip = this.iterator !== undefined && millisBehindLatest === 0 && records.length < this.limit;
    this.isBehind = !isAtTip;
    if (isAtTip) this.budget.rest(this.options.idleBetweenReadsMs ?? IDLE_BETWEEN_READS_MS_DEFAULT);
    if (childShards?.length === 0) this.retry('IteratorEndedWithoutChildShards', FAILURE_BASE_MS);
    else this.failures.clear();
    const isEnd = childShards !== undefined && childShards.length > 0;
    const page = {
      records,
      millisBehindLatest,
      bytes,
      isAtTip,
      ...(isEnd ? { shardEnd: { childShards } } : {}),
    };
    const gap = gapBefore(this.position, page);
    const last = records.at(-1);
    if (last) this.position = { afterSequenceNumber: last.sequenceNumber };
    this.hasEnded = isEnd;
    return gap ? { ...page, gap } : page;
  }

  private isRefused(error: unknown): boolean {
    const name = errorName(error);
    return (
      name === 'ResourceNotFoundException' ||
      (name === 'InvalidArgumentException' && this.iterator === undefined)
    );
  }

  /** The end of a shard that is closed and past the retention, told as the gap that it is; undefined when asking
   *  failed and is repeated. @throws MeterError `position-refused` when the shard is still there. */
  private async endOfExpired(error: unknown, signal: AbortSignal): Promise<RecordPage | undefined> {
    try {
      const childShards = await childrenOfExpired(this.reader, this.options, signal);
      if (childShards === 'listed') throw positionRefused(this.options, this.position, error);
      this.hasEnded = true;
      const gap = { after: describePosition(this.position), firstSequenceNumber: undefined };
      const nothing = { records: [], bytes: 0, millisBehindLatest: undefined, isAtTip: false };
      return { ...nothing, gap, shardEnd: { childShards } };
    } catch (failure) {
      if (!signal.aborted) this.recover(failure);
      return undefined;
    }
  }

  private async open(signal: AbortSignal): Promise<string> {
    const { stream, shardId } = this.options;
    const openedAtMs = this.deps.clock.wallMs();
    this.budget.begin();
    const place = iteratorPlace(this.position);
    const iterator = await this.reader.getShardIterator(
      { StreamName: stream, ShardId: shardId, ...place },
      signal,
    );
    this.position = onceOpened(this.position, openedAtMs);
    return iterator;
  }

  /** Decides what a failure means; what cannot come right by itself is thrown. */
  private recover(error: unknown): void {
    const name = errorName(error);
    const kind = classify(error);
    if (kind !== 'retryable' && kind !== 'expired-iterator') throw error;
    this.deps.metrics.readFailed(name, isThrottle(error));
    if (kind === 'expired-iterator') this.iterator = undefined;
    this.retry(name, isThrottle(error) ? THROTTLE_BASE_MS : FAILURE_BASE_MS);
  }

  private retry(name: string, baseMs: number): void {
    this.budget.rest(this.failures.add(name, baseMs));
    if (this.failures.inARow % FAILURES_BEFORE_REOPEN === 0) this.iterator = undefined;
  }
}

/** The flow for one shard:
 *
 *    read ─► decode ─► fold and store ─► dead letters ─► count ─► checkpoint ─┐
 *      ▲                                                                      │
 *      └──────────────────────────────────────────────────────────────────────┘
 *
 *  It ends `finished` (shard end stored), `stopped` (asked to stop: in flight finished and checkpointed),
 *  `lost` (lease taken by another: nothing more is written for it), `stalled` (no answers: another may try) or
 *  `parked` (too many dead letters).
 *  A crash anywhere repeats work and never loses it: the store knows what it has counted. */
import type { DecodedItem, RecordDecoder } from './decode/decode-record.ts';
import type { DataSessionEvent } from './decode/event.ts';
import { classify, MeterError } from './errors.ts';
import type { HeldLease, ShardHandler, ShardRunOutcome } from './leases/index.ts';
import type { Log } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import { PoisonGuard } from './poison-guard.ts';
import type { NextPage, ReadGap, RecordPage, StreamRecord } from './source/record.ts';
import type { DeadLetter, DeadLetterStore } from './store/dead-letters.ts';
import type { EventOutcome, SessionStore } from './store/session-store.ts';
import { Tally } from './tally.ts';
import type { Clock } from './time.ts';

/** Pages of one shard, in order, read ahead within a bound. */
export interface PageSource {
  /** The next page; 'aborted' once `signal` aborts; 'stalled' when reading makes no progress here. */
  next(signal: AbortSignal): Promise<NextPage>;
  close(): Promise<void> | void;
}

export interface ShardConsumerDeps {
  readonly openPages: (lease: HeldLease) => PageSource;
  readonly decode: RecordDecoder;
  readonly sessions: SessionStore;
  readonly deadLetters: DeadLetterStore;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
}

export interface ShardConsumerOptions {
  /** Least time between checkpoints while behind; at the tip every page is checkpointed. Unit: ms. */
  readonly checkpointEveryMs: number;
}

/** A gap is no record: its dead letter's index is of none. */
const GAP_INDEX = -1;

interface Position {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
}

interface DecodedPage {
  readonly items: readonly { readonly record: StreamRecord; readonly item: DecodedItem }[];
  readonly last?: Position;
}

export class ShardConsumer implements ShardHandler {
  private readonly deps: ShardConsumerDeps;
  private readonly options: ShardConsumerOptions;

  constructor(deps: ShardConsumerDeps, options: ShardConsumerOptions) {
    this.deps = deps;
    this.options = options;
  }

  async run(lease: HeldLease): Promise<ShardRunOutcome> {
    const pages = this.deps.openPages(lease);
    try {
      return await this.consume(lease, pages);
    } catch (error) {
      if (classify(error) === 'aborted') return lease.lost.aborted ? { kind: 'lost' } : { kind: 'stopped' };
      if (!(error instanceof MeterError) || error.code !== 'position-refused') throw error;
      // One shard that needs a person must not end the others.
      this.deps.log.error('shard.position-refused', error.message, { shardId: lease.leaseKey });
      return { kind: 'parked', reason: error.code };
    } finally {
      await pages.close();
      this.deps.metrics.forgetShard(lease.leaseKey);
    }
  }

  private async consume(lease: HeldLease, pages: PageSource): Promise<ShardRunOutcome> {
    const guard = new PoisonGuard();
    let stored: Position | undefined;
    let checkpointedAtMs = this.deps.clock.monotonicMs();
    for (;;) {
      // 1. Read. A page in the buffer when we are asked to stop is left unread: the next owner reads it.
      const page = await pages.next(lease.stopping);
      if (page === 'aborted') return this.leave(lease, stored, 'stopped');
      if (page === 'stalled') return this.leave(lease, stored, 'stalled');
      const { isAtTip } = page;
      // The claim goes out with every write of the lease: it is taken back before anything is left to do.
      if (!isAtTip || page.records.length > 0) lease.setReadToTip(false);
      const decoded = this.decodePage(page, lease);
      // A lease that we cannot renew suspends the shard; only a lost one ends it.
      if ((await lease.waitUntilValid()) === 'lost') return { kind: 'lost' };
      // 2. Durable first: a crash after this repeats work, never loses it.
      const startedAtMs = this.deps.clock.monotonicMs();
      const tally = await this.store(decoded, lease);
      if (page.gap) await this.recordGap(page.gap, lease);
      this.deps.metrics.countBatch(tally);
      this.deps.metrics.batchDone(this.deps.clock.monotonicMs() - startedAtMs);
      this.deps.metrics.readPage(lease.leaseKey, page);
      stored = decoded.last ?? stored;
      // Most of what arrives cannot be read: a wrong stream or a wrong decoder, not bad records. Not
      // checkpointed, so that a restart meets it again.
      if (!page.shardEnd && guard.isTooMuch(tally))
        return { kind: 'parked', reason: 'too-many-dead-letters' };
      // 3. Then progress: refused if the lease is no longer ours.
      const isDue = this.deps.clock.monotonicMs() - checkpointedAtMs >= this.options.checkpointEveryMs;
      if (stored && (isAtTip || isDue || page.shardEnd)) {
        if ((await this.checkpoint(lease, stored)) === 'lost') return { kind: 'lost' };
        stored = undefined;
        checkpointedAtMs = this.deps.clock.monotonicMs();
      }
      if (isAtTip) lease.setReadToTip(true);
      // 4. A closed shard ends only here, after all of it is stored; its children's leases come first.
      if (page.shardEnd) return lease.finish(page.shardEnd.childShards);
    }
  }

  /** Checkpoints what is stored, and goes. */
  private async leave(
    lease: HeldLease,
    stored: Position | undefined,
    kind: 'stopped' | 'stalled',
  ): Promise<ShardRunOutcome> {
    if (lease.lost.aborted) return { kind: 'lost' };
    if (stored && (await this.checkpoint(lease, stored)) === 'lost') return { kind: 'lost' };
    return { kind };
  }

  /** Resumes by KCL's rule: reading starts at the checkpointed record, and what it covers is dropped.
   *  Source: KCL ProcessTask.java. */
  private decodePage(page: RecordPage, lease: HeldLease): DecodedPage {
    const { startAt } = lease;
    const items: DecodedPage['items'][number][] = [];
    let last: Position | undefined;
    for (const record of page.records) {
      const isCheckpointed = typeof startAt === 'object' && record.sequenceNumber === startAt.sequenceNumber;
      const decoded = this.deps.decode(record, isCheckpointed ? startAt.subSequenceNumber : undefined);
      for (const item of decoded.items) items.push({ record, item });
      last = { sequenceNumber: record.sequenceNumber, subSequenceNumber: decoded.lastSubSequenceNumber };
    }
    return { items, ...(last ? { last } : {}) };
  }

  /** Makes a page's events durable and says what became of each. */
  private async store(page: DecodedPage, lease: HeldLease): Promise<Tally> {
    const tally = new Tally();
    const letters: DeadLetter[] = [];
    const events: { record: StreamRecord; index: number; event: DataSessionEvent }[] = [];
    const bury = (
      record: StreamRecord,
      index: number,
      reason: string,
      raw: Uint8Array,
      field?: string,
    ): void => {
      const { sequenceNumber, arrivedAtMs } = record;
      letters.push({
        shardId: lease.leaseKey,
        sequenceNumber,
        index,
        reason,
        arrivedAtMs,
        raw,
        ...(field ? { field } : {}),
      });
      tally.deadLetter(reason);
    };
    for (const { record, item } of page.items) {
      if (item.kind === 'event') events.push({ record, index: item.index, event: item.event });
      else if (item.kind === 'poison') bury(record, item.index, item.reason, item.raw, item.field);
      else this.ignore(item, tally, lease.leaseKey);
    }
    const outcomes = await this.deps.sessions.apply(
      events.map(({ event }) => event),
      lease.lost,
    );
    for (const [at, { record, index, event }] of events.entries()) {
      const outcome = outcomes[at] as EventOutcome;
      if (outcome.kind === 'refused') bury(record, index, outcome.reason, record.data);
      else tally.settle(event, outcome.kind);
    }
    if (letters.length > 0) await this.deps.deadLetters.put(letters, lease.lost);
    return tally;
  }

  /** What retention took before we read it is kept as a dead letter without a record: it counts nowhere, since
   *  nobody knows what was in it, but it is there for who reconciles. */
  private async recordGap({ after, firstSequenceNumber }: ReadGap, lease: HeldLease): Promise<void> {
    const { deadLetters, metrics, log, clock } = this.deps;
    const letter = {
      shardId: lease.leaseKey,
      sequenceNumber: after,
      index: GAP_INDEX,
      reason: 'gap',
      arrivedAtMs: clock.wallMs(),
      raw: new TextEncoder().encode(firstSequenceNumber ?? ''),
    };
    await deadLetters.put([letter], lease.lost);
    metrics.gapFound();
    log.error(
      'shard.gap',
      'the checkpoint is past the retention: records after it may be lost. Reading goes on with the oldest',
      { shardId: lease.leaseKey, checkpoint: after, sequenceNumber: firstSequenceNumber },
    );
  }

  private ignore(item: DecodedItem & { kind: 'ignored' }, tally: Tally, shardId: string): void {
    tally.ignore(item.reason);
    // Operators validate a sink with the id that its test event carries.
    if (item.reason === 'test-event')
      this.deps.log.info('event.test', 'a sink test event arrived', { shardId, testId: item.testId });
  }

  private async checkpoint(lease: HeldLease, position: Position): Promise<'kept' | 'lost'> {
    const outcome = await lease.checkpoint(position);
    if (outcome.kind === 'lost') return 'lost';
    this.deps.metrics.checkpointed(lease.leaseKey);
    return 'kept';
  }
}

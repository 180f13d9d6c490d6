/** The flow for one shard. Pages overlap: while one is being stored the next are read and decoded; checkpoints
 *  follow in the pages' order.
 *
 *    read ─► decode ─► store, dead letters ──┐ in order
 *      ▲        │                            └─► count ─► checkpoint
 *      └────────┘ a bounded number ahead
 *
 *  It ends `finished` (shard end stored), `stopped` (asked to stop: in flight finished and checkpointed),
 *  `lost` (lease taken by another: nothing more is written for it), `stalled` (no answers: another may try) or
 *  `parked` (too many dead letters).
 *  A crash anywhere repeats work and never loses it: the store knows what it has counted. */
import { classify, type ErrorCode, MeterError } from './errors.ts';
import type { HeldLease, ShardHandler, ShardRunOutcome } from './leases/index.ts';
import type { Metrics } from './ops/metrics.ts';
import { type BegunPage, PageStore, type PageStoreDeps, type Position } from './page-store.ts';
import { PoisonGuard } from './poison-guard.ts';
import type { NextPage, RecordPage } from './source/record.ts';
import { Tally } from './tally.ts';

/** Pages of one shard, in order, read ahead within a bound. */
export interface PageSource {
  /** The next page; 'aborted' once `signal` aborts; 'stalled' when reading makes no progress here. */
  next(signal: AbortSignal): Promise<NextPage>;
  close(): Promise<void> | void;
}

export interface ShardConsumerDeps extends PageStoreDeps {
  readonly openPages: (lease: HeldLease) => PageSource;
  readonly metrics: Metrics;
}

export interface ShardConsumerOptions {
  /** Least time between checkpoints while behind; at the tip every page is checkpointed. Unit: ms. */
  readonly checkpointEveryMs: number;
}

/** Farther behind than this, nobody waits for one page: events may be held back to be written together. */
const FAR_BEHIND_MS = 60_000;
const NEEDS_A_PERSON: readonly ErrorCode[] = ['position-refused', 'item-unreadable'];
/** Pages of one shard being stored at once, while nothing is held back: enough to hide the table's latency. */
const PAGES_AHEAD_MAX = 4;

export class ShardConsumer implements ShardHandler {
  private readonly deps: ShardConsumerDeps;
  private readonly options: ShardConsumerOptions;
  private readonly store: PageStore;

  constructor(deps: ShardConsumerDeps, options: ShardConsumerOptions) {
    this.deps = deps;
    this.options = options;
    this.store = new PageStore(deps);
  }

  async run(lease: HeldLease): Promise<ShardRunOutcome> {
    const pages = this.deps.openPages(lease);
    try {
      return await new ShardFlow(this.deps, this.options, this.store, lease).run(pages);
    } catch (error) {
      if (classify(error) === 'aborted') return lease.lost.aborted ? { kind: 'lost' } : { kind: 'stopped' };
      if (!(error instanceof MeterError) || !NEEDS_A_PERSON.includes(error.code)) throw error;
      // One shard that needs a person must not end the others.
      this.deps.log.error(`shard.${error.code}`, error.message, { shardId: lease.leaseKey });
      return { kind: 'parked', reason: error.code };
    } finally {
      await pages.close();
      this.deps.metrics.forgetShard(lease.leaseKey);
    }
  }
}

/** Whether its events may be held back. */
const mayWait = ({ millisBehindLatest = 0 }: RecordPage): boolean => millisBehindLatest >= FAR_BEHIND_MS;

/** A page without its records, which would be most of what waits in memory. */
type PageNote = Omit<RecordPage, 'records'> & { readonly records: { readonly length: number } };

/** A page on its way. */
interface PageInFlight {
  isStored: boolean;
  readonly settled: Promise<void>;
}

class ShardFlow {
  private readonly deps: ShardConsumerDeps;
  private readonly options: ShardConsumerOptions;
  private readonly store: PageStore;
  private readonly lease: HeldLease;
  private readonly guard = new PoisonGuard();
  /** Aborts when no more is to be read, for whatever reason. */
  private readonly over = new AbortController();
  private readonly inFlight: PageInFlight[] = [];
  private lastSettled: Promise<void> = Promise.resolve();
  /** Stored and not yet checkpointed. */
  private stored: Position | undefined;
  private checkpointedAtMs: number;
  private end: ShardRunOutcome | undefined;

  constructor(deps: ShardConsumerDeps, options: ShardConsumerOptions, store: PageStore, lease: HeldLease) {
    this.deps = deps;
    this.options = options;
    this.store = store;
    this.lease = lease;
    this.checkpointedAtMs = deps.clock.monotonicMs();
  }

  async run(pages: PageSource): Promise<ShardRunOutcome> {
    const { stopping } = this.lease;
    const onStop = (): void => this.over.abort();
    stopping.addEventListener('abort', onStop, { once: true });
    if (stopping.aborted) onStop();
    try {
      return await this.consume(pages);
    } finally {
      stopping.removeEventListener('abort', onStop);
    }
  }

  private async consume(pages: PageSource): Promise<ShardRunOutcome> {
    let outcome: ShardRunOutcome | undefined;
    while (!outcome) outcome = await this.consumeOne(pages);
    return outcome;
  }

  /** Undefined when it is to go on. A call for each page: a loop's variable would keep the last page alive while the
   *  next is waited for. */
  private async consumeOne(pages: PageSource): Promise<ShardRunOutcome | undefined> {
    const { lease } = this;
    // 1. Read. A page in the buffer when we are asked to stop is left unread: the next owner reads it.
    const page = await pages.next(this.over.signal);
    if (page === 'aborted') return this.leave('stopped');
    if (page === 'stalled') return this.leave('stalled');
    // The claim goes out with every write of the lease: it is taken back before anything is left to do.
    if (!page.isAtTip || page.records.length > 0) lease.setReadToTip(false);
    if ((await this.begin(page)) === 'lost') return { kind: 'lost' };
    await this.waitForTurn(page);
    // 4. A closed shard ends only here, after all of it is stored; its children's leases come first.
    if (!page.shardEnd) return undefined;
    return (await this.finishInFlight()) ?? lease.finish(page.shardEnd.childShards);
  }

  /** 2. Durable first: a crash after this repeats work, never loses it. */
  private async begin(page: RecordPage): Promise<'begun' | 'lost'> {
    const startedAtMs = this.deps.clock.monotonicMs();
    const isHeld = mayWait(page);
    // Nobody behind this page may wait any longer.
    if (!isHeld && this.inFlight.length > 0) this.deps.sessions.flush(this.lease.lost);
    const begun = await this.store.begin(page, this.lease, isHeld);
    if (begun === 'lost') return 'lost';
    this.track({ ...page, records: { length: page.records.length } }, begun, startedAtMs);
    return 'begun';
  }

  private track(page: PageNote, { parts, last }: BegunPage, startedAtMs: number): void {
    const { clock, metrics } = this.deps;
    const previous = this.lastSettled;
    const storeAll = async (): Promise<Tally> => {
      const tally = new Tally();
      for (const part of await Promise.all(parts)) tally.add(part);
      entry.isStored = true;
      return tally;
    };
    const settle = async (): Promise<void> => {
      try {
        const [tally] = await Promise.all([storeAll(), previous]);
        metrics.batchDone(clock.monotonicMs() - startedAtMs);
        if (this.end === undefined) await this.settle(page, last, tally);
      } finally {
        this.inFlight.shift();
      }
    };
    const entry: PageInFlight = { isStored: false, settled: settle() };
    this.lastSettled = entry.settled;
    this.inFlight.push(entry);
    // Whatever ends the shard ends its reading; who waits for the page learns of it there.
    entry.settled.catch(() => this.over.abort());
  }

  /** Pages of one shard overlap, but not without end; at the tip each is done before the next is read. */
  private async waitForTurn(page: RecordPage): Promise<void> {
    const isFull = (): boolean => !mayWait(page) && this.inFlight.length >= PAGES_AHEAD_MAX;
    while (isFull() || (page.isAtTip && this.inFlight.length > 0)) await this.inFlight[0]?.settled;
  }

  /** 3. Then progress: refused if the lease is no longer ours. */
  private async settle(page: PageNote, position: Position | undefined, tally: Tally): Promise<void> {
    const { metrics, clock } = this.deps;
    const { lease } = this;
    if (page.gap) metrics.gapFound();
    metrics.countBatch(tally);
    metrics.readPage(lease.leaseKey, page);
    this.stored = position ?? this.stored;
    // Most of what arrives cannot be read: a wrong stream or a wrong decoder, not bad records. Not
    // checkpointed, so that a restart meets it again.
    if (!page.shardEnd && this.guard.isTooMuch(tally))
      return this.endWith({ kind: 'parked', reason: 'too-many-dead-letters' });
    const isDue = clock.monotonicMs() - this.checkpointedAtMs >= this.options.checkpointEveryMs;
    // One checkpoint for what was stored together.
    const isNextStored = this.inFlight[1]?.isStored === true;
    if ((page.isAtTip || isDue || page.shardEnd) && !isNextStored) await this.checkpoint();
    if (page.isAtTip && this.end === undefined) lease.setReadToTip(true);
  }

  private async checkpoint(): Promise<void> {
    const { stored } = this;
    if (!stored) return;
    const outcome = await this.lease.checkpoint(stored);
    if (outcome.kind === 'lost') return this.endWith({ kind: 'lost' });
    this.stored = undefined;
    this.checkpointedAtMs = this.deps.clock.monotonicMs();
    this.deps.metrics.checkpointed(this.lease.leaseKey);
  }

  private endWith(end: ShardRunOutcome): void {
    this.end = end;
    this.over.abort();
  }

  /** Waits for all pages on their way, writing at once what is held back; what ended the shard, if something did. */
  private async finishInFlight(): Promise<ShardRunOutcome | undefined> {
    if (this.inFlight.length > 0) this.deps.sessions.flush(this.lease.lost);
    await this.lastSettled;
    return this.end;
  }

  /** Checkpoints what is stored, and goes. */
  private async leave(kind: 'stopped' | 'stalled'): Promise<ShardRunOutcome> {
    if (this.lease.lost.aborted) return { kind: 'lost' };
    const end = await this.finishInFlight();
    if (end) return end;
    await this.checkpoint();
    return this.end ?? { kind };
  }
}

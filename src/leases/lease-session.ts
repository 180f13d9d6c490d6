/**
 * One lease while this process holds it: its row as we know it, its validity, and all writes to it, one at a time.
 *
 *   held: valid <--renewal / failover time passed--> held: suspended
 *   held --refused by the table--> lost        held --finish--> finished        held --release, close--> closed
 *
 * Lost, finished and closed are final: nothing is written after them.
 */
import { setMaxListeners } from 'node:events';
import {
  type CheckpointPosition,
  comparePositions,
  formatPosition,
  type RecordPosition,
} from './checkpoint-position.ts';
import type { CheckpointOutcome, FinishOutcome, HeldLease, LeaseLost } from './held-lease.ts';
import { type ChildShardDescription, hasReadToTip, isFinished, type Lease, type WorkerId } from './lease.ts';
import type { LeaseStore, LeaseWrite } from './lease-store.ts';
import { type LoopDependencies, retryUntil } from './loop.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { Validity } from './validity.ts';

/** Rows of our own lost writes taken over in one go. One is what a lost answer leaves; more is a broken table. */
const ADOPTIONS_MAX = 3;

export interface SessionDependencies extends LoopDependencies {
  readonly store: LeaseStore;
  /** Makes sure that each child has a lease before its parent says SHARD_END. */
  readonly createChildren: (lease: Lease, children: readonly ChildShardDescription[]) => Promise<void>;
  /** Called once, when the table says that the lease is not ours. */
  readonly onLost: (session: LeaseSession) => void;
  /** Called when the reader arrives at the tip. */
  readonly onTip: () => void;
  /** Called when a write brought back that another worker asks for the lease. */
  readonly onAsked: () => void;
}

type Attempt = (lease: Lease) => Promise<LeaseWrite> | 'unchanged';
type Write = LeaseWrite | { readonly kind: 'unchanged' };

export class LeaseSession implements HeldLease {
  readonly leaseKey: string;
  readonly shardId: string;
  readonly streamId: string | undefined;
  readonly startAt: CheckpointPosition;
  readonly startTimestampMs: number | undefined;
  readonly hashRange: Lease['hashRange'];
  readonly #deps: SessionDependencies;
  readonly #lost = new AbortController();
  readonly #stopping = new AbortController();
  readonly lost: AbortSignal = this.#lost.signal;
  readonly stopping: AbortSignal = this.#stopping.signal;
  /** Each write is conditional on the counter that the one before has left. */
  readonly #oneAtATime = oneAtATime();
  #lease: Lease;
  #lostTo: WorkerId | undefined;
  readonly #validity: Validity;
  #readToTip = false;

  /** `takenAtMs`: monotonic start of the take. */
  constructor(deps: SessionDependencies, lease: Lease, takenAtMs: number, failoverTimeMs: number) {
    this.#deps = deps;
    this.#lease = lease;
    this.#validity = new Validity(deps.clock, takenAtMs, failoverTimeMs);
    // Each call in flight listens: Node would take more than ten for a leak, and warn.
    setMaxListeners(0, this.lost, this.stopping);
    this.leaseKey = lease.leaseKey;
    this.shardId = lease.shardId;
    this.streamId = lease.streamId;
    this.startAt = lease.checkpoint;
    this.startTimestampMs = lease.ours.startTimestampMs;
    this.hashRange = lease.hashRange;
  }

  /** The row as we know it. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Who has the lease after it was lost. */
  get lostTo(): WorkerId | undefined {
    return this.#lostTo;
  }

  get renewedAtMs(): number {
    return this.#validity.renewedAtMs;
  }

  get isReadToTip(): boolean {
    return this.#readToTip;
  }

  /** Whether the row says what the reader says; a claim not yet written is waited for by other workers. */
  get isTipWritten(): boolean {
    return !this.#readToTip || hasReadToTip(this.#lease);
  }

  isValid(): boolean {
    return !this.lost.aborted && this.#validity.holds();
  }

  async waitUntilValid(): Promise<'valid' | 'lost'> {
    while (!this.lost.aborted) {
      if (this.isValid()) return 'valid';
      await this.#validity.changed();
    }
    return 'lost';
  }

  setReadToTip(value: boolean): void {
    const isArrival = value && !this.#readToTip;
    this.#readToTip = value;
    if (isArrival) this.#deps.onTip();
  }

  async checkpoint(position: RecordPosition): Promise<CheckpointOutcome> {
    const write = await this.#retry('checkpoint', () =>
      this.#write((lease) =>
        comparePositions(position, lease.checkpoint) > 0
          ? this.#deps.store.checkpoint(lease, position, this.#readToTip)
          : 'unchanged',
      ),
    );
    return write.kind === 'written' ? { kind: 'stored' } : write;
  }

  async finish(childShards: readonly ChildShardDescription[]): Promise<FinishOutcome> {
    const childIds = childShards.map((child) => child.shardId).sort();
    // 1. Children first: a crash here leaves children that wait for a parent whose next owner finishes again.
    //    The other way round the children would never be read.
    const children = await this.#retry('create-children', async () => {
      await this.#deps.createChildren(this.#lease, childShards);
      return { kind: 'created' } as const;
    });
    if (children.kind === 'lost') return children;
    // 2. Then SHARD_END: from here on the children are readable.
    const write = await this.#retry('finish', () =>
      this.#write((lease) => (isFinished(lease) ? 'unchanged' : this.#deps.store.finish(lease, childIds))),
    );
    return write.kind === 'lost' ? write : { kind: 'finished' };
  }

  /** Renews, unless a write before it in the queue made it needless (a checkpoint is a renewal too).
   *  @throws what the store throws: the caller tries again. */
  async renew(isStillDue: () => boolean): Promise<void> {
    await this.#write((lease) =>
      isFinished(lease) || !isStillDue() ? 'unchanged' : this.#deps.store.renew(lease, this.#readToTip),
    );
  }

  /** Says no to whoever asks for the lease. @throws what the store throws. */
  async decline(): Promise<void> {
    await this.#write((lease) =>
      lease.ours.handOffTo === undefined ? 'unchanged' : this.#deps.store.decline(lease, this.#readToTip),
    );
  }

  /** Gives the lease back, or to the worker `to`, and closes. The handler must have returned, or been told `lost`
   *  by `close`. */
  async giveBack({ to, isDraining }: { to?: WorkerId | undefined; isDraining: boolean }): Promise<Write> {
    const known = this.#lease;
    const write = await this.#oneAtATime(() =>
      this.#settle((lease) => {
        if (isFinished(lease)) return 'unchanged';
        // The row as we know it may be older than the request; one read since tells whether it still stands.
        const isAsked = lease === known || lease.ours.handOffTo === to;
        if (to !== undefined && isAsked) return this.#deps.store.handOver(lease, to);
        return this.#deps.store.release(lease, { readToTip: this.#readToTip, isDraining });
      }),
    );
    this.close();
    return write;
  }

  /** Asks the reader to finish what is in flight. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Ends the handler's right to write. */
  close(): void {
    this.#lost.abort();
    this.#stopping.abort();
    this.#validity.wake();
  }

  /** The table says that the lease is somebody else's. */
  lose(owner: WorkerId | undefined): void {
    if (this.lost.aborted) return;
    this.#lostTo = owner;
    this.close();
    this.#deps.onLost(this);
  }

  #lostOutcome = (): LeaseLost => ({ kind: 'lost', owner: this.#lostTo });

  /** Repeats what can be repeated while the lease is not lost. */
  async #retry<T extends { readonly kind: string }>(
    what: string,
    operation: () => Promise<T>,
  ): Promise<Exclude<T, { kind: 'stale' | 'lost' }> | LeaseLost> {
    const about = { shardId: this.leaseKey, reason: what };
    const result = await retryUntil(this.#deps, this.lost, about, operation);
    if (result === 'aborted' || result.kind === 'lost' || result.kind === 'stale') return this.#lostOutcome();
    return result as Exclude<T, { kind: 'stale' | 'lost' }>;
  }

  #write(attempt: Attempt): Promise<Write> {
    return this.#oneAtATime(async () => {
      if (this.lost.aborted) return this.#lostOutcome();
      const write = await this.#settle(attempt);
      if (write.kind === 'lost' || write.kind === 'stale') {
        this.lose(write.kind === 'lost' ? write.owner : write.lease.owner);
        return this.#lostOutcome();
      }
      return write;
    });
  }

  /** One conditional write; rows of our own lost answers are taken over and the write is tried on top of them. */
  async #settle(attempt: Attempt): Promise<Write> {
    for (let adoptions = 0; ; adoptions += 1) {
      const startedAtMs = this.#deps.clock.monotonicMs();
      const pending = attempt(this.#lease);
      if (pending === 'unchanged') return { kind: 'unchanged' };
      this.#validity.began(startedAtMs);
      const write = await pending;
      if (write.kind === 'lost') return write;
      this.#lease = write.lease;
      if (write.kind === 'written') {
        if (write.lease.ours.handOffTo !== undefined && !this.stopping.aborted) this.#deps.onAsked();
        this.#validity.stored(startedAtMs, write.recovered);
        if (write.recovered) this.#announceRecovery();
        return write;
      }
      if (adoptions === ADOPTIONS_MAX) return write;
    }
  }

  #announceRecovery(): void {
    this.#deps.log.info('lease.recovered', 'a write was stored although its answer was lost', {
      shardId: this.leaseKey,
      leaseCounter: this.#lease.counter,
      checkpoint: formatPosition(this.#lease.checkpoint),
    });
  }
}

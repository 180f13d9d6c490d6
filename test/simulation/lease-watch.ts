/** Looks at every write to the lease table as it is applied: invariants I3 to I6 of docs/reliability.md. */
import type { SimKinesis } from './sim-kinesis.ts';

type Item = Readonly<Record<string, unknown>>;

export interface LeaseWatchOptions {
  readonly kinesis: SimKinesis;
  readonly failoverTimeMs: number;
  readonly nowMs: () => number;
  readonly violate: (invariant: string, what: string) => void;
  /** The first record of the shard up to and with `sequenceNumber` (undefined: all) whose effects are not durable. */
  readonly firstUndurable: (shardId: string, through: bigint | undefined) => string | undefined;
  /** Workers that believe at this moment that they may work on the shard. */
  readonly believers: (shardId: string) => readonly string[];
}

interface Seen {
  /** When the counter last moved. */
  movedAtMs: number;
  /** When its owner was asked for it. */
  askedAtMs?: number | undefined;
}

const text = (item: Item | undefined, name: string): string | undefined => item?.[name] as string | undefined;
const number = (item: Item | undefined, name: string): number | undefined => {
  const value = item?.[name];
  return value === undefined ? undefined : Number((value as { value?: string }).value ?? value);
};

/** A checkpoint's place in its shard, for comparing: sentinels lie before all records, SHARD_END after them. */
function placeOf(item: Item): readonly [bigint, number] {
  const checkpoint = text(item, 'checkpoint') ?? '';
  if (checkpoint === 'SHARD_END') return [2n ** 200n, 0];
  return [
    /^\d+$/.test(checkpoint) ? BigInt(checkpoint) : -1n,
    number(item, 'checkpointSubSequenceNumber') ?? 0,
  ];
}

export class LeaseWatch {
  /** Shards whose lease once said SHARD_END. */
  readonly finished = new Set<string>();
  /** The table as it is. */
  readonly rows = new Map<string, Item>();
  private readonly options: LeaseWatchOptions;
  private readonly seen = new Map<string, Seen>();

  constructor(options: LeaseWatchOptions) {
    this.options = options;
  }

  /** `caller`: the worker whose write it is. */
  changed(caller: string, before: Item | undefined, after: Item | undefined): void {
    const shardId = text(after ?? before, 'leaseKey') ?? '';
    if (after) this.rows.set(shardId, after);
    else this.rows.delete(shardId);
    if (after === undefined) {
      if (!this.finished.has(shardId))
        this.options.violate('I4', `${shardId}: an unfinished lease was deleted`);
      this.seen.delete(shardId);
      return;
    }
    const seen = this.seen.get(shardId) ?? { movedAtMs: this.options.nowMs() };
    if (before) {
      this.checkProgress(shardId, caller, before, after);
      this.checkOwner(shardId, caller, before, after, seen);
    }
    if (number(before, 'leaseCounter') !== number(after, 'leaseCounter'))
      seen.movedAtMs = this.options.nowMs();
    if (text(after, 'handOffTo') === undefined) seen.askedAtMs = undefined;
    else if (text(before, 'handOffTo') === undefined) seen.askedAtMs = this.options.nowMs();
    this.seen.set(shardId, seen);
  }

  /** Somebody reads records of a shard. */
  read(shardId: string): void {
    for (const parent of this.options.kinesis.shard(shardId).parents) {
      if (this.finished.has(parent)) continue;
      // A parent past the retention, or one that never had a lease because its children had theirs already.
      if (this.rows.has(parent))
        this.options.violate('I6', `${shardId} is read while ${parent} is not finished`);
    }
  }

  private checkProgress(shardId: string, caller: string, before: Item, after: Item): void {
    const [was, is] = [placeOf(before), placeOf(after)];
    if (was[0] === is[0] && was[1] === is[1]) return;
    const { violate, firstUndurable } = this.options;
    if (is[0] < was[0] || (is[0] === was[0] && is[1] < was[1]))
      violate('I4', `${caller} moved ${shardId} back from ${text(before, 'checkpoint')}`);
    if (text(before, 'leaseOwner') !== caller)
      violate(
        'I5',
        `${caller} checkpointed ${shardId}, which is ${text(before, 'leaseOwner') ?? 'nobody'}'s`,
      );
    const isEnd = text(after, 'checkpoint') === 'SHARD_END';
    const missing = firstUndurable(shardId, isEnd ? undefined : is[0]);
    if (missing !== undefined)
      violate('I3', `${shardId} was checkpointed beyond ${missing}, which is not stored`);
    if (isEnd) this.finish(shardId);
  }

  private finish(shardId: string): void {
    const { kinesis, violate } = this.options;
    const shard = kinesis.shards().find(({ id }) => id === shardId);
    if (shard && shard.endsAt === undefined) violate('I4', `${shardId} says SHARD_END and is open`);
    this.finished.add(shardId);
  }

  private checkOwner(shardId: string, caller: string, before: Item, after: Item, seen: Seen): void {
    const [was, is] = [text(before, 'leaseOwner'), text(after, 'leaseOwner')];
    const { violate, failoverTimeMs, nowMs, believers } = this.options;
    if (number(after, 'leaseCounter') !== number(before, 'leaseCounter') && was !== caller && is !== caller)
      violate('I5', `${caller} wrote the lease of ${shardId}, which is ${was ?? 'nobody'}'s`);
    if (was === is || is !== caller) return;
    // A take.
    if (was === undefined) return;
    const others = believers(shardId).filter((worker) => worker !== caller);
    const isAsked = seen.askedAtMs !== undefined && nowMs() - seen.askedAtMs >= failoverTimeMs;
    // Who asks and gets no answer may steal; the owner learns it by its next write, and no effect of it is fenced.
    if (isAsked) return;
    if (others.length > 0)
      violate('I5', `${caller} took ${shardId} while ${others.join()} may still work on it`);
    if (nowMs() - seen.movedAtMs < failoverTimeMs)
      violate(
        'I5',
        `${caller} took ${shardId} from ${was} only ${nowMs() - seen.movedAtMs} ms after its last sign`,
      );
  }
}

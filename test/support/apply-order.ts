/** Replays what the engine has done and looks for an order that must not be:
 *
 *    I3  a checkpoint was stored before the effect of a record that it covers
 *    I4  a checkpoint went back, or a finished shard was begun again
 *    I5  a worker's write to a lease was accepted after another worker had taken it, or a lease was taken from an
 *        owner that had renewed it less than a failover time ago and had not been asked for it as long ago
 *
 *  A proxy does not see the order in which the engine does calls that overlap. Of one lease it need not: each write
 *  is conditional on the counter and raises it, so the counters of the resulting rows are the order. For I3 an effect
 *  and a checkpoint are compared by what is certain: the effect cannot be older than the sending of its write, and
 *  the checkpoint cannot be younger than the engine's answer to it. So overlapping calls are never a violation, and
 *  what is reported as one is. Written apart from `src/leases`, so that the two check each other. */
import type { AppliedLeaseWrite, ApplyLog, LeaseRowState } from './apply-log.ts';

export interface Violation {
  /** `log`: the log contradicts itself or misses something, and proves nothing. */
  readonly invariant: 'I3' | 'I4' | 'I5' | 'log';
  readonly leaseKey: string;
  readonly what: string;
}

/** A record of the stream, and what must be durable once a checkpoint covers it. */
export interface StreamedRecord {
  readonly sequenceNumber: string;
  readonly effects: readonly { readonly subSequenceNumber: number; readonly key: string }[];
}

export interface ApplyOrderInput {
  readonly log: Pick<ApplyLog, 'leaseWrites' | 'effects' | 'unknown'>;
  /** By shard, each shard's in order. */
  readonly records: ReadonlyMap<string, readonly StreamedRecord[]>;
  readonly failoverTimeMs: number;
}

type RowWrite = AppliedLeaseWrite & { readonly row: LeaseRowState };

/** Two processes' clocks may run at slightly different rates. */
const CLOCK_TOLERANCE = 0.02;

const BEFORE_ALL = new Set(['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP']);

/** Before every record, at one, after all. */
const rankOf = ({ checkpoint }: LeaseRowState): number =>
  BEFORE_ALL.has(checkpoint) ? 0 : checkpoint === 'SHARD_END' ? 2 : 1;

/** Negative when `a` is before `b`. */
function compareRows(a: LeaseRowState, b: LeaseRowState): number {
  if (rankOf(a) !== rankOf(b) || rankOf(a) !== 1) return rankOf(a) - rankOf(b);
  const [left, right] = [BigInt(a.checkpoint), BigInt(b.checkpoint)];
  return left === right ? a.subSequenceNumber - b.subSequenceNumber : left < right ? -1 : 1;
}

const at = ({ checkpoint, subSequenceNumber }: LeaseRowState): string => `${checkpoint}/${subSequenceNumber}`;

class LeaseReplay {
  readonly violations: Violation[] = [];
  private readonly leaseKey: string;
  private readonly input: ApplyOrderInput;
  private recordsCovered = 0;
  private asked: readonly AppliedLeaseWrite[] = [];

  constructor(leaseKey: string, input: ApplyOrderInput) {
    this.leaseKey = leaseKey;
    this.input = input;
  }

  private report(invariant: Violation['invariant'], what: string): void {
    this.violations.push({ invariant, leaseKey: this.leaseKey, what });
  }

  /** `writes`: of this lease, in any order. */
  run(writes: readonly AppliedLeaseWrite[]): void {
    const removed = writes.find(({ kind }) => kind === 'removed');
    this.asked = writes.filter(({ kind }) => kind === 'asked');
    const rows = writes
      .filter((write): write is RowWrite => write.row !== undefined)
      .sort((a, b) => a.row.counter - b.row.counter);
    if (removed && rows.at(-1)?.row.checkpoint !== 'SHARD_END')
      this.report('I4', 'the lease was removed before its shard was finished');
    if (removed && rows.some(({ sentAtMs }) => sentAtMs > removed.appliedByMs))
      this.report('I4', 'the lease was written after it had been removed');
    for (const [index, write] of rows.entries()) {
      const before = rows[index - 1];
      if (before) this.step(before, write);
      else if (write.kind !== 'created') this.report('log', `begins with counter ${write.row.counter}`);
      this.checkEffects(write);
    }
  }

  private step(before: RowWrite, write: RowWrite): void {
    const { row } = write;
    if (row.counter === before.row.counter)
      this.report('I5', `${before.caller} and ${write.caller} were both accepted on counter ${row.counter}`);
    else if (row.counter > before.row.counter + 1)
      this.report('log', `no write between the counters ${before.row.counter} and ${row.counter}`);
    else if (write.appliedByMs < before.sentAtMs)
      this.report('log', `counter ${row.counter} was answered before counter ${before.row.counter} was sent`);
    if (compareRows(row, before.row) < 0)
      this.report('I4', `${write.caller} moved the checkpoint from ${at(before.row)} to ${at(row)}`);
    this.checkOwner(before, write);
  }

  private checkOwner(before: RowWrite, write: RowWrite): void {
    const { owner } = before.row;
    if (owner === write.caller) return;
    const isTake = write.row.owner === write.caller;
    if (!isTake) {
      this.report('I5', `${write.caller} wrote to the lease of ${owner ?? 'nobody'}`);
      return;
    }
    if (compareRows(write.row, before.row) !== 0)
      this.report('I5', `${write.caller} moved the checkpoint while taking the lease`);
    if (owner !== undefined) this.checkTake(before, write, owner);
  }

  /** From an owner that is dead, or that did not answer a request for as long. */
  private checkTake(before: RowWrite, write: RowWrite, owner: string): void {
    const leastMs = this.input.failoverTimeMs * (1 - CLOCK_TOLERANCE);
    const sinceMs = ({ sentAtMs }: AppliedLeaseWrite): number => write.appliedByMs - sentAtMs;
    const isUnanswered = this.asked.some((ask) => ask.caller === write.caller && sinceMs(ask) >= leastMs);
    if (sinceMs(before) >= leastMs || isUnanswered) return;
    this.report(
      'I5',
      `${write.caller} took the lease of ${owner} at most ${sinceMs(before).toFixed(0)} ms after its last write`,
    );
  }

  /** What the row's checkpoint covers beyond what was looked at before. */
  private checkEffects({ row, caller, appliedByMs }: RowWrite): void {
    const rank = rankOf(row);
    if (rank === 0) return;
    const records = this.input.records.get(this.leaseKey) ?? [];
    for (; this.recordsCovered < records.length; this.recordsCovered += 1) {
      const { sequenceNumber, effects } = records[this.recordsCovered] as StreamedRecord;
      const side = rank === 2 ? -1 : BigInt(sequenceNumber) - BigInt(row.checkpoint);
      if (side > 0) return;
      const covered = effects.filter(
        ({ subSequenceNumber }) => side < 0 || subSequenceNumber <= row.subSequenceNumber,
      );
      for (const { key } of covered) {
        const earliestMs = this.input.log.effects.get(key);
        if (earliestMs !== undefined && earliestMs <= appliedByMs) continue;
        const late =
          earliestMs === undefined ? 'is nowhere' : `came ${(earliestMs - appliedByMs).toFixed(0)} ms later`;
        this.report('I3', `${caller} checkpointed ${at(row)}, but ${key} of ${sequenceNumber} ${late}`);
      }
      // A part of an aggregate: the rest is looked at with the checkpoint that covers it.
      if (covered.length < effects.length) return;
    }
  }
}

/** All violations, of all leases. */
export function checkApplyOrder(input: ApplyOrderInput): Violation[] {
  const byLease = new Map<string, AppliedLeaseWrite[]>();
  for (const write of input.log.leaseWrites)
    byLease.set(write.leaseKey, [...(byLease.get(write.leaseKey) ?? []), write]);
  const violations = [...byLease].flatMap(([leaseKey, writes]) => {
    const replay = new LeaseReplay(leaseKey, input);
    replay.run(writes);
    return replay.violations;
  });
  const blind = [...new Set(input.log.unknown)].map(
    (what): Violation => ({ invariant: 'log', leaseKey: '', what }),
  );
  return [...violations, ...blind];
}

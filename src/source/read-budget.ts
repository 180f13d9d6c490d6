import type { Clock } from '../time.ts';

// Source: Kinesis API, GetRecords: 5 calls and 2 MB a second per shard, shared by all who read it.
const READS_PER_SECOND = 5;
const BYTES_PER_SECOND = 2_000_000;
/** Calls on their way come closer together than they were sent; a sixth in a second would cost more than this. */
const MARGIN_MS = 10;
const BETWEEN_READS_MS = 1000 / READS_PER_SECOND + MARGIN_MS;

/** A read that begins later than it might, because the process was busy, is caught up with, up to so much: without
 *  this a busy worker reads a twentieth less than Kinesis gives. */
const LATE_MAX_MS = 100;

/** When a shard may be read again, so that reading alone never gets throttled. */
export class ReadBudget {
  private readonly clock: Clock;
  private lastReadAtMs = Number.NEGATIVE_INFINITY;
  private notBeforeMs = Number.NEGATIVE_INFINITY;
  /** What was read is paid for until then. */
  private paidUntilMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How long to wait before the next read. Unit: ms; 0 or less is now. */
  get waitMs(): number {
    return this.notBeforeMs - this.clock.monotonicMs();
  }

  /** A read begins. */
  begin(): void {
    this.lastReadAtMs = this.clock.monotonicMs();
    this.notBeforeMs = this.lastReadAtMs + BETWEEN_READS_MS;
  }

  /** The read brought `bytes`: they are paid for from the moment it might have begun. */
  spend(bytes: number): void {
    const fromMs = Math.min(Math.max(this.paidUntilMs, this.lastReadAtMs - LATE_MAX_MS), this.lastReadAtMs);
    this.paidUntilMs = fromMs + (bytes / BYTES_PER_SECOND) * 1000;
    this.atLeastUntil(this.paidUntilMs);
  }

  /** No read for `ms` from now: nothing new is expected, or the service needs rest. */
  rest(ms: number): void {
    this.atLeastUntil(this.clock.monotonicMs() + ms);
  }

  private atLeastUntil(monotonicMs: number): void {
    this.notBeforeMs = Math.max(this.notBeforeMs, monotonicMs);
  }
}

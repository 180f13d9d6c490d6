import { MeterError } from '../errors.ts';
import type { BatchCounts, MetricsSnapshot, PageCounts } from './metrics.ts';

type Counts = Map<string, number>;

const addAll = (totals: Counts, counts: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const [name, count] of counts) {
    totals.set(name, (totals.get(name) ?? 0) + count);
    sum += count;
  }
  return sum;
};

/** Plain totals of one process, exact: the run's summary, and what tests hold against the truth. */
export class RunTotals {
  private readonly ignoredByReason: Counts = new Map();
  private readonly deadLetteredByReason: Counts = new Map();
  private readonly anomalies: Counts = new Map();
  private readonly appliedByType: Counts = new Map();
  private read = 0;
  private applied = 0;
  private duplicate = 0;
  private ignored = 0;
  private deadLettered = 0;
  private downloadBytes = 0n;
  private uploadBytes = 0n;
  private records = 0;
  private recordBytes = 0;
  private missingBytes = 0n;
  private shortSessions = 0;
  writes = 0;
  writeUnits = 0;
  conflicts = 0;
  throttles = 0;
  gaps = 0;

  /** @throws MeterError `invariant-broken` when an event is missing in the batch, or in it twice. */
  addBatch(batch: BatchCounts): void {
    const ignored = addAll(this.ignoredByReason, batch.ignored);
    const deadLettered = addAll(this.deadLetteredByReason, batch.deadLettered);
    if (batch.read !== batch.applied + batch.duplicate + ignored + deadLettered)
      throw new MeterError('invariant-broken', `a batch of ${batch.read} events does not add up`);
    this.read += batch.read;
    this.applied += batch.applied;
    this.duplicate += batch.duplicate;
    this.ignored += ignored;
    this.deadLettered += deadLettered;
    addAll(this.anomalies, batch.anomalies);
    addAll(this.appliedByType, batch.appliedByType);
    this.downloadBytes += batch.downloadBytes;
    this.uploadBytes += batch.uploadBytes;
  }

  addMissing(before: bigint, after: bigint): void {
    this.missingBytes += after - before;
    this.shortSessions += Number(after > 0n) - Number(before > 0n);
  }

  addPage(page: PageCounts): void {
    this.records += page.records.length;
    this.recordBytes += page.bytes;
  }

  snapshot(): MetricsSnapshot {
    return {
      read: this.read,
      applied: this.applied,
      duplicate: this.duplicate,
      ignored: this.ignored,
      deadLettered: this.deadLettered,
      ignoredByReason: Object.fromEntries(this.ignoredByReason),
      deadLetteredByReason: Object.fromEntries(this.deadLetteredByReason),
      anomalies: Object.fromEntries(this.anomalies),
      appliedByType: Object.fromEntries(this.appliedByType),
      downloadBytes: this.downloadBytes,
      uploadBytes: this.uploadBytes,
      missingBytes: this.missingBytes,
      shortSessions: this.shortSessions,
      records: this.records,
      recordBytes: this.recordBytes,
      writes: this.writes,
      writeUnits: this.writeUnits,
      conflicts: this.conflicts,
      throttles: this.throttles,
      gaps: this.gaps,
    };
  }
}

/** The vendor's records of all files, by SIM and period. Pure. */
import { type Granularity, PERIOD_MS, type UsageRecord } from './usage-record.ts';

/** What the vendor says of one SIM and period. */
export interface VendorPeriod {
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  readonly isUnbilled: boolean;
}

interface Part {
  readonly record: UsageRecord;
  readonly at: string;
}

/** A month of hours of 1,300 SIMs. 720,000 of them took 0.5 GB and 11 s (measured, Node 20). */
const RECORDS_MAX = 1_000_000;

const bytesOf = ({ downloadBytes, uploadBytes }: UsageRecord): string => `${downloadBytes} ${uploadBytes}`;

export class VendorUsage {
  private readonly sims = new Map<string, Map<number, Part[]>>();
  private first: Part | undefined;
  private startMs = Number.POSITIVE_INFINITY;
  private endMs = Number.NEGATIVE_INFINITY;
  /** Distinct records. */
  recordCount = 0;
  /** Records that came again with the same numbers, and were counted once. */
  repeatedCount = 0;

  /** Takes a record; answers what is wrong with it beside the others. `at`: file and line. */
  add(record: UsageRecord, at: string): string | undefined {
    this.first ??= { record, at };
    const { granularity } = this.first.record;
    if (record.granularity !== granularity)
      return `${at}: is of one ${record.granularity}, but ${this.first.at} of one ${granularity}: reconcile hours and days one after the other`;
    if (this.recordCount >= RECORDS_MAX)
      return `${at}: more than ${RECORDS_MAX} records: reconcile fewer days or SIMs at once`;
    const periods = this.sims.get(record.simSid) ?? new Map<number, Part[]>();
    const parts = periods.get(record.startMs) ?? [];
    const problem = this.contradiction(parts, record, at);
    if (problem !== undefined) return problem;
    if (parts.some((part) => part.record.split === record.split)) {
      this.repeatedCount += 1;
      return undefined;
    }
    this.sims.set(record.simSid, periods);
    periods.set(record.startMs, [...parts, { record, at }]);
    this.recordCount += 1;
    this.startMs = Math.min(this.startMs, record.startMs);
    this.endMs = Math.max(this.endMs, record.startMs + PERIOD_MS[granularity]);
    return undefined;
  }

  private contradiction(parts: readonly Part[], record: UsageRecord, at: string): string | undefined {
    const other = parts.find((part) => part.record.dimensions !== record.dimensions);
    if (other !== undefined)
      return `${at}: is grouped by other fields than ${other.at}, of the same SIM and period: together they would count twice`;
    const same = parts.find((part) => part.record.split === record.split);
    if (same === undefined || bytesOf(same.record) === bytesOf(record)) return undefined;
    return `${at}: says other bytes than ${same.at}, of the same SIM and period: leave out the older file`;
  }

  get granularity(): Granularity | undefined {
    return this.first?.record.granularity;
  }

  /** From the first period's start to the last one's end; undefined when there is no record. */
  get range(): { readonly startMs: number; readonly endMs: number } | undefined {
    return this.recordCount === 0 ? undefined : { startMs: this.startMs, endMs: this.endMs };
  }

  /** In order. */
  get simSids(): readonly string[] {
    return [...this.sims.keys()].sort();
  }

  /** By the period's start. */
  periodsOf(simSid: string): ReadonlyMap<number, VendorPeriod> {
    const periods = [...(this.sims.get(simSid) ?? [])].map(([startMs, parts]): [number, VendorPeriod] => [
      startMs,
      {
        downloadBytes: parts.reduce((sum, { record }) => sum + record.downloadBytes, 0n),
        uploadBytes: parts.reduce((sum, { record }) => sum + record.uploadBytes, 0n),
        isUnbilled: parts.some(({ record }) => record.isUnbilled),
      },
    ]);
    return new Map(periods);
  }
}

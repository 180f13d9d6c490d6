/** How `reconcile` shows what it found. Pure. */
import type { ComparedPeriod } from '../reconcile/compare.ts';
import { REASONS, type Reason } from '../reconcile/reasons.ts';
import { type Granularity, PERIOD_MS } from '../reconcile/usage-record.ts';
import { toIso } from '../time.ts';
import { cut, printable } from './text-table.ts';

const SIM_WIDTH = 34;
const BYTES_WIDTH = 14;
const REASON_WIDTH = Math.max(...REASONS.map((reason) => reason.length));
const HOUR_TEXT_LENGTH = '2026-01-31T05:00'.length;
const DAY_TEXT_LENGTH = '2026-01-31'.length;

const periodText = (ms: number, granularity: Granularity): string =>
  toIso(ms).slice(0, granularity === 'hour' ? HOUR_TEXT_LENGTH : DAY_TEXT_LENGTH);

/** Where a terminal is narrower, both sides' bytes are left out, sids are cut, and so is what has no room at the end. */
const WIDE = 120;
const SHORT_SIM_WIDTH = 12;
/** Columns that `WIDE` makes room for. */
export const hiddenColumns = (widthMax: number): readonly string[] =>
  widthMax < WIDE ? ['vendor bytes', 'our bytes'] : [];

interface RowLook {
  readonly granularity: Granularity;
  readonly widthMax: number;
}

function row(
  { granularity, widthMax }: RowLook,
  cells: readonly [string, string, string, string, string, string, string],
): string {
  const [sim, period, vendor, ours, difference, reason, because] = cells;
  const isWide = widthMax >= WIDE;
  const line = [
    isWide ? sim.padEnd(SIM_WIDTH) : cut(sim, SHORT_SIM_WIDTH).padEnd(SHORT_SIM_WIDTH),
    period.padEnd(granularity === 'hour' ? HOUR_TEXT_LENGTH : DAY_TEXT_LENGTH),
    ...(isWide ? [vendor.padStart(BYTES_WIDTH), ours.padStart(BYTES_WIDTH)] : []),
    difference.padStart(BYTES_WIDTH),
    reason.padEnd(REASON_WIDTH),
    because,
  ]
    .join('  ')
    .trimEnd();
  return line.length > widthMax ? `${line.slice(0, widthMax - 1)}…` : line;
}

const totalOf = ({ downloadBytes, uploadBytes }: ComparedPeriod['ours']): bigint =>
  downloadBytes + uploadBytes;

export const headerLine = (look: RowLook): string =>
  row(look, [
    'sim',
    `${look.granularity} (UTC)`,
    'vendor bytes',
    'our bytes',
    'difference',
    'reason',
    'because',
  ]);

export function periodLine(period: ComparedPeriod, look: RowLook): string {
  const { simSid, startMs, vendor, ours, differenceBytes, reason, because = '' } = period;
  const sign = differenceBytes > 0n ? '+' : '';
  const tolerated = reason !== undefined && period.isWithinTolerance ? ' (within tolerance)' : '';
  return printable(
    row(look, [
      simSid,
      periodText(startMs, look.granularity),
      String(totalOf(vendor)),
      String(totalOf(ours)),
      `${sign}${differenceBytes}`,
      reason ?? 'equal',
      `${because}${tolerated}`,
    ]),
  );
}

export const periodJson = (period: ComparedPeriod, granularity: Granularity): object => ({
  kind: period.reason === undefined ? 'equal' : 'difference',
  sim_sid: period.simSid,
  period: { start_time: toIso(period.startMs), end_time: toIso(period.startMs + PERIOD_MS[granularity]) },
  vendor: bytesJson(period.vendor),
  ours: bytesJson(period.ours),
  difference_bytes: period.differenceBytes,
  within_tolerance: period.isWithinTolerance,
  reason: period.reason ?? null,
  because: period.because ?? null,
});

const bytesJson = (bytes: ComparedPeriod['ours']): object => ({
  download_bytes: bytes.downloadBytes,
  upload_bytes: bytes.uploadBytes,
  total_bytes: totalOf(bytes),
});

/** What all periods come to. */
export class ReconcileSummary {
  simCount = 0;
  periodCount = 0;
  /** Differences that no tolerance and no accepted reason covers. */
  beyondCount = 0;
  private vendorBytes = 0n;
  private ourBytes = 0n;
  private readonly byReason = new Map<Reason, { count: number; bytes: bigint }>();
  private readonly accepted: ReadonlySet<Reason>;

  constructor(accepted: ReadonlySet<Reason>) {
    this.accepted = accepted;
  }

  add(period: ComparedPeriod): void {
    this.periodCount += 1;
    this.vendorBytes += totalOf(period.vendor);
    this.ourBytes += totalOf(period.ours);
    const { reason } = period;
    if (reason === undefined) return;
    const seen = this.byReason.get(reason) ?? { count: 0, bytes: 0n };
    this.byReason.set(reason, { count: seen.count + 1, bytes: seen.bytes + period.differenceBytes });
    if (!period.isWithinTolerance && !this.accepted.has(reason)) this.beyondCount += 1;
  }

  get json(): object {
    return {
      kind: 'summary',
      sims: this.simCount,
      periods: this.periodCount,
      differences: [...this.byReason.values()].reduce((sum, { count }) => sum + count, 0),
      beyond_tolerance: this.beyondCount,
      vendor_bytes: this.vendorBytes,
      our_bytes: this.ourBytes,
      difference_bytes: this.ourBytes - this.vendorBytes,
      reasons: Object.fromEntries(
        REASONS.flatMap((reason) => {
          const seen = this.byReason.get(reason);
          return seen === undefined ? [] : [[reason, { periods: seen.count, difference_bytes: seen.bytes }]];
        }),
      ),
    };
  }

  get line(): string {
    const reasons = REASONS.flatMap((reason) => {
      const seen = this.byReason.get(reason);
      return seen === undefined ? [] : `${seen.count} ${reason}`;
    });
    const differences = reasons.length === 0 ? 'all equal' : `differences: ${reasons.join(', ')}`;
    return `${this.simCount} SIM(s), ${this.periodCount} period(s), vendor ${this.vendorBytes} bytes, ours ${this.ourBytes}; ${differences}; ${this.beyondCount} beyond tolerance`;
  }
}

/** Sums hours of usage into rows by period; pure. */
import { fromIso, toIso } from '../time.ts';
import { ReaderError } from './reader-error.ts';
import type { UsageDay } from './usage-item.ts';
import { isOta, parseLine, type UsageLine } from './usage-line.ts';

export const HOUR_MS = 3_600_000;

export interface UsageBytes {
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  readonly totalBytes: bigint;
}

/** What was used in one period. */
export interface UsageRow extends UsageBytes {
  /** Start of the hour, day or month in UTC. ISO 8601 with milliseconds and `Z`. */
  readonly period: string;
  readonly simSid?: string;
  readonly fleetSid?: string;
  /** On all APNs but `ota.super`. */
  readonly user: UsageBytes;
  /** On `ota.super`: the SIM's own updates. */
  readonly ota: UsageBytes;
  /** By APN and network, in order; their sum is the row's. */
  readonly lines: readonly (UsageLine & UsageBytes)[];
}

export interface UsageRange {
  /** First hour. ISO 8601 with `Z`, or a day such as `2026-11-24`. A full hour. */
  readonly from: string;
  /** First hour no more counted. ISO 8601 with `Z`, or a day. A full hour. */
  readonly to: string;
  readonly by: 'hour' | 'day' | 'month';
  /** Adds what open sessions used in their current hour. Default true. */
  readonly includeOpen?: boolean;
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/;

/** @throws ReaderError `range-invalid`: a time without `Z` would depend on where the program runs. */
export function timeOf(name: string, value: string): number {
  const epochMs = TIME.test(value) ? fromIso(value) : Number.NaN;
  if (!Number.isNaN(epochMs)) return epochMs;
  throw new ReaderError('range-invalid', `${name} is not a time such as 2026-11-24T05:00:00Z or 2026-11-24`);
}

export interface HourRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @throws ReaderError `range-invalid` */
export function hourRangeOf({ from, to }: UsageRange): HourRange {
  const range = { fromMs: timeOf('from', from), toMs: timeOf('to', to) };
  if (range.fromMs % HOUR_MS !== 0 || range.toMs % HOUR_MS !== 0)
    throw new ReaderError(
      'range-invalid',
      'from and to are not full hours: usage is kept by the hour, in UTC',
    );
  if (range.fromMs > range.toMs) throw new ReaderError('range-invalid', 'from is later than to');
  return range;
}

export const isWithin = ({ fromMs, toMs }: HourRange, hourMs: number): boolean =>
  hourMs >= fromMs && hourMs < toMs;

/** How much of an hour's ISO text names the period, and what makes it a time again. */
const PERIODS = {
  hour: [13, ':00:00.000Z'],
  day: [10, 'T00:00:00.000Z'],
  month: [7, '-01T00:00:00.000Z'],
} as const;

const NOTHING: UsageBytes = { downloadBytes: 0n, uploadBytes: 0n, totalBytes: 0n };

const sum = (a: UsageBytes, b: UsageBytes): UsageBytes => ({
  downloadBytes: a.downloadBytes + b.downloadBytes,
  uploadBytes: a.uploadBytes + b.uploadBytes,
  totalBytes: a.totalBytes + b.totalBytes,
});

const inOrder = <T>(entries: ReadonlyMap<string, T>): T[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);

export type Amount = Pick<UsageBytes, 'downloadBytes' | 'uploadBytes'>;

export class UsageTally {
  private readonly by: UsageRange['by'];
  private readonly range: HourRange;
  private readonly periods = new Map<string, Map<string, UsageLine & UsageBytes>>();
  constructor(by: UsageRange['by'], range: HourRange) {
    this.by = by;
    this.range = range;
  }

  addHour(hourMs: number, { apn, mcc, mnc, isoCountry }: UsageLine, amount: Amount): void {
    if (!isWithin(this.range, hourMs)) return;
    const [length, rest] = PERIODS[this.by];
    const period = `${toIso(hourMs).slice(0, length)}${rest}`;
    const lines = this.periods.get(period) ?? new Map<string, UsageLine & UsageBytes>();
    this.periods.set(period, lines);
    const line: UsageLine = {
      ...(apn ? { apn } : {}),
      ...(mcc ? { mcc } : {}),
      ...(mnc ? { mnc } : {}),
      ...(isoCountry ? { isoCountry } : {}),
    };
    const key = JSON.stringify([apn ?? '', mcc ?? '', mnc ?? '', isoCountry ?? '']);
    const added = sum(lines.get(key) ?? NOTHING, {
      ...amount,
      totalBytes: amount.downloadBytes + amount.uploadBytes,
    });
    lines.set(key, { ...line, ...added });
  }

  addDay({ day, hours }: UsageDay): void {
    for (const [hour, lines] of Object.entries(hours))
      for (const [name, { down, up }] of Object.entries(lines))
        this.addHour(fromIso(`${day}T${hour}:00:00.000Z`), parseLine(name), {
          downloadBytes: down,
          uploadBytes: up,
        });
  }

  /** In the order of time; periods without usage are left out. */
  rows(subject: Pick<UsageRow, 'simSid' | 'fleetSid'>): UsageRow[] {
    return inOrder(
      new Map(
        [...this.periods].map(([period, byLine]) => {
          const lines = inOrder(byLine);
          const of = (some: readonly UsageBytes[]): UsageBytes => some.reduce(sum, NOTHING);
          return [
            period,
            {
              period,
              ...subject,
              ...of(lines),
              user: of(lines.filter((line) => !isOta(line))),
              ota: of(lines.filter(isOta)),
              lines,
            },
          ];
        }),
      ),
    );
  }
}

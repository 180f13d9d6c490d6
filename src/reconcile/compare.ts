/** One SIM's usage as the vendor has it and as we do, period by period, and why they differ. Pure.
 *  Source of the reasons: docs/reconciliation.md. */
import { type Edge, withoutEdgeWindows } from './edge-windows.ts';
import { type Reason, reasonOf } from './reasons.ts';
import { spansEdge } from './session-span.ts';
import type { Bytes, SimUsage } from './sim-usage.ts';
import { PERIOD_MS } from './usage-record.ts';

/** A difference may be as large as the larger of both. */
export interface Tolerance {
  readonly bytes: bigint;
  /** Of the vendor's bytes. Unit: millionths of a percent, so that it is exact. */
  readonly microPercent: bigint;
}

export interface ComparedPeriod {
  readonly simSid: string;
  readonly startMs: number;
  readonly vendor: Bytes;
  readonly ours: Bytes;
  /** Ours minus the vendor's, both directions together. */
  readonly differenceBytes: bigint;
  readonly isWithinTolerance: boolean;
  /** Absent when both are equal. */
  readonly reason?: Reason;
  readonly because?: string;
}

const NOTHING: Bytes = { downloadBytes: 0n, uploadBytes: 0n };
const HOUR_MS = PERIOD_MS.hour;
/** Windows are of six minutes; the longest that was seen. */
const WINDOW_MAX_MS = 459_000n;
const PERCENT_PARTS = 100_000_000n;

const totalOf = ({ downloadBytes, uploadBytes }: Bytes): bigint => downloadBytes + uploadBytes;
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const add = (a: Bytes, b: Bytes): Bytes => ({
  downloadBytes: a.downloadBytes + b.downloadBytes,
  uploadBytes: a.uploadBytes + b.uploadBytes,
});

interface Period {
  readonly startMs: number;
  readonly endMs: number;
  readonly vendor: Bytes;
  readonly ours: Bytes;
}

function periodsOf({ granularity, range, vendor, hours }: SimUsage): Period[] {
  const lengthMs = PERIOD_MS[granularity];
  return Array.from({ length: (range.endMs - range.startMs) / lengthMs }, (_, n) => {
    const startMs = range.startMs + n * lengthMs;
    let ours = NOTHING;
    for (let hour = startMs; hour < startMs + lengthMs; hour += HOUR_MS)
      ours = add(ours, hours.get(hour) ?? NOTHING);
    return { startMs, endMs: startMs + lengthMs, vendor: vendor.get(startMs) ?? NOTHING, ours };
  });
}

/** What one window could carry over the edge at `atMs`: no more than the hour holds in which we count it, and no more
 *  than the vendor has on the other side, where that is in the files. */
function edgeAt({ hours, sessions }: SimUsage, atMs: number, before?: Period, after?: Period): Edge {
  if (!sessions.some((session) => spansEdge(session, atMs))) return { forwardMax: 0n, backwardMax: 0n };
  const [hourBefore, hourAfter] = [hours.get(atMs - HOUR_MS) ?? NOTHING, hours.get(atMs) ?? NOTHING];
  const [oursBefore, oursAfter] = [totalOf(hourBefore), totalOf(hourAfter)];
  return {
    forwardMax: before === undefined ? oursAfter : smaller(oursAfter, totalOf(before.vendor)),
    backwardMax: after === undefined ? oursBefore : smaller(oursBefore, totalOf(after.vendor)),
  };
}

const differenceOf = ({ ours, vendor }: Period): bigint => totalOf(ours) - totalOf(vendor);

/** The largest difference of download, upload and total. */
const sizeOf = ({ ours, vendor }: Period): bigint =>
  [
    ours.downloadBytes - vendor.downloadBytes,
    ours.uploadBytes - vendor.uploadBytes,
    totalOf(ours) - totalOf(vendor),
  ]
    .map(absolute)
    .reduce((most, size) => (size > most ? size : most));

function isTolerated(size: bigint, vendor: Bytes, { bytes, microPercent }: Tolerance): boolean {
  return size <= bytes || size * PERCENT_PARTS <= microPercent * totalOf(vendor);
}

/** Every period of the range, in order. */
export function compareSim(sim: SimUsage, tolerance: Tolerance): readonly ComparedPeriod[] {
  const periods = periodsOf(sim);
  const boundaries = [...periods.map(({ startMs }) => startMs), sim.range.endMs];
  const left = withoutEdgeWindows({
    differences: periods.map(differenceOf),
    edges: boundaries.map((atMs, n) => edgeAt(sim, atMs, periods[n - 1], periods[n])),
    steadyMax: periods.map(
      ({ startMs, endMs, ours }) => (totalOf(ours) * WINDOW_MAX_MS) / BigInt(endMs - startMs),
    ),
    missingBytes: periods.map((period) =>
      sim.sessions
        .filter((session) => session.mayMissIn(period.startMs, period.endMs))
        .reduce((sum, { missingBytes }) => sum + missingBytes, 0n),
    ),
  });
  return periods.map((period, n) => {
    const { startMs, vendor, ours } = period;
    const size = sizeOf(period);
    const compared = {
      simSid: sim.simSid,
      startMs,
      vendor: { downloadBytes: vendor.downloadBytes, uploadBytes: vendor.uploadBytes },
      ours,
      differenceBytes: differenceOf(period),
      isWithinTolerance: isTolerated(size, vendor, tolerance),
    };
    if (size === 0n) return compared;
    const leftBytes = left[n] ?? 0n;
    return {
      ...compared,
      ...reasonOf(sim, { ...period, differenceBytes: compared.differenceBytes, leftBytes }),
    };
  });
}

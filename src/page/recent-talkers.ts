/** Which SIMs' data were counted most lately. In memory and only for the page: no SIM is ever a metric's label. */
import type { Clock } from '../time.ts';

/** Unit: ms. */
export const TALKERS_WINDOW_MS = 15 * 60_000;
/** The window moves by one slice at a time. */
const SLICE_MS = 3 * 60_000;
/** SIMs remembered of one slice: about 1 MB. Who comes later is not ranked in it. */
const SIMS_PER_SLICE_MAX = 10_000;

export interface Talker {
  readonly simSid: string;
  readonly bytes: number;
}

interface Slice {
  readonly sinceMs: number;
  readonly bytesBySim: Map<string, number>;
}

/** The SIMs with most bytes, most first. Pure. */
export function mostOf(bytesBySim: ReadonlyMap<string, number>, count: number): readonly Talker[] {
  return [...bytesBySim]
    .map(([simSid, bytes]) => ({ simSid, bytes }))
    .sort((a, b) => b.bytes - a.bytes || (a.simSid < b.simSid ? -1 : 1))
    .slice(0, count);
}

/** Adds up what several workers say. Pure. */
export function sumTalkers(all: readonly (readonly Talker[])[], count: number): readonly Talker[] {
  const sums = new Map<string, number>();
  for (const { simSid, bytes } of all.flat()) sums.set(simSid, (sums.get(simSid) ?? 0) + bytes);
  return mostOf(sums, count);
}

export class RecentTalkers {
  private readonly clock: Clock;
  private slices: Slice[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  count(simSid: string, bytes: number): void {
    if (bytes <= 0) return;
    const { bytesBySim } = this.current();
    const before = bytesBySim.get(simSid);
    if (before !== undefined || bytesBySim.size < SIMS_PER_SLICE_MAX)
      bytesBySim.set(simSid, (before ?? 0) + bytes);
  }

  most(count: number): readonly Talker[] {
    this.current();
    return sumTalkers(
      this.slices.map(({ bytesBySim }) => mostOf(bytesBySim, SIMS_PER_SLICE_MAX)),
      count,
    );
  }

  private current(): Slice {
    const nowMs = this.clock.monotonicMs();
    const last = this.slices.at(-1);
    if (last && nowMs - last.sinceMs < SLICE_MS) return last;
    const slice = { sinceMs: nowMs, bytesBySim: new Map<string, number>() };
    this.slices = [...this.slices.filter(({ sinceMs }) => nowMs - sinceMs < TALKERS_WINDOW_MS), slice];
    return slice;
  }
}

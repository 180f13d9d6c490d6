/** A week of 100 SIMs whose vendor splits each window over the hours by its seconds, while we count it where it ends. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import { compareSim } from '../../../src/reconcile/compare.ts';
import { type SessionSpan, sessionSpan } from '../../../src/reconcile/session-span.ts';
import type { SimUsage } from '../../../src/reconcile/sim-usage.ts';
import { toIso } from '../../../src/time.ts';

const HOUR_MS = 3_600_000;
const WINDOW_MS = 400_000;
const START_MS = Date.parse('2026-11-01T00:00:00Z');
const END_MS = START_MS + 7 * 24 * HOUR_MS;
const SIMS = 100;

type Next = () => number;
const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

class Books {
  readonly vendor = new Map<number, number>();
  readonly ours = new Map<number, number>();
  readonly sessions: SessionSpan[] = [];
  readonly lossHours = new Set<number>();

  /** One session of windows of 0 to 2,980 bytes, most of them small. */
  addSession(next: Next, lossShare: number, startMs: number, endMs: number): void {
    const count = Math.ceil((endMs - startMs) / WINDOW_MS);
    let missing = 0;
    for (let n = 0; n < count; n += 1) {
      const [from, to] = [n, n + 1].map((k) => startMs + ((endMs - startMs) * k) / count) as [number, number];
      const bytes = Math.floor(Math.exp(next() * 8));
      const before =
        hourOf(from) === hourOf(to) ? 0 : Math.round((bytes * (hourOf(to) - from)) / (to - from));
      this.add(this.vendor, hourOf(from), before);
      this.add(this.vendor, hourOf(to), bytes - before);
      // The last one's loss shows nowhere.
      const isLost = next() < lossShare && n < count - 1;
      if (isLost) this.lossHours.add(hourOf(to));
      else this.add(this.ours, hourOf(to), bytes);
      if (isLost) missing += bytes;
    }
    this.sessions.push(
      sessionSpan({
        data_session_sid: `PI${this.sessions.length}`,
        status: 'ended',
        started_at: toIso(startMs),
        ended_at: toIso(endMs),
        usage_through: toIso(endMs),
        missing_bytes: BigInt(missing),
      }),
    );
  }

  private add(book: Map<number, number>, hour: number, bytes: number): void {
    book.set(hour, (book.get(hour) ?? 0) + bytes);
  }

  get usage(): SimUsage {
    const side = (book: ReadonlyMap<number, number>) =>
      new Map(
        [...book].map(([hour, bytes]) => [
          hour,
          { downloadBytes: BigInt(bytes), uploadBytes: 0n, isUnbilled: false },
        ]),
      );
    return {
      simSid: 'HS1',
      granularity: 'hour',
      range: { startMs: START_MS, endMs: END_MS },
      vendor: side(this.vendor),
      hours: side(this.ours),
      sessions: this.sessions,
      gaps: [],
    };
  }
}

function givenBooks(next: Next, lossShare: number): Books {
  const books = new Books();
  let atMs = START_MS + next() * 5 * HOUR_MS;
  while (atMs < END_MS - HOUR_MS) {
    const endMs = Math.min(atMs + HOUR_MS * (0.5 + next() * 30), END_MS - 60_000);
    books.addSession(next, lossShare, atMs, endMs);
    atMs = endMs + next() * 3 * HOUR_MS;
  }
  return books;
}

/** `edge-window` → how many hours got it; hours with a loss apart. */
function reasonsOf(lossShare: number) {
  const random = seededRandom(1);
  const counts = { lost: new Map<string, number>(), whole: new Map<string, number>() };
  for (let sim = 0; sim < SIMS; sim += 1) {
    const books = givenBooks(() => random.next(), lossShare);
    for (const { startMs, reason = 'equal' } of compareSim(books.usage, { bytes: 0n, microPercent: 0n })) {
      const group = books.lossHours.has(startMs) ? counts.lost : counts.whole;
      group.set(reason, (group.get(reason) ?? 0) + 1);
    }
  }
  return counts;
}

describe('a vendor that splits windows by their seconds', () => {
  it('differs by edge windows, but for a few chance cases, when no event is lost', () => {
    const { lost, whole } = reasonsOf(0);
    const edgeWindows = whole.get('edge-window') ?? 0;
    const others = (whole.get('extra') ?? 0) + (whole.get('unexplained') ?? 0);

    expect([lost.size, whole.has('missing-events')]).toEqual([0, false]);
    expect(edgeWindows).toBeGreaterThan(10_000);
    expect(others / edgeWindows).toBeLessThan(0.002);
  });

  it('is rarely said to lack bytes, and most losses are found, when one window in 3,300 is lost', () => {
    const { lost, whole } = reasonsOf(0.0003);
    const share = (counts: ReadonlyMap<string, number>, reason: string): number =>
      (counts.get(reason) ?? 0) / [...counts.values()].reduce((a, b) => a + b, 0);

    expect(share(whole, 'extra')).toBeLessThan(0.005);
    expect(share(whole, 'unexplained')).toBeLessThan(0.005);
    expect(share(lost, 'missing-events')).toBeGreaterThan(0.5);
  });
});

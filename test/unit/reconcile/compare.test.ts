import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareSim, type Tolerance } from '../../../src/reconcile/compare.ts';
import { withoutEdgeWindows } from '../../../src/reconcile/edge-windows.ts';
import { sessionSpan } from '../../../src/reconcile/session-span.ts';
import type { Bytes, SimUsage } from '../../../src/reconcile/sim-usage.ts';
import type { VendorPeriod } from '../../../src/reconcile/vendor-usage.ts';
import { toIso } from '../../../src/time.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-11-24T00:00:00Z');
const EXACT: Tolerance = { bytes: 0n, microPercent: 0n };

const bytes = (total: bigint): Bytes => ({ downloadBytes: total - total / 4n, uploadBytes: total / 4n });
const atHour = (n: number): string => toIso(START_MS + n * HOUR_MS);

interface Given {
  /** Totals by hour. Ours begin one hour before the range when `hasHourBefore`. */
  readonly vendor: readonly number[];
  readonly ours: readonly number[];
  readonly before?: number;
  readonly after?: number;
  readonly sessions?: readonly Partial<Parameters<typeof sessionSpan>[0]>[];
  readonly gaps?: readonly number[];
  readonly unbilled?: readonly number[];
}

/** An ended session over all hours that misses nothing. */
const WHOLE = {
  data_session_sid: 'PI1',
  status: 'ended',
  started_at: atHour(-2),
  ended_at: atHour(100),
  usage_through: atHour(100),
  missing_bytes: 0n,
};

function givenSim({
  vendor,
  ours,
  before = 0,
  after = 0,
  sessions = [{}],
  gaps = [],
  unbilled = [],
}: Given): SimUsage {
  const vendorPeriod = (total: number, n: number): [number, VendorPeriod] => [
    START_MS + n * HOUR_MS,
    { ...bytes(BigInt(total)), isUnbilled: unbilled.includes(n) },
  ];
  return {
    simSid: 'HS1',
    granularity: 'hour',
    range: { startMs: START_MS, endMs: START_MS + vendor.length * HOUR_MS },
    vendor: new Map(vendor.map(vendorPeriod)),
    hours: new Map(
      [before, ...ours, after].map((total, n) => [START_MS + (n - 1) * HOUR_MS, bytes(BigInt(total))]),
    ),
    sessions: sessions.map((session) => sessionSpan({ ...WHOLE, ...session })),
    gaps: gaps.map((hour) => ({ shardId: 'shardId-000000000000', recordedAtMs: START_MS + hour * HOUR_MS })),
  };
}

/** `1 -500 extra`: the hour, the difference, the reason; equal hours are left out. */
const found = (given: Given, tolerance: Tolerance = EXACT): string[] =>
  compareSim(givenSim(given), tolerance).flatMap(({ startMs, differenceBytes, reason }) =>
    reason === undefined ? [] : `${(startMs - START_MS) / HOUR_MS} ${differenceBytes} ${reason}`,
  );

describe('each reason', () => {
  it('equal usage has none', () => {
    expect(found({ vendor: [1000, 0, 5], ours: [1000, 0, 5] })).toEqual([]);
  });

  it('edge-window: a window that straddles an edge is on its other side, in either direction', () => {
    expect(found({ vendor: [1000, 500, 900], ours: [900, 600, 900] })).toEqual([
      '0 -100 edge-window',
      '1 100 edge-window',
    ]);
    expect(found({ vendor: [900, 600, 900], ours: [1000, 500, 900] })).toEqual([
      '0 100 edge-window',
      '1 -100 edge-window',
    ]);
  });

  it('edge-window: over several edges in a row', () => {
    expect(found({ vendor: [1000, 1000, 1000, 1000, 50], ours: [950, 990, 1060, 1000, 50] })).toEqual([
      '0 -50 edge-window',
      '1 -10 edge-window',
      '2 60 edge-window',
    ]);
  });

  it('edge-window: never more than the hour beside the edge holds, nor where no session was open', () => {
    expect(found({ vendor: [500, 0, 10], ours: [0, 500, 10] })).toEqual([
      '0 -500 edge-window',
      '1 500 edge-window',
    ]);
    // Ours has 120 after the edge, so 500 cannot have come over it.
    expect(found({ vendor: [10, 620, 20, 10], ours: [10, 120, 520, 10], sessions: [{}] })).toEqual([
      '1 -500 edge-window',
      '2 500 edge-window',
    ]);
    expect(found({ vendor: [10, 100, 620, 10], ours: [10, 600, 120, 10] })).toEqual([
      '1 500 edge-window',
      '2 -500 edge-window',
    ]);
    const apart = [
      { ended_at: atHour(1.5), usage_through: atHour(1.5) },
      { data_session_sid: 'PI2', started_at: atHour(2) },
    ];
    expect(found({ vendor: [10, 620, 20, 10], ours: [10, 120, 520, 10], sessions: apart })).toEqual([
      '1 -500 unexplained',
      '2 500 extra',
    ]);
  });

  it('edge-window: a steady device’s equal hours may stand between, no larger share', () => {
    expect(found({ vendor: [9, 900, 800, 800, 700], ours: [9, 800, 800, 800, 800] })).toEqual([
      '1 -100 edge-window',
      '4 100 edge-window',
    ]);
    expect(found({ vendor: [9, 910, 800, 800, 690], ours: [9, 800, 800, 800, 800] })).toEqual([
      '1 -110 unexplained',
      '4 110 extra',
    ]);
  });

  it('edge-window: at the first and the last period the other side is in no file', () => {
    expect(found({ vendor: [1000, 900], ours: [1040, 900], before: 10 })).toEqual(['0 40 edge-window']);
    expect(found({ vendor: [900, 1000], ours: [900, 960], after: 50 })).toEqual(['1 -40 edge-window']);
    expect(found({ vendor: [900, 1000], ours: [900, 960], after: 30 })).toEqual(['1 -40 unexplained']);
    expect(found({ vendor: [1000, 1000], ours: [1040, 970], after: 500 })).toEqual([
      '0 40 edge-window',
      '1 -30 edge-window',
    ]);
  });

  it('a remainder beside edge windows is found in the hour that holds it', () => {
    expect(found({ vendor: [9, 1000, 1000, 9], ours: [9, 690, 1010, 9] })).toEqual([
      '1 -310 unexplained',
      '2 10 edge-window',
    ]);
    expect(found({ vendor: [9, 1000, 1000, 9], ours: [9, 900, 950, 9] })).toEqual([
      '1 -100 unexplained',
      '2 -50 unexplained',
    ]);
  });

  it('missing-events: a session that overlaps the hour misses bytes', () => {
    const missing = {
      missing_bytes: 300n,
      started_at: atHour(1),
      usage_through: atHour(2.5),
      ended_at: atHour(2.5),
    };

    expect(found({ vendor: [9, 500, 9, 9], ours: [9, 200, 9, 9], sessions: [missing] })).toEqual([
      '1 -300 missing-events',
    ]);
    expect(found({ vendor: [309, 9, 9, 309], ours: [9, 9, 9, 9], sessions: [missing] })).toEqual([
      '0 -300 unexplained',
      '3 -300 unexplained',
    ]);
    const amongEdges = { vendor: [100, 100, 500, 100, 100], ours: [95, 98, 205, 96, 106] };
    expect(found({ ...amongEdges, sessions: [{ missing_bytes: 300n }] })).toEqual([
      '0 -5 edge-window',
      '1 -2 edge-window',
      '2 -295 missing-events',
      '3 -4 edge-window',
      '4 6 edge-window',
    ]);
  });

  it('missing-events: what a session misses is found among edge windows and an equal hour', () => {
    const given = { vendor: [9, 905, 800, 1095, 800], ours: [9, 900, 805, 795, 800] };
    const across = { vendor: [9, 910, 800, 1100, 790], ours: [9, 900, 800, 800, 800] };
    const sessions = [{ missing_bytes: 300n }];

    expect(found({ ...given, sessions })).toEqual([
      '1 -5 edge-window',
      '2 5 edge-window',
      '3 -300 missing-events',
    ]);
    expect(found({ ...across, sessions })).toEqual([
      '1 -10 edge-window',
      '3 -300 missing-events',
      '4 10 edge-window',
    ]);
  });

  it('missing-events: a stream gap was recorded later', () => {
    expect(found({ vendor: [9, 500, 9], ours: [9, 200, 9], gaps: [5] })).toEqual(['1 -300 missing-events']);
    expect(found({ vendor: [9, 500, 9], ours: [9, 200, 9], gaps: [0] })).toEqual(['1 -300 unexplained']);
  });

  it('open-session: an open session has not reported through the hour’s end', () => {
    const open = { status: 'open', ended_at: undefined, usage_through: atHour(1.5) };

    expect(found({ vendor: [309, 500, 700], ours: [9, 200, 0], sessions: [open] })).toEqual([
      '0 -300 unexplained',
      '1 -300 open-session',
      '2 -700 open-session',
    ]);
  });

  it('not-metered-yet: the vendor is later than all we have of the SIM, or is still processing', () => {
    const ended = { usage_through: atHour(0.5), ended_at: atHour(0.5) };

    expect(found({ vendor: [9, 500], ours: [9, 0], sessions: [ended] })).toEqual(['1 -500 not-metered-yet']);
    expect(found({ vendor: [9, 500, 9], ours: [9, 600, 9], unbilled: [1] })).toEqual([
      '1 100 not-metered-yet',
    ]);
    expect(found({ vendor: [9, 500, 9], ours: [9, 400, 9], unbilled: [1] })).toEqual([
      '1 -100 not-metered-yet',
    ]);
  });

  it('extra: we counted more; also where the vendor has no record', () => {
    expect(found({ vendor: [9, 500, 9, 0, 9], ours: [9, 700, 9, 30, 9] })).toEqual([
      '1 200 extra',
      '3 30 extra',
    ]);
  });

  it('unknown-sim: we have never heard of it', () => {
    expect(found({ vendor: [9, 500], ours: [0, 0], sessions: [] })).toEqual([
      '0 -9 unknown-sim',
      '1 -500 unknown-sim',
    ]);
  });

  it('unexplained: also when only the directions differ', () => {
    const sim = givenSim({ vendor: [100], ours: [100] });
    const swapped = { ...sim, hours: new Map([[START_MS, { downloadBytes: 25n, uploadBytes: 75n }]]) };

    expect(compareSim(swapped, { bytes: 49n, microPercent: 0n })).toMatchObject([
      {
        differenceBytes: 0n,
        reason: 'unexplained',
        because: 'the totals are equal, download and upload are not',
        isWithinTolerance: false,
      },
    ]);
  });
});

describe('days', () => {
  it('are the sums of their hours, and an edge carries no more than the hour beside midnight', () => {
    const DAY_MS = 24 * HOUR_MS;
    const day = (n: number, total: bigint): [number, VendorPeriod] => [
      START_MS + n * DAY_MS,
      { ...bytes(total), isUnbilled: false },
    ];
    const sim = (firstHour: bigint, ...vendor: [bigint, bigint]): SimUsage => ({
      ...givenSim({ vendor: [], ours: [] }),
      granularity: 'day',
      range: { startMs: START_MS, endMs: START_MS + 2 * DAY_MS },
      vendor: new Map(vendor.map((total, n) => day(n, total))),
      hours: new Map([
        [START_MS + 3 * HOUR_MS, bytes(800n)],
        [START_MS + 24 * HOUR_MS, bytes(firstHour)],
        [START_MS + 30 * HOUR_MS, bytes(1000n - firstHour)],
      ]),
    });
    const reasons = (given: SimUsage) => compareSim(given, EXACT).map(({ reason }) => reason);

    expect(reasons(sim(100n, 800n, 1000n))).toEqual([undefined, undefined]);
    expect(reasons(sim(100n, 900n, 900n))).toEqual(['edge-window', 'edge-window']);
    expect(reasons(sim(96n, 900n, 900n))).toEqual(['unexplained', 'extra']);
  });
});

describe('the tolerance', () => {
  it('is the larger of bytes and percent of the vendor’s, to the byte', () => {
    const given = { vendor: [1_000_000], ours: [999_000] };
    const isWithin = (tolerance: Tolerance) => compareSim(givenSim(given), tolerance)[0]?.isWithinTolerance;

    expect(isWithin({ bytes: 1_000n, microPercent: 0n })).toBe(true);
    expect(isWithin({ bytes: 999n, microPercent: 0n })).toBe(false);
    expect(isWithin({ bytes: 0n, microPercent: 100_000n })).toBe(true);
    expect(isWithin({ bytes: 0n, microPercent: 99_999n })).toBe(false);
  });
});

const total = fc.integer({ min: 0, max: 1_000_000 });

describe('whatever the usage', () => {
  it('equal usage has no difference', () => {
    fc.assert(
      fc.property(fc.array(total, { minLength: 1, maxLength: 40 }), fc.boolean(), (hours, isOpen) => {
        const sessions = [{ status: isOpen ? 'open' : 'ended', missing_bytes: 7n }];
        expect(found({ vendor: hours, ours: hours, sessions })).toEqual([]);
      }),
    );
  });

  /** One window of a continuous session over each edge: we count it after, the vendor splits it. */
  it('windows across edges balance, and are all called so', () => {
    const windows = fc.array(fc.record({ whole: total, before: total, after: total }), {
      minLength: 2,
      maxLength: 30,
    });
    fc.assert(
      fc.property(windows, (hours) => {
        const across = hours.map(({ before, after }) => before + after);
        // The n-th hour holds its whole windows and the one that ended in it; none crosses the first or last edge.
        const ours = hours.map(({ whole }, n) => whole + (n === 0 ? 0 : (across[n] ?? 0)));
        const vendor = hours.map(
          ({ whole, after }, n) =>
            whole + (n === 0 ? 0 : after) + (n === hours.length - 1 ? 0 : (hours[n + 1]?.before ?? 0)),
        );
        const differences = ours.map((bytes, n) => bytes - (vendor[n] ?? 0));
        // An hour that is equal by chance ends the explanation.
        const first = differences.findIndex((difference) => difference !== 0);
        const last = differences.findLastIndex((difference) => difference !== 0);
        fc.pre(first >= 0 && !differences.slice(first, last + 1).includes(0));

        expect(differences.reduce((a, b) => a + b)).toBe(0);
        const reasons = compareSim(givenSim({ vendor, ours }), EXACT).flatMap(({ reason }) => reason ?? []);
        expect(new Set(reasons)).toEqual(new Set(['edge-window']));
      }),
    );
  });

  it('what edges are said to carry they can carry, and what is left is what was there', () => {
    const period = fc.record({
      difference: fc.bigInt({ min: -9n, max: 9n }),
      forwardMax: fc.bigInt({ min: 0n, max: 12n }),
      backwardMax: fc.bigInt({ min: 0n, max: 12n }),
      missing: fc.bigInt({ min: 0n, max: 9n }),
    });
    fc.assert(
      fc.property(fc.array(period, { maxLength: 12 }), (periods) => {
        const none = { forwardMax: 0n, backwardMax: 0n };
        const edges = [none, ...periods.slice(1), none];
        const differences = periods.map(({ difference }) => difference);

        const left = withoutEdgeWindows({
          differences,
          edges,
          steadyMax: periods.map(() => 2n),
          missingBytes: periods.map(({ missing }) => missing),
        });

        let crossing = 0n;
        for (const [n, difference] of differences.entries()) {
          crossing -= difference - (left[n] ?? 0n);
          expect(crossing <= (edges[n + 1]?.forwardMax ?? 0n)).toBe(true);
          expect(-crossing <= (edges[n + 1]?.backwardMax ?? 0n)).toBe(true);
          if (difference === 0n) expect([left[n], crossing >= -2n && crossing <= 2n]).toEqual([0n, true]);
        }
        expect(crossing).toBe(0n);
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  ASSUMPTION_DEFAULTS,
  ASSUMPTION_NAMES,
  ASSUMPTIONS,
  type Assumption,
  type AssumptionName,
  type EstimateInput,
} from '../../../src/estimate/assumptions.ts';
import {
  estimate,
  IDS_PER_PAGE,
  INDEX_ENTRY_BYTES,
  MARKER_BYTES,
  PAGE_BYTES,
  tasksFor,
} from '../../../src/estimate/formulas.ts';
import { PRICE_DEFAULTS, type Prices } from '../../../src/estimate/prices.ts';
import { itemSizeBytes } from '../../../src/store/item-size.ts';

const DESIGNS = ['ours', 'transaction', 'put'] as const;

/** 730 hours are 2,628,000 s: 7,300 updates a device that is always on; 24 devices have 730 device-days. */
const given = (changes: Partial<EstimateInput> = {}) =>
  estimate({ ...ASSUMPTION_DEFAULTS, devices: 24, ...changes }, PRICE_DEFAULTS);

describe('the load', () => {
  it('is updates by cadence and attach rate, two events a session, and attachments', () => {
    const { load } = given({ attachRate: 0.5, sessionsPerDeviceDay: 3, attachmentsPerDeviceDay: 10 });

    expect(load.updatesPerMonth).toBeCloseTo(24 * 0.5 * 7_300, 6);
    expect(load.sessionsPerMonth).toBeCloseTo(730 * 3, 6);
    expect(load.startsAndEndsPerMonth).toBeCloseTo(730 * 3 * 2, 6);
    expect(load.attachmentsPerMonth).toBeCloseTo(7_300, 6);
    expect(load.sessionEventsPerMonth).toBeCloseTo(87_600 + 4_380, 6);
    expect(load.eventsPerMonth).toBeCloseTo(87_600 + 4_380 + 7_300, 6);
    expect(load.gbPerMonth).toBeCloseTo((99_280 * 1_438) / 1e9, 9);
    expect(load.eventsPerSecondPeak).toBeCloseTo((2 * 99_280) / 2_628_000, 9);
  });
});

describe('the stream', () => {
  // Always on, nothing but updates each 360 s: 360,000 devices are 1,000 events a second.
  const steady = { sessionsPerDeviceDay: 0, attachmentsPerDeviceDay: 0, peakToMean: 1 };

  it('has a shard for each MB and for each 1,000 records of a second at the peak', () => {
    expect(given({ ...steady, devices: 360_000, eventBytes: 999 }).stream.shards).toBe(1);
    expect(given({ ...steady, devices: 360_360, eventBytes: 999 }).stream.shards).toBe(2);
    expect(given({ ...steady, devices: 360_000, eventBytes: 2_500 }).stream.shards).toBe(3);
    expect(given({ ...steady, devices: 360_000, eventBytes: 999, peakToMean: 4 }).stream.shards).toBe(4);
    expect(given({ attachRate: 0 }).stream.shards).toBe(1);
  });

  it('costs shard-hours and PUT units of 25 KB, or stream-hours and GB in steps of 1 KB', () => {
    // 10,000 devices: 73 M records of 1,438 bytes, one shard.
    const { stream } = given({ ...steady, devices: 10_000 });

    expect(stream.shardHoursCost).toBeCloseTo(730 * 0.015, 9);
    expect(stream.putUnitsCost).toBeCloseTo(73 * 0.014, 9);
    expect(stream.provisionedCost).toBeCloseTo(10.95 + 1.022, 9);
    expect(stream.onDemandCost).toBeCloseTo(730 * 0.04 + 73e6 * 2_048e-9 * (0.08 + 0.04), 6);
    const large = given({ ...steady, devices: 10_000, eventBytes: 25_601 }).stream;
    expect(large.putUnitsPerMonth).toBeCloseTo(146e6, 3);
  });
});

describe('the designs', () => {
  // 10,000 devices, always on, one session and one attachment a day: 73 M updates, 304,166.7 sessions.
  const { designs, timesOurs } = given({ devices: 10_000 });
  const sessions = (10_000 * 730) / 24;
  const sessionEvents = 73e6 + 2 * sessions;

  it('pay 1.06, 4 and 1 write units an event, and one for each entry of a session that comes or goes', () => {
    expect(designs.ours.units.writeUnitsPerMonth).toBeCloseTo(sessionEvents * 1.06 + 3 * sessions, 3);
    expect(designs.transaction.units.writeUnitsPerMonth).toBeCloseTo(sessionEvents * 4 + sessions, 3);
    expect(designs.put.units.writeUnitsPerMonth).toBeCloseTo(sessionEvents + sessions, 3);
    expect(designs.transaction.costPerMonth.dynamodbWrites).toBeCloseTo(184.21, 2);
  });

  it('pay for SIMs and usage by hour, where they keep them: per transition, hour, and SIM and day', () => {
    const [transitions, hours, days] = [3 * sessions, 10_000 * 730 + sessions, sessions];
    const { units } = designs.ours;

    expect(units.projectionWriteUnitsPerMonth).toBeCloseTo(2 * transitions + 1.45 * hours + days, 3);
    expect(units.projectionReadUnitsPerMonth).toBeCloseTo(transitions + hours, 3);
    expect(units.projectionsGb).toBeCloseTo((10_000 * (365 * 1_930 + 2_100)) / 1e9, 6);
    for (const name of ['transaction', 'put'] as const)
      expect(designs[name].units).toMatchObject({ projectionWriteUnitsPerMonth: 0, projectionsGb: 0 });
    // All on, an event costs at most 1.5 write units.
    expect((units.writeUnitsPerMonth + units.projectionWriteUnitsPerMonth) / sessionEvents).toBeLessThan(1.5);
    const without = given({ devices: 10_000, simWriteUnits: 0, usageWriteUnits: 0 }).designs.ours;
    expect(without.units).toMatchObject({
      projectionWriteUnitsPerMonth: 0,
      projectionReadUnitsPerMonth: 0,
      projectionsGb: 0,
    });
  });

  it('count no hour more than there are updates', () => {
    const seldom = given({
      devices: 24,
      updateEverySeconds: 86_400,
      sessionsPerDeviceDay: 0,
      attachmentsPerDeviceDay: 0,
    });

    // 730 updates, each of an hour and a day of its own.
    expect(seldom.designs.ours.units.projectionWriteUnitsPerMonth).toBeCloseTo(730 * 1.45 + 730, 6);
  });

  it('pay for reads as they read', () => {
    expect(designs.ours.units.readUnitsPerMonth).toBeCloseTo(sessionEvents * 0.1, 3);
    expect(designs.put.units.readUnitsPerMonth).toBeCloseTo(sessionEvents, 3);
    expect(designs.transaction.units.readUnitsPerMonth).toBe(0);
    expect(
      given({ devices: 10_000, readUnitsPerEvent: 0.5, simWriteUnits: 0, usageWriteUnits: 0 }).designs.ours
        .costPerMonth.dynamodbReads,
    ).toBeCloseTo((sessionEvents * 0.5 * 0.125) / 1e6, 9);
  });

  it('keep sessions for a year, and ids for the horizon: a page of 16, a marker each, or none', () => {
    const idsKept = (sessionEvents / 730) * 24 * 32;

    for (const name of DESIGNS)
      expect(designs[name].units.sessionsGb).toBeCloseTo((10_000 * 365 * 1_165) / 1e9, 9);
    expect(designs.ours.units.dedupGb).toBeCloseTo((idsKept / 16) * 456e-9, 6);
    expect(designs.transaction.units.dedupGb).toBeCloseTo(idsKept * 159e-9, 6);
    expect(designs.put.units.dedupGb).toBe(0);
  });

  it('pay one checkpoint a second and shard for a lease with traffic, and renewals for an idle one', () => {
    const month = 2_628_000;

    expect(designs.ours.units.leaseWriteUnitsPerMonth).toBeCloseTo(month, 6);
    expect(designs.ours.units.leaseReadUnitsPerMonth).toBeCloseTo(0.0135 * 2 * month, 6);
    const idle = given({ attachRate: 0, sessionsPerDeviceDay: 0 }).designs.ours;
    expect(idle.units.leaseWriteUnitsPerMonth).toBeCloseTo(0.2998 * month, 3);
  });

  it('pay for storage, leases, the stream and tasks by their prices', () => {
    const { units, costPerMonth } = designs.ours;

    expect(costPerMonth.dynamodbStorage).toBeCloseTo(
      (units.sessionsGb + units.dedupGb + units.projectionsGb) * 0.25,
      9,
    );
    expect(costPerMonth.leaseTable).toBeCloseTo(2.628 * 0.625 + 2.628 * 0.027 * 0.125, 9);
    expect(costPerMonth.kinesis).toBeCloseTo(10.95 + (73 + (3 * sessions) / 1e6) * 0.014, 9);
    // Two tasks of a quarter vCPU and half a GB.
    expect(costPerMonth.fargate).toBeCloseTo(2 * 730 * (0.25 * 0.03238 + 0.5 * 0.00356), 9);
  });

  it('add up, also per event and per device', () => {
    for (const name of DESIGNS) {
      const { costPerMonth, totalPerMonth, perDevice, perMillionEvents } = designs[name];
      expect(Object.values(costPerMonth).reduce((a, b) => a + b)).toBeCloseTo(totalPerMonth, 9);
      expect(perDevice * 10_000).toBeCloseTo(totalPerMonth, 9);
      expect((perMillionEvents ?? 0) * (73 + (3 * sessions) / 1e6)).toBeCloseTo(totalPerMonth, 6);
    }
    expect(timesOurs.transaction).toBeCloseTo(
      designs.transaction.totalPerMonth / designs.ours.totalPerMonth,
      9,
    );
  });

  it('have no price per event where nothing happens', () => {
    const nothing = given({ attachRate: 0, sessionsPerDeviceDay: 0, attachmentsPerDeviceDay: 0 });

    expect(nothing.designs.ours.perMillionEvents).toBeNull();
    const free = Object.fromEntries(
      Object.entries(PRICE_DEFAULTS).map(([name, price]) => [name, typeof price === 'number' ? 0 : price]),
    ) as Prices;
    expect(estimate(nothing.input, free).timesOurs).toEqual({ transaction: null, put: null });
  });
});

describe('tasks', () => {
  it.each([
    [0, 2, { tasks: 2, vcpuPerTask: 0.25, memoryGbPerTask: 0.5 }],
    [250, 2, { tasks: 2, vcpuPerTask: 0.25, memoryGbPerTask: 0.5 }],
    [251, 2, { tasks: 2, vcpuPerTask: 0.5, memoryGbPerTask: 1 }],
    [1_000, 2, { tasks: 2, vcpuPerTask: 1, memoryGbPerTask: 2 }],
    [1_001, 2, { tasks: 3, vcpuPerTask: 1, memoryGbPerTask: 2 }],
    [1_001, 5, { tasks: 5, vcpuPerTask: 1, memoryGbPerTask: 2 }],
    [250, 1, { tasks: 2, vcpuPerTask: 0.25, memoryGbPerTask: 0.5 }],
  ])('for %d events a second at 1,000 a vCPU, at least %d', (eventsPerSecond, tasksMin, tasks) => {
    expect(tasksFor(eventsPerSecond, 1_000, tasksMin)).toEqual(tasks);
  });
});

describe('sizes', () => {
  const sid = (prefix: string): string => `${prefix}${'0'.repeat(32)}`;
  const expiresAt = 1_772_323_201;

  it('are those of the items as DynamoDB counts them', () => {
    const page = {
      item_key: sid('PI'),
      page_id: '0'.repeat(32),
      ids: new Uint8Array(IDS_PER_PAGE * 16),
      expires_at: expiresAt,
    };
    expect(itemSizeBytes(page)).toBe(PAGE_BYTES);
    expect(itemSizeBytes({ event_sid: sid('EZ'), expires_at: expiresAt })).toBe(MARKER_BYTES);
    expect(
      itemSizeBytes({
        data_session_sid: sid('PI'),
        sim_sid: sid('HS'),
        started_at: '2026-03-01T00:00:00.000Z',
      }),
    ).toBe(INDEX_ENTRY_BYTES);
  });
});

/** The more of these, the cheaper. */
const CHEAPER: ReadonlySet<string> = new Set<AssumptionName>([
  'updateEverySeconds',
  'eventsPerVcpuSecond',
  'transactionEventsPerVcpuSecond',
  'putEventsPerVcpuSecond',
]);

const anAssumption = (name: AssumptionName): fc.Arbitrary<number> => {
  const { min, max, isWhole }: Assumption = ASSUMPTIONS[name];
  return isWhole ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
};
const anInput: fc.Arbitrary<EstimateInput> = fc.record({
  devices: fc.integer({ min: 1, max: 1_000_000_000 }),
  ...(Object.fromEntries(ASSUMPTION_NAMES.map((name) => [name, anAssumption(name)])) as Record<
    AssumptionName,
    fc.Arbitrary<number>
  >),
});
const totals = (input: EstimateInput, prices: Prices = PRICE_DEFAULTS): readonly number[] => {
  const { designs } = estimate(input, prices);
  return DESIGNS.map((name) => designs[name].totalPerMonth);
};
const numbersIn = (value: unknown): readonly number[] => {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
};
/** Not less, but for the rounding of floating point. */
const expectNotLess = (more: readonly number[], less: readonly number[]): void => {
  for (const [at, total] of more.entries())
    expect(total).toBeGreaterThanOrEqual((less[at] ?? Number.NaN) * (1 - 1e-12));
};

describe('for any fleet', () => {
  it.each(['devices' as const, ...ASSUMPTION_NAMES])('the totals follow %s', (name) => {
    void fc.assert(
      fc.property(
        anInput,
        name === 'devices' ? fc.integer({ min: 1, max: 1_000_000_000 }) : anAssumption(name),
        (input, other) => {
          const [low, high] = [Math.min(input[name], other), Math.max(input[name], other)];
          const [atLow, atHigh] = [totals({ ...input, [name]: low }), totals({ ...input, [name]: high })];
          if (CHEAPER.has(name)) expectNotLess(atLow, atHigh);
          else expectNotLess(atHigh, atLow);
        },
      ),
    );
  });

  it('a dearer price never makes a total cheaper', () => {
    const names = Object.entries(PRICE_DEFAULTS).flatMap(([name, price]) =>
      typeof price === 'number' ? [name as keyof Prices] : [],
    );
    void fc.assert(
      fc.property(
        anInput,
        fc.constantFrom(...names),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (input, name, times) => {
          const dearer = { ...PRICE_DEFAULTS, [name]: Number(PRICE_DEFAULTS[name]) * times };
          expectNotLess(totals(input, dearer), totals(input));
        },
      ),
    );
  });

  it('shards and tasks carry the peak, also with one task away, and every figure is finite', () => {
    void fc.assert(
      fc.property(anInput, (input) => {
        const { load, stream, designs } = estimate(input, PRICE_DEFAULTS);
        const { tasks, vcpuPerTask } = designs.ours.units;
        // Less, and what is less than the least of all numbers is none.
        const peak = load.eventsPerSecondPeak * (1 - 1e-9) - 1e-300;
        expect(stream.shards * 1_000).toBeGreaterThanOrEqual(peak);
        expect(stream.shards * 1e6).toBeGreaterThanOrEqual(peak * input.eventBytes);
        expect((tasks - 1) * vcpuPerTask * input.eventsPerVcpuSecond).toBeGreaterThanOrEqual(peak);
        expect(numbersIn({ load, stream, designs }).filter((figure) => !Number.isFinite(figure))).toEqual([]);
      }),
    );
  });
});

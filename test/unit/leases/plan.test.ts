import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAllReadToTip } from '../../../src/leases/drain.ts';
import { hasReadToTip, type Lease } from '../../../src/leases/lease.ts';
import { isExpired, NOTHING_OBSERVED, observe } from '../../../src/leases/observed-leases.ts';
import { planLeases, TAKES_PER_ROUND_MAX } from '../../../src/leases/plan.ts';
import { lease, seededRandom } from './fixtures.ts';

const FAILOVER_MS = 10_000;
const GAP_MAX_MS = 10_000;

describe('observed leases', () => {
  const expiredAt = (listings: readonly [number, Lease][], nowMs: number): boolean => {
    let observations = NOTHING_OBSERVED;
    for (const [atMs, row] of listings) observations = observe(observations, [row], atMs, GAP_MAX_MS);
    const seen = observations.byKey.get('s');
    return seen !== undefined && isExpired(seen, FAILOVER_MS, nowMs);
  };
  const owned = (counter: number) => lease('s', { owner: 'other', counter });

  it('a lease first seen without owner is free at once', () => {
    expect(expiredAt([[5_000, lease('s')]], 5_000)).toBe(true);
  });

  it('a lease first seen with an owner starts to age now', () => {
    expect(expiredAt([[5_000, owned(3)]], 14_999)).toBe(false);
    expect(
      expiredAt(
        [
          [5_000, owned(3)],
          [10_000, owned(3)],
        ],
        15_000,
      ),
    ).toBe(true);
  });

  it('a counter that moved starts the age again', () => {
    expect(
      expiredAt(
        [
          [0, owned(3)],
          [9_000, owned(4)],
        ],
        18_999,
      ),
    ).toBe(false);
  });

  it('a new owner at the same counter starts the age again', () => {
    const handed = lease('s', { owner: 'third', counter: 3 });
    expect(
      expiredAt(
        [
          [0, owned(3)],
          [9_000, handed],
        ],
        18_999,
      ),
    ).toBe(false);
  });

  it('a gap without listings, as in an outage of the table, expires nobody', () => {
    expect(
      expiredAt(
        [
          [0, owned(3)],
          [300_000, owned(3)],
        ],
        300_000,
      ),
    ).toBe(false);
  });
});

describe('the plan', () => {
  const plan = (
    leases: readonly Lease[],
    {
      held = [],
      resting = [],
      parked = [],
      asked = [],
      declined = [],
      ageMs = 0,
      leasesMax = 1_000,
      seed = 7,
    }: {
      held?: string[];
      resting?: string[];
      parked?: string[];
      asked?: [string, number][];
      declined?: string[];
      ageMs?: number;
      leasesMax?: number;
      seed?: number;
    } = {},
  ) => {
    const observed = [...observe(NOTHING_OBSERVED, leases, 0, GAP_MAX_MS).byKey.values()];
    const view = {
      observed,
      unreadableKeys: new Set<string>(),
      held: new Set(held),
      resting: new Set(resting),
      parked: new Set(parked),
      asked: new Map(asked),
      declined: new Set(declined),
    };
    const self = { workerId: 'me', leasesMax, failoverTimeMs: FAILOVER_MS };
    return planLeases(view, self, ageMs, seededRandom(seed));
  };
  const keys = (result: { take: readonly Lease[] }) => result.take.map((each) => each.leaseKey);
  const many = (count: number, changes: Partial<Lease> = {}) =>
    Array.from({ length: count }, (_, index) => lease(`s${index}`, changes));

  it('a worker alone takes a part of the free leases and comes back for more', () => {
    expect(plan(many(4))).toMatchObject({ take: { length: 1 }, hasMore: true, liveWorkerCount: 1 });
  });

  it('one round is bounded', () => {
    expect(plan(many(1_000)).take).toHaveLength(TAKES_PER_ROUND_MAX);
  });

  it('a worker beside a live one takes no more than its share', () => {
    const leases = [...many(3), lease('o1', { owner: 'other' }), lease('mine', { owner: 'me' })];
    // 5 readable, 2 live: a share of 3, one of it held.
    expect(plan(leases, { held: ['mine'] })).toMatchObject({ take: { length: 1 }, hasMore: true });
    expect(
      plan([...leases, lease('m2', { owner: 'me' }), lease('m3', { owner: 'me' })], {
        held: ['mine', 'm2', 'm3', 's0'],
      }).take,
    ).toEqual([]);
  });

  it('a dead worker does not count: its leases are all taken', () => {
    const result = plan(many(2, { owner: 'dead' }), { ageMs: FAILOVER_MS });

    expect(result).toMatchObject({ take: { length: 1 }, hasMore: true, liveWorkerCount: 1 });
  });

  it('a finished lease is neither taken nor counted', () => {
    const leases = [lease('s'), ...many(9, { checkpoint: 'SHARD_END' }), lease('o', { owner: 'other' })];

    expect(plan(leases)).toMatchObject({ readableCount: 2, take: [{ leaseKey: 's' }] });
  });

  it('a child that waits for its parents is neither taken nor counted', () => {
    const leases = [lease('parent', { owner: 'other' }), lease('child', { parentShardIds: ['parent'] })];

    expect(plan(leases)).toMatchObject({ readableCount: 1, take: [] });
  });

  it('a worker restarted under its name takes its leases although they are still valid', () => {
    expect(keys(plan([lease('s', { owner: 'me', counter: 8 })]))).toEqual(['s']);
  });

  it('a lease whose handler has not returned yet is not taken again', () => {
    expect(plan([lease('s')], { resting: ['s'] }).take).toEqual([]);
  });

  it('the most leases a worker may hold is kept', () => {
    expect(plan([...many(4), lease('mine', { owner: 'me' })], { held: ['mine'], leasesMax: 1 }).take).toEqual(
      [],
    );
  });

  describe('what was asked for', () => {
    const mine = [lease('m0', { owner: 'me' }), lease('m1', { owner: 'me' })];
    const others = (count: number) => many(count, { owner: 'other' });
    const askedFor = (row: Lease): Lease => ({ ...row, ours: { ...row.ours, handOffTo: 'me' } });
    const held = ['m0', 'm1'];

    it('is stolen when it was not answered for a failover time and is still needed', () => {
      const [first, ...rest] = others(6) as [Lease, ...Lease[]];
      const options = { held, asked: [['s0', -FAILOVER_MS]] as [string, number][] };
      expect(plan([...mine, askedFor(first), ...rest], options)).toMatchObject({
        take: [{ leaseKey: 's0' }],
        withdraw: [],
      });
    });

    it('is taken once when it has expired meanwhile, although its owner lives on with others', () => {
      const rows = [askedFor(lease('s0', { owner: 'other' })), ...many(6, { owner: 'other' }).slice(1)];
      const observed = rows.map((row) => ({
        lease: row,
        unchangedSinceMs: row.leaseKey === 's0' ? -FAILOVER_MS : 0,
        changesSeen: 1,
      }));
      const none = new Set<string>();
      const view = {
        observed,
        unreadableKeys: none,
        held: none,
        resting: none,
        parked: none,
        declined: none,
      };
      const self = { workerId: 'me', leasesMax: 9, failoverTimeMs: FAILOVER_MS };

      const result = planLeases(
        { ...view, asked: new Map([['s0', -FAILOVER_MS]]) },
        self,
        0,
        seededRandom(1),
      );

      expect(keys(result)).toEqual(['s0']);
    });

    it('is taken back when it was not answered and is needed no more: it must not keep us from asking others', () => {
      const [first, ...rest] = others(2) as [Lease, ...Lease[]];
      const options = { held, asked: [['s0', -FAILOVER_MS]] as [string, number][] };
      expect(plan([...mine, askedFor(first), ...rest], options)).toMatchObject({
        take: [],
        withdraw: ['s0'],
      });
    });

    it('is waited for meanwhile, and nothing else is asked for', () => {
      const [first, ...rest] = others(9) as [Lease, ...Lease[]];
      const options = { held, asked: [['s0', -1]] as [string, number][] };
      expect(plan([...mine, askedFor(first), ...rest], options)).toMatchObject({
        take: [],
        ask: [],
        withdraw: [],
      });
    });
  });

  it('for any table: only free readable leases, none twice, never beyond the share', () => {
    const row = fc.record({
      owner: fc.constantFrom(undefined, 'me', 'a', 'b'),
      checkpoint: fc.constantFrom('TRIM_HORIZON' as const, 'SHARD_END' as const),
      parentShardIds: fc.constantFrom([], ['s0'], ['s1']),
      isHeld: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.integer(), (rows, seed) => {
        const leases = rows.map(({ isHeld: _, ...changes }, index) => lease(`s${index}`, changes));
        const held = leases.filter((each, index) => each.owner === 'me' && rows[index]?.isHeld);
        const result = plan(leases, { held: held.map((each) => each.leaseKey), seed });
        const taken = keys(result);

        expect(new Set(taken).size).toBe(taken.length);
        expect(result.take.every((each) => each.checkpoint !== 'SHARD_END')).toBe(true);
        expect(result.take.every((each) => each.owner === undefined || each.owner === 'me')).toBe(true);
        expect(taken.some((key) => held.some((each) => each.leaseKey === key))).toBe(false);
        // What is ours by name already is no matter of shares.
        const fresh = result.take.filter((each) => each.owner !== 'me').length;
        expect(fresh).toBeLessThanOrEqual(Math.ceil(result.readableCount / result.liveWorkerCount));
      }),
    );
  });
});

describe('draining', () => {
  const claimed = lease('s', { owner: 'other', counter: 5, ours: { readToTipCounter: 5 } });
  const seen = (...listings: Lease[]) => {
    let observations = NOTHING_OBSERVED;
    for (const row of listings) observations = observe(observations, [row], 0, GAP_MAX_MS);
    return [...observations.byKey.values()];
  };
  const nobody = () => undefined;

  it('a claim holds while the counter has not moved on', () => {
    expect(hasReadToTip(claimed)).toBe(true);
    expect(hasReadToTip({ ...claimed, counter: 6 })).toBe(false);
  });

  it('another worker’s claim counts once this process has seen the row change twice: reads lie between', () => {
    const [earlier, between] = [
      { ...claimed, counter: 3 },
      { ...claimed, counter: 4 },
    ];

    expect(isAllReadToTip(seen(between, claimed), nobody)).toBe(false);
    expect(isAllReadToTip(seen(earlier, between, claimed), nobody)).toBe(true);
  });

  it('a claim left by last week’s run does not count', () => {
    expect(isAllReadToTip(seen(claimed, claimed), nobody)).toBe(false);
  });

  it('our own reader’s word goes before the row', () => {
    const observed = seen({ ...claimed, counter: 4 }, claimed);

    expect(isAllReadToTip(observed, () => ({ isReadToTip: false }))).toBe(false);
  });
});

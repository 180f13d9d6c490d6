import { describe, expect, it } from '@jest/globals';
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';

const take = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('seeded random numbers', () => {
  it('are the same for the same seed only', () => {
    expect(take(7, 50)).toEqual(take(7, 50));
    expect(take(8, 50)).not.toEqual(take(7, 50));
    expect(take(7 + 2 ** 32, 50)).not.toEqual(take(7, 50));
  });

  it('are spread evenly over [0, 1)', () => {
    const numbers = take(1, 20_000);
    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => numbers.filter((number) => Math.floor(number * 10) === tenth).length,
    );

    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });

  it('make bytes, sids, digits and UUIDs of the right form', () => {
    const chance = new Chance(seededRandom(1));

    expect(seededRandom(1).bytes(5)).toHaveLength(5);
    expect(chance.sid('EZ')).toMatch(/^EZ[0-9a-f]{32}$/);
    expect(chance.digits(10)).toMatch(/^\d{10}$/);
    expect(chance.uuid()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('give whole numbers with both bounds', () => {
    const chance = new Chance(seededRandom(2));

    expect(new Set(Array.from({ length: 200 }, () => chance.whole(3, 5)))).toEqual(new Set([3, 4, 5]));
  });
});

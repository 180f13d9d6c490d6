import type { Random } from '../time.ts';

/** The same numbers for the same seed, on every machine. Not for secrets.
 *  Source: sfc32, Chris Doty-Humphrey's PractRand. */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 1];
  const uint32 = (): number => {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum;
  };
  // The first numbers still show the seed.
  for (let round = 0; round < 12; round += 1) uint32();
  return {
    next: () => uint32() / 2 ** 32,
    bytes: (count) => Uint8Array.from({ length: count }, () => uint32() & 0xff),
  };
}

/** What a simulation asks of chance. */
export class Chance {
  private readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }
  /** True with this probability. */
  is(probability: number): boolean {
    return this.random.next() < probability;
  }
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.random.next() * (max - min + 1));
  }
  pick<T>(values: readonly T[]): T {
    return values[this.whole(0, values.length - 1)] as T;
  }
  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += this.below(2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, digits);
  }
  sid(prefix: string): string {
    return prefix + this.hex(32);
  }
  digits(count: number): string {
    let text = '';
    while (text.length < count) text += this.below(100_000).toString().padStart(5, '0');
    return text.slice(0, count);
  }
  /** Version 4. */
  uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  }
  private below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }
}

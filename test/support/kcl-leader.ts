/** Whom Java KCL 2 elects to synchronise shards: the first of the sorted owners after Java's seeded shuffle. It may
 *  be a worker of ours, and Java then leaves the shards to us: that is why every worker of ours synchronises them.
 *  Source: KCL DeterministicShuffleShardSyncLeaderDecider.java; java.util.Random and Collections.shuffle as specified. */
const MULTIPLIER = 0x5deece66dn;
const MASK = (1n << 48n) - 1n;
const KCL_SEED = 1947n;

class JavaRandom {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = (seed ^ MULTIPLIER) & MASK;
  }

  #next31(): bigint {
    this.#state = (this.#state * MULTIPLIER + 0xbn) & MASK;
    return this.#state >> 17n;
  }

  nextInt(bound: number): number {
    const limit = BigInt(bound);
    if ((bound & (bound - 1)) === 0) return Number((limit * this.#next31()) >> 31n);
    for (;;) {
      const bits = this.#next31();
      const value = bits % limit;
      // Java's int overflow, which rejects the last incomplete range.
      if (bits - value + (limit - 1n) < 1n << 31n) return Number(value);
    }
  }
}

export function kclLeader(owners: readonly string[]): string | undefined {
  const sorted = [...new Set(owners)].sort();
  const random = new JavaRandom(KCL_SEED);
  for (let index = sorted.length; index > 1; index -= 1) {
    const other = random.nextInt(index);
    [sorted[index - 1], sorted[other]] = [sorted[other] as string, sorted[index - 1] as string];
  }
  return sorted[0];
}

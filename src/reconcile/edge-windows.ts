/** How much of a SIM's differences is only usage near a period's edge, counted on one side of it by us and on the other
 *  by the vendor. We count a window of about six minutes where it ends; the vendor where the usage occurred. Pure.
 *
 *  Bytes that cross the edge after period k are `t[k]`: forward (positive) when the vendor has them before the edge and
 *  we after it. Then difference[k] = ours - vendor = t[k-1] - t[k]. From each period that differs on, the first that
 *  holds explains a stretch of periods side by side:
 *  1. the fewest whose differences cancel out exactly, in whichever direction;
 *  2. the fewest whose differences come to exactly what an overlapping session is known to miss, but for one period
 *     that holds that;
 *  3. up to the next equal period, if that is where the compared time begins or ends: the other side of its edge is in
 *     no file; first but for one period that lacks what sessions miss, then all;
 *  4. up to the next equal period, but for one that holds the remainder.
 *  In 2 to 4 bytes cross forward only, and the one period's difference must be the remainder within a half.
 *  No edge is crossed by more bytes than the hour beside it holds, and none that no session was open across. In 1 and 2
 *  an equal period may stand between if no more crosses it than a steady device's share of one window. */

/** What may cross an edge. Unit: bytes; 0 where no session was open across it. */
export interface Edge {
  readonly forwardMax: bigint;
  readonly backwardMax: bigint;
}

export interface EdgeProblem {
  /** Ours minus the vendor's, period by period. */
  readonly differences: readonly bigint[];
  /** One more than periods: before each, and after the last. */
  readonly edges: readonly Edge[];
  /** What may cross both edges of a period that is equal: a steady device's share of one window. */
  readonly steadyMax: readonly bigint[];
  /** What sessions that overlap the period are known to miss. */
  readonly missingBytes: readonly bigint[];
}

interface Stretch {
  readonly from: number;
  /** The last one, inclusive. */
  readonly to: number;
}

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

type Explained = { readonly at: number; readonly rest: bigint };

/** What has crossed the edge after period `at` and every one before it may have. `sum`: of the differences up to it. */
function mayCross({ differences, edges, steadyMax }: EdgeProblem, at: number, sum: bigint): boolean {
  const edge = edges[at + 1];
  if (edge === undefined || -sum > edge.forwardMax || sum > edge.backwardMax) return false;
  return differences[at] !== 0n || absolute(sum) <= (steadyMax[at] ?? 0n);
}

/** The end of the shortest exact cancellation that starts at `from`; undefined when there is none. */
function cancelledAt(problem: EdgeProblem, from: number): number | undefined {
  let sum = 0n;
  for (let at = from; at < problem.differences.length; at += 1) {
    sum += problem.differences[at] ?? 0n;
    if (sum === 0n) return at;
    if (!mayCross(problem, at, sum)) return undefined;
  }
  return undefined;
}

/** Whether forward crossings make these differences cancel out exactly once `rest` is taken from period `at`. */
function isCancelled(problem: EdgeProblem, { from, to }: Stretch, { at, rest }: Explained): boolean {
  let sum = 0n;
  for (let k = from; k <= to; k += 1) {
    sum += (problem.differences[k] ?? 0n) - (k === at ? rest : 0n);
    if (sum > 0n || (k < to && !mayCross(problem, k, sum))) return false;
  }
  return sum === 0n;
}

/** The shortest stretch from `from` on whose differences come to exactly what sessions miss there. */
function lostAt(problem: EdgeProblem, from: number): (Explained & { readonly to: number }) | undefined {
  const { differences, edges, missingBytes } = problem;
  let sum = 0n;
  const missing = new Set<bigint>();
  for (let to = from; to < differences.length; to += 1) {
    sum += differences[to] ?? 0n;
    missing.add(missingBytes[to] ?? 0n);
    const rest = sum;
    const holders = sum < 0n && missing.has(-sum) ? holdersOf(problem, { from, to }, rest) : [];
    const at = holders.find((holder) => isCancelled(problem, { from, to }, { at: holder, rest }));
    if (at !== undefined) return { to, at, rest };
    const { forwardMax, backwardMax } = edges[to + 1] ?? { forwardMax: 0n, backwardMax: 0n };
    if (forwardMax === 0n && backwardMax === 0n) return undefined;
  }
  return undefined;
}

/** Whether forward crossings alone make these differences. `rest` is what period `at` has beside them. */
function isForward(
  { differences, edges }: EdgeProblem,
  { from, to }: Stretch,
  { at, rest }: { readonly at: number; readonly rest: bigint },
  mayCrossOuter: boolean,
): boolean {
  const sums: bigint[] = [];
  for (let k = from; k <= to; k += 1)
    sums.push((sums.at(-1) ?? 0n) + (differences[k] ?? 0n) - (k === at ? rest : 0n));
  const total = sums.at(-1) ?? 0n;
  const canEnter = mayCrossOuter && from === 0;
  const canLeave = mayCrossOuter && to === differences.length - 1;
  // The least that must come in over the first edge, so that none is crossed backward.
  const least = sums.reduce(larger, 0n);
  const entering = canEnter ? (canLeave ? least : total) : 0n;
  if (entering < least || (!canLeave && entering !== total)) return false;
  const crossings = [entering, ...sums.map((sum) => entering - sum)];
  return crossings.every((bytes, k) => bytes <= (edges[from + k]?.forwardMax ?? 0n));
}

/** The periods whose own difference is `rest` within a half of it, the nearest first. */
function holdersOf({ differences }: EdgeProblem, { from, to }: Stretch, rest: bigint): number[] {
  const distance = (at: number): bigint => absolute((differences[at] ?? 0n) - rest);
  return Array.from({ length: to - from + 1 }, (_, k) => from + k)
    .filter((at) => 2n * distance(at) <= absolute(rest))
    .sort((a, b) => (distance(a) < distance(b) ? -1 : 1));
}

function explainAll(problem: EdgeProblem, stretch: Stretch): Explained | undefined {
  const { differences, missingBytes } = problem;
  const inside = Array.from({ length: stretch.to - stretch.from + 1 }, (_, k) => stretch.from + k);
  const total = inside.reduce((sum, at) => sum + (differences[at] ?? 0n), 0n);
  const missing = inside.reduce((most, at) => larger(most, missingBytes[at] ?? 0n), 0n);
  const tries = [
    { rest: -missing, mayCrossOuter: true, isTried: missing > 0n },
    { rest: 0n, mayCrossOuter: true, isTried: true },
    { rest: total, mayCrossOuter: false, isTried: true },
  ];
  for (const { rest, mayCrossOuter, isTried } of tries) {
    if (!isTried) continue;
    const holders = rest === 0n ? [stretch.from] : holdersOf(problem, stretch, rest);
    const at = holders.find((holder) => isForward(problem, stretch, { at: holder, rest }, mayCrossOuter));
    if (at !== undefined) return { at, rest };
  }
  return undefined;
}

/** The stretch that starts at `from`, explained but for `rest` at one period; undefined when nothing explains it. */
function explain(problem: EdgeProblem, from: number): (Explained & { readonly to: number }) | undefined {
  const cancelled = cancelledAt(problem, from);
  if (cancelled !== undefined) return { to: cancelled, at: from, rest: 0n };
  const lost = lostAt(problem, from);
  if (lost !== undefined) return lost;
  const equal = problem.differences.findIndex((difference, at) => at > from && difference === 0n);
  const to = (equal < 0 ? problem.differences.length : equal) - 1;
  const explained = explainAll(problem, { from, to });
  return explained && { to, ...explained };
}

/** What is left of each period's difference when crossed edges are taken out: 0 where they are all of it. */
export function withoutEdgeWindows(problem: EdgeProblem): readonly bigint[] {
  const left = [...problem.differences];
  for (let from = 0; from < left.length; from += 1) {
    const explained = left[from] === 0n ? undefined : explain(problem, from);
    if (explained === undefined) continue;
    left.fill(0n, from, explained.to + 1);
    left[explained.at] = explained.rest;
    from = explained.to;
  }
  return left;
}

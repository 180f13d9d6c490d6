/** A load again and again, in each cycle with other sids: six of a sid's digits are the cycle's number, all else
 *  stays as it is. Its first eight digits stay too: they decide the shard. */

const SID = /\b[A-Z]{2}[0-9a-f]{32}\b/g;
const CYCLE_FROM = 10;
const CYCLE_DIGITS = 6;
const CYCLE_UNTIL = CYCLE_FROM + CYCLE_DIGITS;

const digitsOf = (cycle: number): string => cycle.toString(16).padStart(CYCLE_DIGITS, '0');

/** A text without the cycle's digits: what stands between them. */
export function cutAtCycle(text: string): readonly string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(SID)) {
    pieces.push(text.slice(from, index + CYCLE_FROM));
    from = index + CYCLE_UNTIL;
  }
  return [...pieces, text.slice(from)];
}

/** The text as it is in this cycle. */
export const inCycle = (pieces: readonly string[], cycle: number): string => pieces.join(digitsOf(cycle));

/** A value of plain JSON with all its sids, names of attributes among them, as in cycle 0. */
export const asInCycle0 = <T>(value: T): T => JSON.parse(inCycle(cutAtCycle(JSON.stringify(value)), 0)) as T;

/** The cycle of a key's first sid; undefined when there is none. */
export function cycleOf(key: unknown): number | undefined {
  const [sid] = String(key).match(SID) ?? [];
  return sid === undefined ? undefined : Number.parseInt(sid.slice(CYCLE_FROM, CYCLE_UNTIL), 16);
}

/** A stored value with the sids of this cycle as in cycle 0. Sids of another cycle stay: they do not belong there. */
export function fromCycle(value: unknown, cycle: number): unknown {
  const digits = digitsOf(cycle);
  const plain = (text: string): string =>
    text.replace(SID, (sid) =>
      sid.slice(CYCLE_FROM, CYCLE_UNTIL) === digits
        ? `${sid.slice(0, CYCLE_FROM)}${digitsOf(0)}${sid.slice(CYCLE_UNTIL)}`
        : sid,
    );
  const walk = (each: unknown): unknown => {
    if (typeof each === 'string') return plain(each);
    if (Array.isArray(each)) return each.map(walk);
    // Numbers and bytes are objects of their own classes.
    if (typeof each !== 'object' || each === null || Object.getPrototypeOf(each) !== Object.prototype)
      return each;
    return Object.fromEntries(Object.entries(each).map(([name, entry]) => [plain(name), walk(entry)]));
  };
  return walk(value);
}

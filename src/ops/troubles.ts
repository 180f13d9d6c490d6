/** What is wrong right now, in words: for `/healthz` and the page. A trouble does not make a worker dead: what passes
 *  by itself, such as an outage of AWS, is waited out, and a restart would cure none of it. */

/** Each has a section in docs/runbook.md under its name. */
export const TROUBLE_KINDS = [
  'aws-failing',
  'shard-parked',
  'shard-stuck',
  'hash-range-hole',
  'event-loop-blocked',
] as const;
export type TroubleKind = (typeof TROUBLE_KINDS)[number];

export interface Trouble {
  readonly kind: TroubleKind;
  /** What it is about: a service, a table or a shard. */
  readonly subject: string;
  /** One sentence for a person, such as "DynamoDB has not answered for 95 s: TimeoutError". */
  readonly text: string;
  /** How long it has lasted. Unit: ms. */
  readonly forMs: number;
  /** Which process has it, where one endpoint shows several. */
  readonly process?: string;
}

/** Asked at each look; the worst first. */
export type Troubles = () => readonly Trouble[];

const IN_ORDER: ReadonlyMap<TroubleKind, number> = new Map(TROUBLE_KINDS.map((kind, at) => [kind, at]));

/** The troubles of several sources as one list: by kind, then the longest first. */
export const worstFirst = (...lists: readonly (readonly Trouble[])[]): readonly Trouble[] =>
  lists.flat().sort((a, b) => (IN_ORDER.get(a.kind) ?? 0) - (IN_ORDER.get(b.kind) ?? 0) || b.forMs - a.forMs);

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A duration as a person says it: `95 s`, `12 min`, `3 h`. */
export function spoken(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / 1_000)} s`;
  return ms < 2 * HOUR_MS ? `${Math.round(ms / MINUTE_MS)} min` : `${Math.round(ms / HOUR_MS)} h`;
}

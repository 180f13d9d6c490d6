/** The usage in a session's item that the usage table does not have yet: that of its current hour, and what its last
 *  change closed until a worker has handed it on. */
import { createHash } from 'node:crypto';
import { eventIdOf, judge } from '../reduce/dedup-memory.ts';
import type { HourUsage, UsageLine } from '../reduce/hourly-usage.ts';
import { partsOf } from '../reduce/usage-day.ts';
import { sessionFromItem } from './session-item.ts';
import { usageFromItem } from './usage-item.ts';

type Item = Readonly<Record<string, unknown>>;

/** One line of one hour. */
export interface OpenUsageEntry extends UsageLine {
  /** The hour's start. Unit: ms since 1970, UTC. */
  readonly hourMs: number;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
}

/** What a session closed of one day and fleet, and hands on before its item changes again. */
export interface ClosedUsage {
  /** By this name the day counts it once. */
  readonly partId: string;
  /** What the day remembers it by, beside its name. */
  readonly timestampMs: number;
  /** Of one day and one fleet. */
  readonly entries: readonly OpenUsageEntry[];
}

const entryOf = ({ line, ...entry }: HourUsage): OpenUsageEntry => ({ ...line, ...entry });

/** `item`: with its private attributes. What was closed is not among them.
 *  @throws RangeError when the item was not written by this program or is damaged. */
export const openUsageOf = (item: Item): readonly OpenUsageEntry[] =>
  (sessionFromItem(item).usage?.open ?? []).map(entryOf);

/** What the item's last change closed: counted in its day already, or about to be.
 *  @throws RangeError when the item was not written by this program or is damaged. */
export function closedUsageOf(item: Item): readonly ClosedUsage[] {
  const { session, usage } = sessionFromItem(item);
  if (!usage || usage.closed.length === 0) return [];
  const named = {
    sid: session.dataSessionSid,
    simSid: session.values.simSid ?? '',
    version: usage.closedAtVersion,
  };
  return partsOf(named, usage.closed).map(({ eventSid, timestampMs, hours }) => ({
    partId: eventSid,
    timestampMs,
    entries: hours.map(entryOf),
  }));
}

const hash16 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** `day`: the usage item that it goes to. True also when only the day's pages could tell: what is as old as they are
 *  has long been handed on, as a rule.
 *  @throws RangeError when the item was not written by this program or is damaged. */
export const isCountedIn = (day: Item, { partId, timestampMs }: ClosedUsage): boolean =>
  judge(usageFromItem(day).memory, eventIdOf(partId, hash16), timestampMs) !== 'new';

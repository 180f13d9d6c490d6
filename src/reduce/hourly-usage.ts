/** What a session used in each hour, until it is handed on to the SIM's day. The hour in which the session is now stays
 *  open in its item; earlier ones are closed, and the closed go to the usage table once. Pure. */
import type { DataSessionEvent } from '../decode/event.ts';
import { type SessionAggregate, stampOfUsage } from './session.ts';

export const HOUR_MS = 3_600_000;

/** What is told apart within an hour: the fleet, the APN and the network in which the bytes were used. */
export interface UsageLine {
  readonly fleetSid?: string;
  readonly apn?: string;
  readonly mcc?: string;
  readonly mnc?: string;
  readonly isoCountry?: string;
}

/** One line of one hour. */
export interface HourUsage {
  /** The hour's start. Unit: ms since 1970, UTC. */
  readonly hourMs: number;
  readonly line: UsageLine;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
}

export interface HourlyUsage {
  /** Not handed on yet, and may still grow. */
  readonly open: readonly HourUsage[];
  /** Never changes: what a swap closed, to be handed on before the next. */
  readonly closed: readonly HourUsage[];
  /** The version of the item with which it was closed: with the session's sid it names what was closed. */
  readonly closedAtVersion: number;
}

const NONE: readonly HourUsage[] = [];
export const NO_USAGE: HourlyUsage = { open: NONE, closed: NONE, closedAtVersion: 0 };

export const isSameLine = (a: UsageLine, b: UsageLine): boolean =>
  a.mnc === b.mnc &&
  a.mcc === b.mcc &&
  a.apn === b.apn &&
  a.fleetSid === b.fleetSid &&
  a.isoCountry === b.isoCountry;

type Draft<T> = { -readonly [K in keyof T]: T[K] };

export function lineOf({
  fleetSid,
  apn,
  network,
}: Pick<DataSessionEvent, 'fleetSid' | 'apn' | 'network'>): UsageLine {
  const line: Draft<UsageLine> = {};
  if (fleetSid !== undefined) line.fleetSid = fleetSid;
  if (apn !== undefined) line.apn = apn;
  if (network?.mcc !== undefined) line.mcc = network.mcc;
  if (network?.mnc !== undefined) line.mnc = network.mnc;
  if (network?.isoCountry !== undefined) line.isoCountry = network.isoCountry;
  return line;
}

/** Adds an event's window to the hour in which it ended. */
function addWindow(open: HourUsage[], event: DataSessionEvent): void {
  const { downloadBytes = 0n, uploadBytes = 0n } = event;
  if (downloadBytes === 0n && uploadBytes === 0n) return;
  const hourMs = hourOf(stampOfUsage(event));
  const line = lineOf(event);
  const at = open.findIndex((entry) => entry.hourMs === hourMs && isSameLine(entry.line, line));
  const same = open[at];
  if (!same) open.push({ hourMs, line, downloadBytes, uploadBytes });
  else
    open[at] = {
      hourMs,
      line: same.line,
      downloadBytes: same.downloadBytes + downloadBytes,
      uploadBytes: same.uploadBytes + uploadBytes,
    };
}

export const hourOf = (timeMs: number): number => timeMs - (timeMs % HOUR_MS);

/** Folds what a swap counts. `after`: the session with it; `version`: the item's after the swap. What was closed before
 *  must have been handed on: it is let go. */
export function foldHours(
  before: HourlyUsage,
  events: readonly { readonly event: DataSessionEvent }[],
  after: SessionAggregate,
  version: number,
): HourlyUsage {
  const all = before.open.slice();
  for (const { event } of events) addWindow(all, event);
  // A session that is over has no hour to come; late events of it are handed on at once.
  const openFromMs = after.terminal ? Number.POSITIVE_INFINITY : hourOf(after.usageThroughMs ?? 0);
  const open = all.filter(({ hourMs }) => hourMs >= openFromMs);
  if (open.length === all.length) return { open, closed: NONE, closedAtVersion: 0 };
  return { open, closed: all.filter(({ hourMs }) => hourMs < openFromMs), closedAtVersion: version };
}

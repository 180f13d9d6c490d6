/** A SIM's usage of one UTC day in one fleet. A sum: the same set of distinct parts gives the same day. Pure. */
import { HOUR_MS, type HourUsage, isSameLine, type UsageLine } from './hourly-usage.ts';

const DAY_MS = 24 * HOUR_MS;

/** Hours that a session has closed, of one day and fleet: what is counted once. Names itself by the session and by the
 *  version of its item that closed them, so that copies are known. */
export interface UsagePart {
  readonly eventSid: string;
  /** The last hour's start: copies carry the same. */
  readonly timestampMs: number;
  readonly simSid: string;
  readonly accountSid?: string;
  /** The day's start. Unit: ms since 1970, UTC. */
  readonly dayMs: number;
  readonly fleetSid?: string;
  readonly hours: readonly HourUsage[];
}

export interface UsageDay {
  readonly simSid: string;
  readonly dayMs: number;
  readonly fleetSid?: string;
  readonly accountSid?: string;
  readonly hours: readonly HourUsage[];
}

export const dayOf = (timeMs: number): number => timeMs - (timeMs % DAY_MS);

/** The parts of what a session closed, one for each day and fleet. */
export function partsOf(
  session: {
    readonly sid: string;
    readonly simSid: string;
    readonly accountSid?: string;
    readonly version: number;
  },
  closed: readonly HourUsage[],
): UsagePart[] {
  const { sid, simSid, accountSid, version } = session;
  const byDay = new Map<string, HourUsage[]>();
  for (const entry of closed) {
    const name = `${dayOf(entry.hourMs)}#${entry.line.fleetSid ?? ''}`;
    const hours = byDay.get(name);
    if (hours) hours.push(entry);
    else byDay.set(name, [entry]);
  }
  return [...byDay].map(([name, hours]) => {
    const { hourMs, line } = hours[0] as HourUsage;
    return {
      eventSid: `${sid}@${version}#${name}`,
      timestampMs: Math.max(...hours.map((entry) => entry.hourMs)),
      simSid,
      ...(accountSid === undefined ? {} : { accountSid }),
      dayMs: dayOf(hourMs),
      ...(line.fleetSid === undefined ? {} : { fleetSid: line.fleetSid }),
      hours,
    };
  });
}

/** The greater one, so that it is the same in whatever order: a SIM has one account. */
const greater = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;

export function foldPart(day: UsageDay, part: UsagePart): UsageDay {
  const hours = day.hours.slice();
  for (const { hourMs, line, downloadBytes, uploadBytes } of part.hours) {
    const at = hours.findIndex((entry) => entry.hourMs === hourMs && isSameLine(entry.line, line));
    const same = hours[at];
    if (!same) hours.push({ hourMs, line, downloadBytes, uploadBytes });
    else
      hours[at] = {
        hourMs,
        line: same.line,
        downloadBytes: same.downloadBytes + downloadBytes,
        uploadBytes: same.uploadBytes + uploadBytes,
      };
  }
  const accountSid = greater(day.accountSid, part.accountSid);
  return { ...day, hours, ...(accountSid === undefined ? {} : { accountSid }) };
}

/** A line as one text: `super|310-260|US`, with `\` before a `|` or `\` that is part of a value, and before a `-` of the
 *  country code. The fleet is the day's. */
export const lineName = ({ apn = '', mcc = '', mnc = '', isoCountry = '' }: UsageLine): string =>
  `${escaped(apn)}|${escaped(mcc).replace(/-/g, '\\-')}-${escaped(mnc)}|${escaped(isoCountry)}`;

const escaped = (text: string): string => text.replace(/[\\|]/g, '\\$&');
const plain = (text: string): string => text.replace(/\\(.)/gs, '$1');

/** `apn|mcc-mnc|country`, where each may hold what is escaped. */
const LINE_NAME = /^((?:[^\\|]|\\.)*)\|((?:[^\\|-]|\\.)*)-((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)$/s;

/** @throws RangeError when it is no line's name. */
export function lineFromName(name: string, fleetSid: string | undefined): UsageLine {
  const found = LINE_NAME.exec(name);
  if (!found) throw new RangeError('not the name of a line of usage');
  const [apn, mcc, mnc, isoCountry] = found.slice(1).map(plain);
  return {
    ...(fleetSid ? { fleetSid } : {}),
    ...(apn ? { apn } : {}),
    ...(mcc ? { mcc } : {}),
    ...(mnc ? { mnc } : {}),
    ...(isoCountry ? { isoCountry } : {}),
  };
}

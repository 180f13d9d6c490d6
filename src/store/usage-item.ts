/** The item of a SIM's day ↔ domain. See docs/downstream.md, "The usage item". */
import type { DedupMemory } from '../reduce/dedup-memory.ts';
import { HOUR_MS, type HourUsage } from '../reduce/hourly-usage.ts';
import { lineFromName, lineName, type UsageDay } from '../reduce/usage-day.ts';
import { fromIso, toIso } from '../time.ts';
import { type Attributes, bytes, integer, map, text, unknownOf } from './item-attributes.ts';
import type { StoredItem, WriteStamp } from './item-kind.ts';
import type { Draft } from './item-parts.ts';
import type { ItemMap } from './item-size.ts';
import { packPrivateState, unpackPrivateState } from './private-state.ts';

export const USAGE_SCHEMA_VERSION = 1;

export interface StoredDay extends StoredItem {
  readonly day: UsageDay;
  readonly unknown: ItemMap;
}

const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'sim_sid',
  'day_fleet',
  'day',
  'fleet_sid',
  'account_sid',
  'download_bytes',
  'upload_bytes',
  'total_bytes',
  'hours',
  'version',
  'schema_version',
  'updated_at',
  'expires_at',
  'dedup',
]);

const ISO_DAY_CHARS = 10;
const NO_FLEET = '-';

export const isoDay = (dayMs: number): string => toIso(dayMs).slice(0, ISO_DAY_CHARS);

/** Of the day's item in its SIM's partition. */
export const dayKey = ({ dayMs, fleetSid }: Pick<UsageDay, 'dayMs' | 'fleetSid'>): string =>
  `${isoDay(dayMs)}#${fleetSid ?? NO_FLEET}`;

const hourName = (hourMs: number): string => toIso(hourMs).slice(ISO_DAY_CHARS + 1, ISO_DAY_CHARS + 3);

/** `{ "05": { "super|310-260|US": { down, up } } }`, in order. */
function hoursItem(hours: readonly HourUsage[]): ItemMap {
  const named = hours.map((entry) => ({
    ...entry,
    hour: hourName(entry.hourMs),
    name: lineName(entry.line),
  }));
  named.sort((a, b) => a.hourMs - b.hourMs || (a.name < b.name ? -1 : 1));
  const item: Record<string, Draft> = {};
  for (const { hour, name, downloadBytes, uploadBytes } of named) {
    item[hour] ??= {};
    (item[hour] as Draft)[name] = { down: downloadBytes, up: uploadBytes };
  }
  return item;
}

export function usageToItem({ day, memory, version, unknown }: StoredDay, stamp: WriteStamp): ItemMap {
  const { simSid, dayMs, fleetSid, accountSid, hours } = day;
  let [downloadBytes, uploadBytes] = [0n, 0n];
  for (const entry of hours) {
    downloadBytes += entry.downloadBytes;
    uploadBytes += entry.uploadBytes;
  }
  return {
    ...unknown,
    sim_sid: simSid,
    day_fleet: dayKey(day),
    day: isoDay(dayMs),
    ...(fleetSid === undefined ? {} : { fleet_sid: fleetSid }),
    ...(accountSid === undefined ? {} : { account_sid: accountSid }),
    download_bytes: downloadBytes,
    upload_bytes: uploadBytes,
    total_bytes: downloadBytes + uploadBytes,
    hours: hoursItem(hours),
    version,
    updated_at: toIso(stamp.updatedAtMs),
    ...(stamp.expiresAtSeconds === undefined ? {} : { expires_at: stamp.expiresAtSeconds }),
    dedup: packPrivateState({
      memory,
      stamps: {},
      isSeenFromStart: false,
      download: {},
      upload: {},
      ...(stamp.writer === undefined ? {} : { writer: stamp.writer }),
    }),
    schema_version: USAGE_SCHEMA_VERSION,
  };
}

/** @throws RangeError when it is not one of ours. */
export function hoursOf(item: Attributes, fleetSid: string | undefined): HourUsage[] {
  const dayMs = fromIso(`${text(item, 'day')}T00:00:00.000Z`);
  if (Number.isNaN(dayMs)) throw new RangeError('attribute day is not a day');
  return Object.entries(map(item, 'hours') ?? {}).flatMap(([hour, lines]) =>
    Object.entries(lines as Attributes).map(([name, counters]) => ({
      hourMs: dayMs + Number(hour) * HOUR_MS,
      line: lineFromName(name, fleetSid),
      downloadBytes: integer(counters as Attributes, 'down'),
      uploadBytes: integer(counters as Attributes, 'up'),
    })),
  );
}

/** @throws RangeError when the item was not written by this program or is damaged. */
export function usageFromItem(item: Attributes): StoredDay {
  const [simSid, fleetSid, accountSid] = [
    text(item, 'sim_sid'),
    text(item, 'fleet_sid'),
    text(item, 'account_sid'),
  ];
  if (simSid === undefined) throw new RangeError('not a usage item of this program');
  const memory: DedupMemory = unpackPrivateState(bytes(item, 'dedup')).memory;
  return {
    day: {
      simSid,
      dayMs: fromIso(`${text(item, 'day')}T00:00:00.000Z`),
      ...(fleetSid === undefined ? {} : { fleetSid }),
      ...(accountSid === undefined ? {} : { accountSid }),
      hours: hoursOf(item, fleetSid),
    },
    memory,
    version: Number(integer(item, 'version')),
    unknown: unknownOf(item, KNOWN_ATTRIBUTES),
  };
}

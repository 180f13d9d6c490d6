/** A SIM's days, as `AggregateStore` keeps them. */
import { EMPTY_MEMORY } from '../reduce/dedup-memory.ts';
import { foldPart, type UsagePart } from '../reduce/usage-day.ts';
import { fromIso } from '../time.ts';
import type { ItemKind } from './item-kind.ts';
import { itemSizeBytes } from './item-size.ts';
import { dayKey, type StoredDay, usageFromItem, usageToItem } from './usage-item.ts';
import { changeOf } from './whole-items.ts';

/** Its parts may hold whatever a vendor puts into a sid. */
const idOf = (simSid: string, dayFleet: string): string => JSON.stringify([simSid, dayFleet]);

function keyOf(id: string) {
  const [simSid, dayFleet] = JSON.parse(id) as [string, string];
  return { sim_sid: simSid, day_fleet: dayFleet };
}

function emptyDay(id: string): StoredDay {
  const { sim_sid: simSid, day_fleet: dayFleet } = keyOf(id);
  const at = dayFleet.indexOf('#');
  const fleetSid = dayFleet.slice(at + 1);
  const day = {
    simSid,
    dayMs: fromIso(`${dayFleet.slice(0, at)}T00:00:00.000Z`),
    hours: [],
    ...(fleetSid === '-' ? {} : { fleetSid }),
  };
  return { day, memory: EMPTY_MEMORY, version: 0, unknown: {} };
}

export const usageKind = (tableName: string, keepDays: number): ItemKind<UsagePart, StoredDay> => ({
  tableName,
  keepDays,
  name: 'usage',
  unreadable: 'usage-item-unreadable',
  idOf: (part) => idOf(part.simSid, dayKey(part)),
  keyOf,
  pageKeyOf: (id) => `usage#${(JSON.parse(id) as string[]).join('#')}`,
  empty: emptyDay,
  read: usageFromItem,
  fold: (stored, parts) => ({
    ...stored,
    day: parts.reduce((day, { event }) => foldPart(day, event), stored.day),
  }),
  toItem: usageToItem,
  change: (before, after, stamp) =>
    changeOf(usageToItem(before, stamp), usageToItem(after, stamp), keyOfDay(after)),
  changeFromItem: (item, after, stamp) => changeOf(item, usageToItem(after, stamp), keyOfDay(after)),
  sizeBytes: (stored, _, stamp) => itemSizeBytes(usageToItem(stored, stamp)),
  indexUnits: ({ version }, { day }) => Number(version === 0 && day.fleetSid !== undefined),
});

const keyOfDay = ({ day }: StoredDay) => ({ sim_sid: day.simSid, day_fleet: dayKey(day) });

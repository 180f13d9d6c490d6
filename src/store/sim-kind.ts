/** SIMs, as `AggregateStore` keeps them. */
import { EMPTY_MEMORY } from '../reduce/dedup-memory.ts';
import { emptySim, foldNews, type SimNews } from '../reduce/sim.ts';
import type { ItemKind } from './item-kind.ts';
import { itemSizeBytes } from './item-size.ts';
import { type StoredSim, simFromItem, simToItem } from './sim-item.ts';
import { changeOf } from './whole-items.ts';

const keyOf = (simSid: string) => ({ sim_sid: simSid });

export const simKind = (tableName: string, keepDays: number): ItemKind<SimNews, StoredSim> => ({
  tableName,
  keepDays,
  name: 'sim',
  unreadable: 'sim-item-unreadable',
  idOf: ({ simSid }) => simSid,
  keyOf,
  pageKeyOf: (simSid) => `sim#${simSid}`,
  empty: (simSid) => ({ sim: emptySim(simSid), memory: EMPTY_MEMORY, version: 0, unknown: {} }),
  read: simFromItem,
  fold: (stored, news) => ({
    ...stored,
    sim: news.reduce((sim, { event }) => foldNews(sim, event), stored.sim),
  }),
  toItem: simToItem,
  change: (before, after, stamp) =>
    changeOf(simToItem(before, stamp), simToItem(after, stamp), keyOf(after.sim.simSid)),
  changeFromItem: (item, after, stamp) => changeOf(item, simToItem(after, stamp), keyOf(after.sim.simSid)),
  sizeBytes: (stored, _, stamp) => itemSizeBytes(simToItem(stored, stamp)),
});

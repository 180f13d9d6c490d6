/** The stores of all that is kept, each with its table, put together. */
import type { PersonalField } from '../decode/event.ts';
import { MeterError } from '../errors.ts';
import type { UsagePart } from '../reduce/usage-day.ts';
import { AggregateStore } from './aggregate-store.ts';
import type { AggregateStoreDeps, AggregateStoreOptions } from './aggregate-store-options.ts';
import type { Countable, StoredItem } from './item-kind.ts';
import { ItemLoader } from './item-loader.ts';
import type { StoreDeps } from './item-writer.ts';
import type { Projection } from './projection-names.ts';
import { Projections } from './projections.ts';
import { SessionCache } from './session-cache.ts';
import { sessionKind } from './session-kind.ts';
import { simKind } from './sim-kind.ts';
import type { tableNames } from './tables.ts';
import { isoDay } from './usage-item.ts';
import { usageKind } from './usage-kind.ts';

/** What all kinds of item share. */
export type ProjectionsDeps = StoreDeps &
  Omit<AggregateStoreDeps<Countable, StoredItem>, 'kind' | 'loader' | 'cache'>;

export interface ProjectionsOptions extends AggregateStoreOptions {
  readonly names: ReturnType<typeof tableNames>;
  readonly projections: readonly Projection[];
  /** How long items are kept after their last write; 0, the default: for ever. Unit: days. */
  readonly keepDays?: Readonly<Record<Projection, number>>;
  readonly personalFields: ReadonlySet<PersonalField>;
  /** Sessions remembered, so that they need not be read again. Unit: bytes of heap, about. */
  readonly cacheMaxBytes: number;
}

export function buildProjections(deps: ProjectionsDeps, options: ProjectionsOptions): Projections {
  const { names, projections, keepDays = FOR_EVER, personalFields, cacheMaxBytes } = options;
  const loader = (tableName: string) => new ItemLoader(tableName, deps);
  const countUsage = projections.includes('usage') ? usageCounter(deps, options) : undefined;
  const sessions = new AggregateStore(
    {
      ...deps,
      kind: sessionKind({
        tableName: names.sessions,
        keepDays: keepDays.sessions,
        personalFields,
        ...(countUsage ? { countUsage } : {}),
      }),
      loader: loader(names.sessions),
      cache: new SessionCache(cacheMaxBytes),
    },
    options,
  );
  if (!projections.includes('sims')) return new Projections({ sessions });
  const sims = new AggregateStore(
    { ...deps, kind: simKind(names.sims, keepDays.sims), loader: loader(names.sims) },
    options,
  );
  return new Projections({ sessions, sims });
}

const FOR_EVER = { sessions: 0, sims: 0, usage: 0 } as const;

/** Counts what sessions hand on. */
function usageCounter(
  deps: ProjectionsDeps,
  options: ProjectionsOptions,
): (parts: readonly UsagePart[]) => Promise<void> {
  const { usage } = options.names;
  const { keepDays = FOR_EVER } = options;
  const store = new AggregateStore(
    { ...deps, kind: usageKind(usage, keepDays.usage), loader: new ItemLoader(usage, deps) },
    options,
  );
  return async (parts) => {
    const outcomes = await store.apply(parts, deps.closing);
    const at = outcomes.findIndex(({ kind }) => kind === 'refused');
    if (at < 0) return;
    const { simSid, dayMs } = parts[at] as UsagePart;
    throw new MeterError(
      'item-unreadable',
      `The usage item of SIM ${simSid}, ${isoDay(dayMs)}, in table ${usage} cannot be read or written: it was not written by this program, or is damaged. Restore it from a backup; the shard waits until then.`,
    );
  };
}

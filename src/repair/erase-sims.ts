/** Erases SIMs. Safe beside live workers, safe to repeat, and safe to be killed between any two steps:
 *
 *    tombstone ──► settle ──► find ──► nothing? done
 *                    ▲         │
 *                    │         ▼ 1. dead letters   while the items that name the ICCID and the sessions are there:
 *                    │         │                   killed here, the next run learns them again
 *                    │         ▼ 2. dedup pages    likewise: a session's pages are found by its item
 *                    └──────── 3. sessions, usage, SIM
 *
 *  Deletes are without conditions: each key is of one of these SIMs alone, and of no item that could come back, since
 *  the tombstone is older. What a worker that had asked before the tombstone still inserts is found in the next pass. */
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { type Answer, Batcher } from '../store/batcher.ts';
import type { ErasedSims } from '../store/erased-sims.ts';
import type { ReadItem } from '../store/item-writer.ts';
import { ERASED_TABLES, type ErasedTable, type FindDeps, SimItemFinder } from './find-sim-items.ts';
import { SimIdentifiers } from './sim-identifiers.ts';

/** Two are the rule; a fleet that goes on writing so long has another trouble. */
const PASSES_MAX = 10;
/** DynamoDB's limit. */
const DELETES_MAX = 25;
const CALLS_MAX = 4;

export type ItemCounts = Readonly<Record<ErasedTable, number>>;

export interface Erasure {
  /** Items found, which with `eraseSims` are deleted. */
  readonly counts: ItemCounts;
  /** The last pass found nothing. */
  readonly isComplete: boolean;
  readonly passes: number;
  readonly absentTables: readonly string[];
  readonly unsearchableLetters: number;
}

export interface EraseDeps extends FindDeps {
  readonly erased: Pick<ErasedSims, 'mark'>;
}

type Counts = Record<ErasedTable, number>;
const noCounts = (): Counts => ({ deadLetters: 0, dedup: 0, sessions: 0, usage: 0, sims: 0 });

/** What there is to erase; changes nothing. */
export async function previewErasure(deps: FindDeps, simSids: readonly string[]): Promise<Erasure> {
  const { keys, ...found } = await new SimItemFinder(deps, new SimIdentifiers(simSids)).find();
  const counts = noCounts();
  for (const table of ERASED_TABLES) counts[table] = keys[table].length;
  return { ...found, counts, isComplete: Object.values(counts).every((count) => count === 0), passes: 1 };
}

/** Erases the SIMs. `settleMs`: how long a worker may take from asking for a tombstone to its insert.
 *  @throws `AbortError` when `closing` aborts; whatever is fatal. To repeat it is safe. */
export async function eraseSims(
  deps: EraseDeps,
  simSids: readonly string[],
  settleMs: number,
): Promise<Erasure> {
  await Promise.all(simSids.map((simSid) => deps.erased.mark(simSid)));
  const finder = new SimItemFinder(deps, new SimIdentifiers(simSids));
  const deleter = new Deleter(deps);
  const counts = noCounts();
  for (let passes = 1; ; passes += 1) {
    deps.onProgress?.(`waiting for ${settleMs} ms, until no worker is in the middle of an insert`);
    await deps.clock.sleep(settleMs, deps.closing);
    const { keys, ...found } = await finder.find();
    const isComplete = ERASED_TABLES.every((table) => keys[table].length === 0);
    if (isComplete || passes > PASSES_MAX) return { ...found, counts, isComplete, passes };
    for (const table of ERASED_TABLES) {
      if (keys[table].length > 0) deps.onProgress?.(`deleting ${keys[table].length} of ${deps.names[table]}`);
      await deleter.delete(deps.names[table], keys[table]);
      counts[table] += keys[table].length;
    }
  }
}

interface Deletion {
  readonly tableName: string;
  readonly key: ReadItem;
}

class Deleter {
  private readonly deps: FindDeps;
  private readonly batches: Batcher<Deletion, void>;

  constructor(deps: FindDeps) {
    this.deps = deps;
    this.batches = new Batcher({
      ...deps,
      sizeMax: DELETES_MAX,
      underWayMax: CALLS_MAX,
      send: (batch) => this.send(batch),
    });
  }

  /** Resolves when all are deleted; an item that is not there is. */
  async delete(tableName: string, keys: readonly ReadItem[]): Promise<void> {
    // A scan may give an item twice, and DynamoDB refuses a key that is named twice.
    const distinct = new Map(keys.map((key) => [textOf(key), key]));
    await Promise.all([...distinct.values()].map((key) => this.batches.ask({ tableName, key })));
  }

  /** Batches hold one table's keys: the next table is begun when the last one is done. */
  private async send(batch: readonly Deletion[]): Promise<readonly Answer<void>[]> {
    const tableName = batch[0]?.tableName ?? '';
    const requests = batch.map(({ key }) => ({ DeleteRequest: { Key: { ...key } } }));
    const answer = await this.deps.client.send(
      new BatchWriteCommand({ RequestItems: { [tableName]: requests } }),
    );
    const left = new Set(
      (answer.UnprocessedItems?.[tableName] ?? []).map(({ DeleteRequest }) =>
        textOf(DeleteRequest?.Key ?? {}),
      ),
    );
    return batch.map(({ key }) => (left.has(textOf(key)) ? { error: throttled() } : { value: undefined }));
  }
}

/** Keys are strings; a service may give their names in any order. */
const textOf = (key: ReadItem): string => JSON.stringify(Object.entries(key).sort());

const throttled = (): Error =>
  Object.assign(new Error('an item was not processed'), { name: 'ProvisionedThroughputExceededException' });

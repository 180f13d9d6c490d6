/** Checks each cycle when the worker's checkpoints are past all of it, and then drops what is stored of it: a cycle
 *  is exact when its items, their sids read back as those of cycle 0, are what the load's truth says. A write to a
 *  cycle after that is a difference too: its checkpoints said that all of it is stored. */
import { toPlain } from '../../../src/json.ts';
import { compareSims } from '../../../src/local/compare-sims.ts';
import { compareSessions, storedUsage } from '../../../src/local/compare-stored.ts';
import type { GroundTruth } from '../../../src/local/ground-truth.ts';
import { compareUsage } from '../../../src/local/usage-truth.ts';
import type { Projection } from '../../../src/store/projection-names.ts';
import type { tableNames } from '../../../src/store/tables.ts';
import type { Item } from '../../simulation/dynamodb/values.ts';
import type { Change } from '../../simulation/sim-dynamodb.ts';
import type { StubDynamoDb } from '../stub/stub-dynamodb.ts';
import { asInCycle0, cycleOf, fromCycle } from './cycle-sids.ts';
import type { SoakKinesis } from './soak-kinesis.ts';

export interface KeeperDeps {
  readonly names: ReturnType<typeof tableNames>;
  readonly dynamodb: Pick<StubDynamoDb, 'items' | 'forget'>;
  readonly stream: Pick<SoakKinesis, 'oldestCycle' | 'nextCycle' | 'isPast' | 'shardIds'>;
  readonly truth: GroundTruth;
  readonly projections: readonly Projection[];
}

export interface KeeperReport {
  readonly cyclesChecked: number;
  readonly sessionsCompared: number;
  /** Distinct ones, of cycles that may not be checked yet. */
  readonly durableEvents: number;
  readonly writesAfterCheckpoint: number;
  readonly differences: number;
  /** The first few. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 5;

const attributesOf = (item: Item) => toPlain(item) as Readonly<Record<string, unknown>>;
const countOf = (item: Item | undefined): number =>
  Number((item?.['event_count'] as { value?: string } | undefined)?.value ?? 0);

export class CycleKeeper {
  private readonly deps: KeeperDeps;
  private readonly truth: GroundTruth;
  private readonly checkpoints = new Map<string, string>();
  private readonly examples: string[] = [];
  private cyclesChecked = 0;
  private durableEvents = 0;
  private writesAfterCheckpoint = 0;
  private differences = 0;

  constructor(deps: KeeperDeps) {
    this.deps = deps;
    this.truth = asInCycle0(deps.truth);
  }

  /** To be told of each change. */
  see({ tableName, before, after }: Pick<Change, 'tableName' | 'before' | 'after'>): void {
    const { names, stream } = this.deps;
    if (tableName === names.leases) {
      const { leaseKey, checkpoint } = after ?? {};
      if (typeof checkpoint === 'string') this.checkpoints.set(String(leaseKey), checkpoint);
      return;
    }
    if (tableName === names.sessions) this.durableEvents += countOf(after) - countOf(before);
    const cycle = this.cycleIn(tableName, after ?? before ?? {});
    if (cycle === undefined || cycle >= stream.oldestCycle) return;
    this.writesAfterCheckpoint += 1;
    this.differ([`${tableName} was written after the checkpoint of cycle ${cycle}`]);
  }

  /** Checks and drops the cycles that are done. */
  checkDone(): void {
    const { stream } = this.deps;
    while (stream.oldestCycle < stream.nextCycle && this.isDone(stream.oldestCycle)) {
      this.check(stream.oldestCycle);
      stream.oldestCycle += 1;
    }
  }

  report(): KeeperReport {
    return {
      cyclesChecked: this.cyclesChecked,
      sessionsCompared: this.cyclesChecked * Object.keys(this.truth.sessions).length,
      durableEvents: this.durableEvents,
      writesAfterCheckpoint: this.writesAfterCheckpoint,
      differences: this.differences,
      examples: this.examples,
    };
  }

  private isDone(cycle: number): boolean {
    const { stream } = this.deps;
    return stream.shardIds.every((shardId) => stream.isPast(shardId, this.checkpoints.get(shardId), cycle));
  }

  private check(cycle: number): void {
    const { names, dynamodb } = this.deps;
    this.differ(this.differencesOf(cycle).map((difference) => `cycle ${cycle}: ${difference}`));
    for (const tableName of [names.sessions, names.sims, names.usage, names.dedup])
      dynamodb.forget(tableName, (item) => this.cycleIn(tableName, item) === cycle);
    this.cyclesChecked += 1;
  }

  private differencesOf(cycle: number): readonly string[] {
    const { names, dynamodb, projections } = this.deps;
    const itemsOf = (tableName: string): readonly Item[] =>
      dynamodb.items(tableName).filter((item) => this.cycleIn(tableName, item) === cycle);
    const plain = <T>(values: Iterable<T>): readonly T[] =>
      [...values].map((value) => fromCycle(value, cycle) as T);
    const [sessions, usage] = [itemsOf(names.sessions), itemsOf(names.usage)];
    return [
      ...compareSessions(plain(sessions), this.truth),
      ...(projections.includes('sims')
        ? compareSims(plain(itemsOf(names.sims).map(attributesOf)), this.truth.sims)
        : []),
      // Sessions hold sids of their usage in packed bytes, so that only its entries can be read as of cycle 0.
      ...(projections.includes('usage')
        ? compareUsage(plain(storedUsage({ sessions, usage })), this.truth.usage)
        : []),
    ];
  }

  private cycleIn(tableName: string, item: Item): number | undefined {
    const { names } = this.deps;
    if (tableName === names.sessions) return cycleOf(item['data_session_sid']);
    return cycleOf(tableName === names.dedup ? item['item_key'] : item['sim_sid']);
  }

  private differ(differences: readonly string[]): void {
    this.differences += differences.length;
    this.examples.push(...differences.slice(0, EXAMPLES_MAX - this.examples.length));
  }
}

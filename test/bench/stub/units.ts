/** What calls cost by DynamoDB's rules, by operation and table. The rules for one item are the simulated table's
 *  (`SimTable.chargeWrite`, `chargeRead`): started KB of the larger of the item before and after, also for a failed
 *  condition; one unit for each index entry that comes or goes; started 4 KB of a consistent read, half otherwise.
 *  A statement of a batch costs what the same write costs alone. A write in a transaction costs twice; in one that
 *  is cancelled once, for its preparation: the documents do not say, and this is the least it can be.
 *  Source: DynamoDB developer guide, "Capacity unit consumption" for read, write and transactional operations. */
import type { SimDynamoDb } from '../../simulation/sim-dynamodb.ts';

export interface Units {
  read: number;
  write: number;
}

export interface TableUnits extends Readonly<Units> {
  readonly name: string;
}

export interface UnitsReport {
  readonly byOperation: Readonly<Record<string, Units>>;
  readonly byTable: Readonly<Record<string, Units>>;
}

const add = (sums: Record<string, Units>, name: string, { read, write }: Units): void => {
  sums[name] ??= { read: 0, write: 0 };
  sums[name].read += read;
  sums[name].write += write;
};

export class UnitsMeter {
  private readonly tables: SimDynamoDb;
  private byOperation: Record<string, Units> = {};
  private byTable: Record<string, Units> = {};

  constructor(tables: SimDynamoDb) {
    this.tables = tables;
  }

  /** Call it before the work; what it returns tells what these tables used since. */
  measure(tableNames: readonly string[]): () => readonly TableUnits[] {
    const before = tableNames.map((name) => ({ name, ...this.consumed(name) }));
    return () =>
      before.map(({ name, read, write }) => {
        const after = this.consumed(name);
        return { name, read: after.read - read, write: after.write - write };
      });
  }

  /** Charges what was used, `factor` times. */
  add(operation: string, used: readonly TableUnits[], factor = 1): void {
    for (const { name, read, write } of used) {
      add(this.byOperation, operation, { read: read * factor, write: write * factor });
      add(this.byTable, name, { read: read * factor, write: write * factor });
    }
  }

  report(): UnitsReport {
    return { byOperation: this.byOperation, byTable: this.byTable };
  }

  reset(): void {
    this.byOperation = {};
    this.byTable = {};
  }

  /** A table that is not there has used nothing. */
  private consumed(tableName: string): Units {
    return this.tables.has(tableName) ? { ...this.tables.consumed(tableName) } : { read: 0, write: 0 };
  }
}

/** One simulated table: its keys, its items, and what its operations cost. */
import { type Item, invalid, itemSize, type Value } from './values.ts';

interface KeyElement {
  readonly AttributeName?: string | undefined;
}
interface IndexInput {
  readonly IndexName?: string | undefined;
  readonly KeySchema?: readonly KeyElement[] | undefined;
}
export interface TableInput {
  readonly TableName?: string | undefined;
  readonly KeySchema?: readonly KeyElement[] | undefined;
  readonly GlobalSecondaryIndexes?: readonly IndexInput[] | undefined;
}

export interface Capacity {
  /** Units of the table itself. */
  readonly table: number;
  readonly indexes: Readonly<Record<string, number>>;
}

const ITEM_MAX_BYTES = 400 * 1024;
const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

const namesOf = (schema: readonly KeyElement[] | undefined): string[] =>
  (schema ?? []).map(({ AttributeName }) => AttributeName ?? '');

export class SimTable {
  readonly name: string;
  readonly input: TableInput;
  /** Partition key, and sort key if there is one. */
  readonly key: readonly string[];
  readonly indexes: ReadonlyMap<string, readonly string[]>;
  readonly items = new Map<string, Item>();
  ttlAttribute: string | undefined;
  /** Units so far. */
  readonly consumed = { read: 0, write: 0 };

  constructor(input: TableInput) {
    this.name = input.TableName ?? '';
    this.input = input;
    this.key = namesOf(input.KeySchema);
    this.indexes = new Map(
      (input.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName ?? '', namesOf(index.KeySchema)]),
    );
  }

  /** Where an item or a key is kept. @throws ValidationException when the key is not the table's. */
  place(source: Item, { isKeyOnly }: { readonly isKeyOnly: boolean }): string {
    if (isKeyOnly && Object.keys(source).length !== this.key.length)
      throw invalid('The provided key element does not match the schema');
    return this.key.map((name) => this.keyPart(source, name)).join('\u0000');
  }

  /** The item's place in an index; undefined when it is not in it. */
  indexPlace(item: Item | undefined, index: readonly string[]): string | undefined {
    const parts = index.map((name) => item?.[name]);
    return parts.every((part) => typeof part === 'string') ? parts.join('\u0000') : undefined;
  }

  /** @throws ValidationException */
  checkSize(item: Item): void {
    if (itemSize(item) > ITEM_MAX_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  }

  /** What a write costs: by the larger of the item before and after; an index pays for each entry that goes or
   *  comes. Source: DynamoDB developer guide, "Capacity unit consumption for write operations". */
  chargeWrite(before: Item | undefined, after: Item | undefined): Capacity {
    const bytes = Math.max(before ? itemSize(before) : 0, after ? itemSize(after) : 0);
    const table = Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
    const indexes: Record<string, number> = {};
    for (const [name, index] of this.indexes) {
      const [was, is] = [this.indexPlace(before, index), this.indexPlace(after, index)];
      const units = was === is ? 0 : Number(was !== undefined) + Number(is !== undefined);
      if (units > 0) indexes[name] = units;
    }
    this.consumed.write += table + Object.values(indexes).reduce((sum, units) => sum + units, 0);
    return { table, indexes };
  }

  chargeRead(bytes: number, isConsistent: boolean): Capacity {
    const table = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (isConsistent ? 1 : 0.5);
    this.consumed.read += table;
    return { table, indexes: {} };
  }

  private keyPart(source: Item, name: string): string {
    const value: Value | undefined = source[name];
    if (value === undefined) throw invalid(`One of the required keys was not given a value: ${name}`);
    if (typeof value !== 'string')
      throw invalid(`One or more parameter values were invalid: Type mismatch for key ${name}`);
    if (value === '')
      throw invalid(`One or more parameter values are not valid: the key ${name} is an empty string`);
    return value;
  }
}

/** As an answer says it. */
export function describeCapacity(
  { name }: SimTable,
  { table, indexes }: Capacity,
  wanted: unknown,
): object | undefined {
  if (wanted !== 'TOTAL' && wanted !== 'INDEXES') return undefined;
  const total = table + Object.values(indexes).reduce((sum, units) => sum + units, 0);
  const details = Object.fromEntries(
    Object.entries(indexes).map(([index, units]) => [index, { CapacityUnits: units }]),
  );
  return {
    TableName: name,
    CapacityUnits: total,
    ...(wanted === 'INDEXES' ? { Table: { CapacityUnits: table }, GlobalSecondaryIndexes: details } : {}),
  };
}

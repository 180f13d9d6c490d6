/** Conditional writes as PartiQL statements. Pure. An update names only what changed, so attributes that we do not
 *  know stay as they are, and a statement is a third of its item. */
import type { ItemMap, ItemValue } from './item-size.ts';
import type { ItemWrite, ReadItem } from './item-writer.ts';

/** `each`: `SET a=? SET b=?`, the form of DynamoDB's reference. `comma`: `SET a=?, b=?`, which some engines want.
 *  Source: DynamoDB developer guide, "PartiQL update statements". */
export type Dialect = 'each' | 'comma';

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

const quoted = (name: string): string => `"${name}"`;

/** Texts come again and again: the same attributes change. */
const TEXTS = new Map<string, string>();

function remembered(key: string, make: () => string): string {
  const known = TEXTS.get(key);
  if (known !== undefined) return known;
  const text = make();
  // Attributes that we do not know never get into a text, so there are few.
  if (TEXTS.size < 10_000) TEXTS.set(key, text);
  return text;
}

const digits = (value: unknown): string | undefined => {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const wrapped = typeof value === 'object' && value !== null && 'value' in value ? value.value : undefined;
  return typeof wrapped === 'string' ? wrapped : undefined;
};

/** Whether a read attribute is what we would write. In doubt it is not: writing it again changes nothing. */
function isSame(read: unknown, value: ItemValue | undefined): boolean {
  if (read === value) return true;
  if (value instanceof Uint8Array) return read instanceof Uint8Array && Buffer.compare(read, value) === 0;
  const number = digits(value);
  if (number !== undefined) return digits(read) === number;
  if (typeof value !== 'object' || value === null || typeof read !== 'object' || read === null) return false;
  const [a, b] = [read as ReadItem, value as ItemMap];
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => isSame(a[name], b[name]));
}

function insertStatement({ tableName, item }: ItemWrite): Statement {
  const names = Object.keys(item);
  const text = remembered(
    `+${tableName} ${names.join()}`,
    () => `INSERT INTO ${quoted(tableName)} VALUE {${names.map((name) => `'${name}':?`).join(',')}}`,
  );
  return { text, parameters: names.map((name) => item[name]) };
}

function updateStatement(
  { tableName, keyNames, item }: ItemWrite,
  before: NonNullable<ItemWrite['before']>,
  dialect: Dialect,
): Statement {
  const changed: string[] = [];
  const parameters: unknown[] = [];
  for (const name of Object.keys(item)) {
    if (isSame(before.item[name], item[name])) continue;
    changed.push(name);
    parameters.push(item[name]);
  }
  const gone = Object.keys(before.item).filter((name) => !(name in item));
  for (const name of keyNames) parameters.push(item[name]);
  parameters.push(before.version);
  const text = remembered(`${dialect} ${tableName} ${changed.join()} ${gone.join()}`, () =>
    updateText({ tableName, keyNames, changed, gone }, dialect),
  );
  return { text, parameters };
}

interface UpdateParts {
  readonly tableName: string;
  readonly keyNames: readonly string[];
  readonly changed: readonly string[];
  readonly gone: readonly string[];
}

function updateText({ tableName, keyNames, changed, gone }: UpdateParts, dialect: Dialect): string {
  const set = changed.map((name) => `${quoted(name)}=?`);
  const remove = gone.map(quoted);
  const where = [...keyNames, 'version'].map((name) => `${quoted(name)}=?`).join(' AND ');
  const clauses =
    dialect === 'each'
      ? [...set.map((part) => ` SET ${part}`), ...remove.map((part) => ` REMOVE ${part}`)]
      : [` SET ${set.join(', ')}`, ...(remove.length > 0 ? [` REMOVE ${remove.join(', ')}`] : [])];
  return `UPDATE ${quoted(tableName)}${clauses.join('')} WHERE ${where}`;
}

/** Our attribute names need no escaping; one that we do not know is never named. */
export const statementOf = (write: ItemWrite, dialect: Dialect): Statement =>
  write.before === undefined ? insertStatement(write) : updateStatement(write, write.before, dialect);

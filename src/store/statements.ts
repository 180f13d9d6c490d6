/** Conditional writes as PartiQL statements. Pure. An update names only what changes, so attributes that we do not
 *  know stay as they are, and a statement is a third of its item. */
import type { ItemWrite } from './item-writer.ts';

/** `each`: `SET a=? SET b=?`, the form of DynamoDB's reference. `comma`: `SET a=?, b=?`, which some engines want.
 *  Source: DynamoDB developer guide, "PartiQL update statements". */
export type Dialect = 'each' | 'comma';

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Texts come again and again, as the same attributes change: they are found name by name. Attributes that we do not
 *  know never get into a text, so there are few. */
class KnownText {
  text: string | undefined;
  private readonly longer = new Map<string, KnownText>();

  with(name: string): KnownText {
    let next = this.longer.get(name);
    if (!next) {
      next = new KnownText();
      this.longer.set(name, next);
    }
    return next;
  }
}

const KNOWN_TEXTS = new KnownText();
/** No attribute's name. */
const THEN_REMOVE = ' remove ';

const quoted = (name: string): string => `"${name}"`;

function insertStatement({ tableName, whole }: ItemWrite): Statement {
  const item = whole();
  const names = Object.keys(item);
  let known = KNOWN_TEXTS.with('insert').with(tableName);
  const parameters: unknown[] = [];
  for (const name of names) {
    known = known.with(name);
    parameters.push(item[name]);
  }
  known.text ??= `INSERT INTO ${quoted(tableName)} VALUE {${names.map((name) => `'${name}':?`).join(',')}}`;
  return { text: known.text, parameters };
}

function updateStatement(
  { tableName, key }: ItemWrite,
  { version, set, remove }: NonNullable<ItemWrite['change']>,
  dialect: Dialect,
): Statement {
  let known = KNOWN_TEXTS.with(dialect).with(tableName);
  const parameters: unknown[] = [];
  for (const name in set) {
    known = known.with(name);
    parameters.push(set[name]);
  }
  if (remove.length > 0) known = known.with(THEN_REMOVE);
  for (const name of remove) known = known.with(name);
  for (const name in key) parameters.push(key[name]);
  parameters.push(version);
  known.text ??= updateText({ tableName, key: Object.keys(key), set: Object.keys(set), remove }, dialect);
  return { text: known.text, parameters };
}

interface UpdateNames {
  readonly tableName: string;
  readonly key: readonly string[];
  readonly set: readonly string[];
  readonly remove: readonly string[];
}

function updateText({ tableName, key, set, remove }: UpdateNames, dialect: Dialect): string {
  const sets = set.map((name) => `${quoted(name)}=?`);
  const removes = remove.map(quoted);
  const where = [...key, 'version'].map((name) => `${quoted(name)}=?`).join(' AND ');
  const clauses =
    dialect === 'each'
      ? [...sets.map((part) => ` SET ${part}`), ...removes.map((part) => ` REMOVE ${part}`)]
      : [` SET ${sets.join(', ')}`, ...(removes.length > 0 ? [` REMOVE ${removes.join(', ')}`] : [])];
  return `UPDATE ${quoted(tableName)}${clauses.join('')} WHERE ${where}`;
}

/** Our attribute names need no escaping; one that we do not know is named only in the insert that makes it. */
export const statementOf = (write: ItemWrite, dialect: Dialect): Statement =>
  write.change === undefined ? insertStatement(write) : updateStatement(write, write.change, dialect);

/** DynamoDB's update expressions. Source: DynamoDB developer guide, "Update expressions". */
import {
  lookUp,
  type Operand,
  type Path,
  type Placeholders,
  parseOperand,
  parsePath,
  remembered,
  resolve,
} from './expressions.ts';
import type { Tokens } from './tokens.ts';
import { copyValue, type Item, invalid, isEqual, type Value } from './values.ts';

/** One path and what becomes of it; undefined removes. */
interface Action {
  readonly path: Path;
  readonly value: (item: Item, placeholders: Placeholders) => Value | undefined;
}

const asNumber = (value: Value | undefined): bigint => {
  const digits = (value as { value?: string } | undefined)?.value;
  if (digits === undefined || !/^-?\d+$/.test(digits))
    throw invalid('An operand in the update expression has an incorrect data type');
  return BigInt(digits);
};

const needed = (value: Value | undefined): Value => {
  if (value === undefined)
    throw invalid('The provided expression refers to an attribute that does not exist in the item');
  return value;
};

function parseSetOperand(tokens: Tokens): Operand {
  const isFunction = tokens.peekAfter() === '(';
  if (!isFunction) return parseOperand(tokens);
  const name = tokens.next();
  tokens.expect('(');
  if (name === 'if_not_exists') {
    const path = parsePath(tokens);
    tokens.expect(',');
    const fallback = parseOperand(tokens);
    tokens.expect(')');
    return (item, placeholders) => lookUp(item, resolve(path, placeholders)) ?? fallback(item, placeholders);
  }
  if (name !== 'list_append') throw invalid(`Invalid UpdateExpression: unknown function ${name}`);
  const first = parseSetOperand(tokens);
  tokens.expect(',');
  const second = parseSetOperand(tokens);
  tokens.expect(')');
  return (item, placeholders) => [
    ...(needed(first(item, placeholders)) as Value[]),
    ...(needed(second(item, placeholders)) as Value[]),
  ];
}

function parseSet(tokens: Tokens): Action {
  const path = parsePath(tokens);
  tokens.expect('=');
  const left = parseSetOperand(tokens);
  const sign = tokens.takes('+') ? 1n : tokens.takes('-') ? -1n : undefined;
  if (sign === undefined) return { path, value: (item, placeholders) => needed(left(item, placeholders)) };
  const right = parseSetOperand(tokens);
  return {
    path,
    value: (item, placeholders) =>
      copyValue(
        asNumber(needed(left(item, placeholders))) + sign * asNumber(needed(right(item, placeholders))),
      ),
  };
}

const parseRemove = (tokens: Tokens): Action => ({ path: parsePath(tokens), value: () => undefined });

/** ADD: numbers are summed, sets united. DELETE: takes from a set. */
function parseAddOrDelete(tokens: Tokens, isAdd: boolean): Action {
  const path = parsePath(tokens);
  const operand = parseOperand(tokens);
  return {
    path,
    value: (item, placeholders) => {
      const before = lookUp(item, resolve(path, placeholders));
      const change = needed(operand(item, placeholders));
      if (!(change instanceof Set)) {
        if (!isAdd) throw invalid('DELETE takes a set');
        return copyValue((before === undefined ? 0n : asNumber(before)) + asNumber(change));
      }
      const entries = before instanceof Set ? [...before] : [];
      const isIn = (list: readonly unknown[], entry: unknown): boolean =>
        list.some((other) => isEqual(other as Value, entry as Value));
      const changed = [...change];
      const result = isAdd
        ? [...entries, ...changed.filter((entry) => !isIn(entries, entry))]
        : entries.filter((entry) => !isIn(changed, entry));
      return result.length === 0 ? undefined : new Set(result);
    },
  };
}

const CLAUSES: Readonly<Record<string, (tokens: Tokens) => Action>> = {
  SET: parseSet,
  REMOVE: parseRemove,
  ADD: (tokens) => parseAddOrDelete(tokens, true),
  DELETE: (tokens) => parseAddOrDelete(tokens, false),
};

export const parseUpdate = remembered((tokens: Tokens): readonly Action[] => {
  const actions: Action[] = [];
  const seen = new Set<string>();
  while (!tokens.isDone) {
    const word = tokens.next().toUpperCase();
    const parse = CLAUSES[word];
    if (!parse || seen.has(word)) throw invalid(`Invalid UpdateExpression: Syntax error near "${word}"`);
    seen.add(word);
    do actions.push(parse(tokens));
    while (tokens.takes(','));
  }
  return actions;
});

const isWithin = (outer: Path, inner: Path): boolean => outer.every((part, at) => part === inner[at]);

/** The item after the update. All actions see it as it was before.
 *  @throws ValidationException */
export function updated(item: Item, actions: readonly Action[], placeholders: Placeholders): Item {
  const changes = actions.map(({ path, value }) => ({
    path: resolve(path, placeholders),
    value: value(item, placeholders),
  }));
  for (const [at, { path }] of changes.entries())
    for (const other of changes.slice(at + 1))
      if (isWithin(path, other.path) || isWithin(other.path, path))
        throw invalid(
          `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths: ${path.join('.')}`,
        );
  const isFlat = changes.every(({ path }) => path.length === 1);
  const result: Record<string, Value> = isFlat ? { ...item } : (copyValue(item) as Record<string, Value>);
  for (const { path, value } of changes) change(result, path, value);
  return result;
}

function change(item: Record<string, Value>, path: Path, value: Value | undefined): void {
  const parent = lookUp(item, path.slice(0, -1)) as Record<string | number, Value> | undefined;
  const last = path.at(-1) as string | number;
  if (typeof parent !== 'object' || parent === null)
    throw invalid('The document path provided in the update expression is invalid for update');
  if (value !== undefined) parent[last] = copyValue(value);
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
}

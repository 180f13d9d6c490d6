/** DynamoDB's condition, update and projection expressions, each parsed once and kept as a function.
 *  Source: DynamoDB developer guide, "Expressions". */
import { Tokens } from './tokens.ts';
import {
  compareValues,
  copyValue,
  type Item,
  invalid,
  isEqual,
  sizeOf,
  typeOf,
  type Value,
} from './values.ts';

/** What the placeholders of one call stand for. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
}

/** Names and list indexes from the item down. */
export type Path = readonly (string | number)[];
export type Operand = (item: Item, placeholders: Placeholders) => Value | undefined;
export type Condition = (item: Item, placeholders: Placeholders) => boolean;

export function resolve(path: Path, { names }: Placeholders): Path {
  return path.map((part) => {
    if (typeof part === 'number' || !part.startsWith('#')) return part;
    const name = names[part];
    if (name === undefined)
      throw invalid(`An expression attribute name used in the document path is not defined: ${part}`);
    return name;
  });
}

export function lookUp(item: Item, path: Path): Value | undefined {
  let value: Value | undefined = item;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, Value | undefined>)[part];
  }
  return value;
}

function placeholderValue(name: string, { values }: Placeholders): Value {
  const value = values[name];
  if (value === undefined)
    throw invalid(`An expression attribute value used in expression is not defined: ${name}`);
  return value;
}

export function parsePath(tokens: Tokens): Path {
  const path: (string | number)[] = [tokens.next()];
  for (;;) {
    if (tokens.takes('.')) path.push(tokens.next());
    else if (tokens.takes('[')) {
      path.push(Number(tokens.next()));
      tokens.expect(']');
    } else return path;
  }
}

/** A path, a placeholder or `size(path)`. */
export function parseOperand(tokens: Tokens): Operand {
  if (tokens.peek().startsWith(':')) {
    const name = tokens.next();
    return (_, placeholders) => placeholderValue(name, placeholders);
  }
  if (tokens.peek() === 'size' && tokens.peekAfter() === '(') {
    tokens.next();
    tokens.expect('(');
    const path = parsePath(tokens);
    tokens.expect(')');
    return (item, placeholders) => sizeAsNumber(lookUp(item, resolve(path, placeholders)));
  }
  const path = parsePath(tokens);
  return (item, placeholders) => lookUp(item, resolve(path, placeholders));
}

/** Numbers inside expressions are compared as the tables keep them. */
function sizeAsNumber(value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  const count =
    value instanceof Set
      ? value.size
      : Array.isArray(value)
        ? value.length
        : typeof value === 'string'
          ? value.length
          : sizeOf(value);
  return copyValue(count);
}

type Compare = (a: Value | undefined, b: Value | undefined) => boolean;

const ordered =
  (isRight: (order: number) => boolean): Compare =>
  (a, b) => {
    const order = compareValues(a, b);
    return order !== undefined && isRight(order);
  };

const COMPARATORS: Readonly<Record<string, Compare>> = {
  '=': isEqual,
  // Of an attribute that is not there, too: it differs from everything.
  '<>': (a, b) => !isEqual(a, b),
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
};

type Test = (subject: Value | undefined, argument: Value | undefined) => boolean;

const FUNCTIONS: Readonly<Record<string, Test>> = {
  attribute_exists: (subject) => subject !== undefined,
  attribute_not_exists: (subject) => subject === undefined,
  attribute_type: (subject, type) => subject !== undefined && typeOf(subject) === type,
  begins_with: (subject, start) =>
    typeof subject === 'string' && typeof start === 'string' && subject.startsWith(start),
  contains: (subject, part) => {
    if (typeof subject === 'string') return typeof part === 'string' && subject.includes(part);
    if (!(subject instanceof Set) && !Array.isArray(subject)) return false;
    return [...subject].some((entry) => isEqual(entry as Value, part));
  },
};

function parseFunction(tokens: Tokens, test: Test): Condition {
  tokens.next();
  tokens.expect('(');
  const subject = parseOperand(tokens);
  const argument = tokens.takes(',') ? parseOperand(tokens) : undefined;
  tokens.expect(')');
  return (item, placeholders) => test(subject(item, placeholders), argument?.(item, placeholders));
}

function parseComparison(tokens: Tokens): Condition {
  const left = parseOperand(tokens);
  if (tokens.takes('BETWEEN')) {
    const low = parseOperand(tokens);
    tokens.expect('AND');
    const high = parseOperand(tokens);
    const [notLess, notMore] = [COMPARATORS['>='], COMPARATORS['<=']] as [Compare, Compare];
    return (item, placeholders) => {
      const value = left(item, placeholders);
      return notLess(value, low(item, placeholders)) && notMore(value, high(item, placeholders));
    };
  }
  if (tokens.takes('IN')) {
    tokens.expect('(');
    const options = [parseOperand(tokens)];
    while (tokens.takes(',')) options.push(parseOperand(tokens));
    tokens.expect(')');
    return (item, placeholders) =>
      options.some((option) => isEqual(left(item, placeholders), option(item, placeholders)));
  }
  const compare = COMPARATORS[tokens.next()];
  if (!compare) throw invalid('Invalid expression: a comparison is missing');
  const right = parseOperand(tokens);
  return (item, placeholders) => compare(left(item, placeholders), right(item, placeholders));
}

function parseTerm(tokens: Tokens): Condition {
  if (tokens.takes('NOT')) {
    const inner = parseTerm(tokens);
    return (item, placeholders) => !inner(item, placeholders);
  }
  if (tokens.takes('(')) {
    const inner = parseOr(tokens);
    tokens.expect(')');
    return inner;
  }
  const test = tokens.peekAfter() === '(' ? FUNCTIONS[tokens.peek()] : undefined;
  return test ? parseFunction(tokens, test) : parseComparison(tokens);
}

function parseAnd(tokens: Tokens): Condition {
  const terms = [parseTerm(tokens)];
  while (tokens.takes('AND')) terms.push(parseTerm(tokens));
  return terms.length === 1
    ? (terms[0] as Condition)
    : (item, placeholders) => terms.every((term) => term(item, placeholders));
}

function parseOr(tokens: Tokens): Condition {
  const terms = [parseAnd(tokens)];
  while (tokens.takes('OR')) terms.push(parseAnd(tokens));
  return terms.length === 1
    ? (terms[0] as Condition)
    : (item, placeholders) => terms.some((term) => term(item, placeholders));
}

/** Parses each text once. */
export function remembered<T>(parse: (tokens: Tokens) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const tokens = new Tokens(text);
    const parsed = parse(tokens);
    if (!tokens.isDone) throw invalid(`Invalid expression: "${tokens.peek()}" is too much in "${text}"`);
    known.set(text, parsed);
    return parsed;
  };
}

export const parseCondition = remembered(parseOr);
export const parseProjection = remembered((tokens: Tokens): readonly Path[] => {
  const paths = [parsePath(tokens)];
  while (tokens.takes(',')) paths.push(parsePath(tokens));
  return paths;
});

/** The PartiQL that a store needs: conditional INSERT and UPDATE of one item.
 *  Source: DynamoDB developer guide, "PartiQL insert statements", "PartiQL update statements". */
import { invalid } from './values.ts';

/** A statement, parsed; each name stands for the next parameter. */
export type ParsedStatement =
  | { readonly kind: 'insert'; readonly tableName: string; readonly names: readonly string[] }
  | {
      readonly kind: 'update';
      readonly tableName: string;
      readonly sets: readonly string[];
      readonly removes: readonly string[];
      readonly where: readonly string[];
    };

const TOKEN = /\s*("[^"]+"|'[^']+'|[A-Za-z_][\w-]*|[?=,:{}])/y;

class Reader {
  private readonly tokens: string[] = [];
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    TOKEN.lastIndex = 0;
    for (let end = 0; end < text.trimEnd().length; end = TOKEN.lastIndex) {
      const token = TOKEN.exec(text)?.[1];
      if (token === undefined) throw this.malformed();
      this.tokens.push(token);
    }
  }

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  takes(word: string): boolean {
    if (this.tokens[this.at]?.toUpperCase() !== word) return false;
    this.at += 1;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.takes(word)) throw this.malformed();
  }

  name(): string {
    const token = this.tokens[this.at++];
    if (token === undefined || /^[?=,:{}]$/.test(token)) throw this.malformed();
    return token.replace(/^(["'])(.*)\1$/, '$2');
  }

  /** `name = ?` */
  assignment(): string {
    const name = this.name();
    this.expect('=', '?');
    return name;
  }

  malformed(): Error {
    return invalid(`Statement wasn't well formed, can't be processed: ${this.text}`);
  }
}

function parseInsert(reader: Reader): ParsedStatement {
  reader.expect('INTO');
  const tableName = reader.name();
  reader.expect('VALUE', '{');
  const names: string[] = [];
  do {
    names.push(reader.name());
    reader.expect(':', '?');
  } while (reader.takes(','));
  reader.expect('}');
  return { kind: 'insert', tableName, names };
}

function parseUpdate(reader: Reader): ParsedStatement {
  const tableName = reader.name();
  const [sets, removes, where]: [string[], string[], string[]] = [[], [], []];
  while (!reader.takes('WHERE')) {
    const isSet = reader.takes('SET');
    if (!isSet) reader.expect('REMOVE');
    do {
      if (isSet) sets.push(reader.assignment());
      else removes.push(reader.name());
    } while (reader.takes(','));
  }
  do where.push(reader.assignment());
  while (reader.takes('AND'));
  return { kind: 'update', tableName, sets, removes, where };
}

const PARSED = new Map<string, ParsedStatement>();

/** @throws ValidationException */
export function parseStatement(text: string): ParsedStatement {
  const known = PARSED.get(text);
  if (known) return known;
  const reader = new Reader(text);
  const isInsert = reader.takes('INSERT');
  if (!isInsert) reader.expect('UPDATE');
  const parsed = isInsert ? parseInsert(reader) : parseUpdate(reader);
  if (!reader.isDone) throw reader.malformed();
  PARSED.set(text, parsed);
  return parsed;
}

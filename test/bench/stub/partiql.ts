/** The two PartiQL statements that conditional writes in batches need, as the puts and updates they stand for.
 *  Source: DynamoDB developer guide, "PartiQL insert statements" and "PartiQL update statements". */
import { WireError } from './wire-error.ts';

export interface Insert {
  readonly kind: 'insert';
  readonly table: string;
  /** Attribute of each parameter. */
  readonly names: readonly string[];
}

export interface Update {
  readonly kind: 'update';
  readonly table: string;
  /** Attributes of the first parameters. */
  readonly sets: readonly string[];
  readonly removes: readonly string[];
  /** Attributes of the last parameters: key and conditions. */
  readonly wheres: readonly string[];
}

const invalid = (text: string): WireError =>
  new WireError('ValidationException', `Statement wasn't well formed, can't be processed: ${text}`);

const NAME = `(?:"([^"]+)"|([A-Za-z_][A-Za-z0-9_]*))`;
const INSERT = new RegExp(String.raw`^\s*INSERT\s+INTO\s+${NAME}\s+VALUE\s+\{(.*)\}\s*$`, 'is');
const UPDATE = new RegExp(String.raw`^\s*UPDATE\s+${NAME}\s+((?:SET|REMOVE)\s.*?)\s+WHERE\s+(.*?)\s*$`, 'is');
const ENTRY = /^'([^']+)'\s*:\s*\?$/;
const EQUATION = new RegExp(String.raw`^${NAME}\s*=\s*\?$`, 'i');
const ONLY_NAME = new RegExp(`^${NAME}$`);

function nameIn(pattern: RegExp, text: string): string {
  const match = pattern.exec(text.trim());
  const name = match?.[1] ?? match?.[2];
  if (name === undefined) throw invalid(text);
  return name;
}

function parseUpdate(match: RegExpExecArray): Update {
  const sets: string[] = [];
  const removes: string[] = [];
  for (const clause of (match[3] ?? '').split(/\s+(?=(?:SET|REMOVE)\s)/i)) {
    const parts = clause.replace(/^(SET|REMOVE)\s+/i, '').split(',');
    if (/^SET/i.test(clause)) sets.push(...parts.map((part) => nameIn(EQUATION, part)));
    else removes.push(...parts.map((part) => nameIn(ONLY_NAME, part)));
  }
  const wheres = (match[4] ?? '').split(/\s+AND\s+/i).map((part) => nameIn(EQUATION, part));
  return { kind: 'update', table: match[1] ?? match[2] ?? '', sets, removes, wheres };
}

const KNOWN = new Map<string, Insert | Update>();
/** A worker's statements are few; one that is never asked again must not fill the memory. */
const KNOWN_MAX = 10_000;

/** @throws WireError `ValidationException` */
export function parseStatement(text: string): Insert | Update {
  const known = KNOWN.get(text);
  if (known) return known;
  const insert = INSERT.exec(text);
  const update = insert ? null : UPDATE.exec(text);
  if (!insert && !update) throw invalid(text);
  const parsed: Insert | Update = insert
    ? {
        kind: 'insert',
        table: insert[1] ?? insert[2] ?? '',
        names: (insert[3] ?? '').split(',').map((entry) => nameIn(ENTRY, entry)),
      }
    : parseUpdate(update as RegExpExecArray);
  if (KNOWN.size < KNOWN_MAX) KNOWN.set(text, parsed);
  return parsed;
}

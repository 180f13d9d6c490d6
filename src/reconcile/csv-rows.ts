/** Rows of comma-separated values by RFC 4180: quotes around a whole field, doubled inside it. Strict. Pure. */

export type CsvPiece =
  | { readonly kind: 'row'; readonly cells: readonly string[]; readonly line: number }
  | { readonly kind: 'problem'; readonly line: number; readonly problem: string };

/** One row. Unit: characters. A quote that is never closed would otherwise take in the rest of the file. */
const ROW_CHARS_MAX = 100_000;

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)/y;

/** The fields of one row; undefined when a quote stands where none may. */
function cellsOf(row: string): string[] | undefined {
  const cells: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const match = FIELD.exec(row);
    if (match === null) return undefined;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return cells;
  }
}

const hasOpenQuote = (text: string): boolean => (text.match(/"/g)?.length ?? 0) % 2 === 1;

export class CsvRows {
  private unended = '';
  private row = '';
  private line = 0;
  private startLine = 1;

  /** The rows that end in this chunk. Empty lines are left out. */
  push(chunk: string): CsvPiece[] {
    const lines = (this.unended + chunk).split('\n');
    this.unended = lines.pop() ?? '';
    const pieces = lines.flatMap((line) => this.take(line));
    if (this.unended.length <= ROW_CHARS_MAX) return pieces;
    this.unended = '';
    return [...pieces, { kind: 'problem', line: this.line + 1, problem: 'the row is too long' }];
  }

  /** The last row, which may lack its line end. */
  end(): CsvPiece[] {
    const pieces = this.unended === '' ? [] : this.take(this.unended);
    if (this.row === '') return pieces;
    return [
      ...pieces,
      { kind: 'problem', line: this.startLine, problem: 'a quote in this row is never closed' },
    ];
  }

  private take(line: string): CsvPiece[] {
    this.line += 1;
    if (this.row === '') this.startLine = this.line;
    const row = this.row === '' ? line : `${this.row}\n${line}`;
    const problem = (text: string): CsvPiece[] => [{ kind: 'problem', line: this.startLine, problem: text }];
    this.row = '';
    if (row.length > ROW_CHARS_MAX) return problem('the row is too long, or a quote in it is never closed');
    if (hasOpenQuote(row)) {
      this.row = row;
      return [];
    }
    const ended = row.endsWith('\r') ? row.slice(0, -1) : row;
    if (ended === '') return [];
    const cells = cellsOf(ended);
    if (cells === undefined) return problem('a quote must surround a whole field, and be doubled inside it');
    return [{ kind: 'row', cells, line: this.startLine }];
  }
}

/** JSON texts one after the other, with or without line ends between: a page, an array, JSON lines, pages that curl
 *  appended to one file. Splits them without parsing, so that one file need not be in memory at once. Pure. */

export type JsonPiece =
  | { readonly kind: 'value'; readonly text: string; readonly line: number }
  | { readonly kind: 'problem'; readonly line: number; readonly problem: string };

/** One value. A page of 1,000 records has 0.4 million. Unit: characters. */
const VALUE_CHARS_MAX = 100_000_000;

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

export class JsonValues {
  private readonly before: string[] = [];
  private beforeChars = 0;
  private line = 1;
  private startLine = 1;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;
  /** Between two values stands something else: it is said once, and the rest of its line left out. */
  private isSkipping = false;

  /** What ends in this chunk. */
  push(chunk: string): JsonPiece[] {
    const pieces: JsonPiece[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk.charCodeAt(at);
      if (code === LINE_FEED) this.line += 1;
      if (this.depth === 0) {
        if (this.isStart(code, pieces)) from = at;
      } else if (this.isEnd(code)) {
        pieces.push({ kind: 'value', text: this.taken(chunk.slice(from, at + 1)), line: this.startLine });
      }
    }
    if (this.depth > 0) this.keep(chunk.slice(from), pieces);
    return pieces;
  }

  /** What is left when the input has ended. */
  end(): JsonPiece[] {
    if (this.depth === 0) return [];
    return [{ kind: 'problem', line: this.startLine, problem: 'the JSON that starts here never ends' }];
  }

  private isStart(code: number, pieces: JsonPiece[]): boolean {
    if (code === LINE_FEED) this.isSkipping = false;
    if (this.isSkipping || SPACE.has(code)) return false;
    this.startLine = this.line;
    if (OPENING.has(code)) {
      this.depth = 1;
      return true;
    }
    this.isSkipping = true;
    pieces.push({ kind: 'problem', line: this.line, problem: 'is no JSON object or array' });
    return false;
  }

  private isEnd(code: number): boolean {
    if (this.isInString) {
      if (this.isEscaped) this.isEscaped = false;
      else if (code === BACKSLASH) this.isEscaped = true;
      else if (code === QUOTE) this.isInString = false;
      return false;
    }
    if (code === QUOTE) this.isInString = true;
    else if (OPENING.has(code)) this.depth += 1;
    else if (CLOSING.has(code)) this.depth -= 1;
    return this.depth === 0;
  }

  private keep(rest: string, pieces: JsonPiece[]): void {
    this.beforeChars += rest.length;
    if (this.beforeChars <= VALUE_CHARS_MAX) {
      this.before.push(rest);
      return;
    }
    const problem = `the JSON that starts here is longer than ${VALUE_CHARS_MAX} characters: give pages, or JSON lines`;
    pieces.push({ kind: 'problem', line: this.startLine, problem });
    this.taken('');
    this.depth = 0;
    this.isInString = false;
    this.isSkipping = true;
  }

  private taken(last: string): string {
    const text = this.before.join('') + last;
    this.before.length = 0;
    this.beforeChars = 0;
    return text;
  }
}

/** Strings, which are left as they are, and whole numbers that a JSON number of JavaScript might round. */
const STRINGS_AND_LONG_NUMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])\d{16,}(?![\d.eE])/gs;

/** `JSON.parse` whose whole numbers of 16 and more digits are texts of those digits. @throws SyntaxError */
export const parseExactly = (text: string): unknown =>
  JSON.parse(
    text.replace(STRINGS_AND_LONG_NUMBERS, (found) => (found.startsWith('"') ? found : `"${found}"`)),
  );

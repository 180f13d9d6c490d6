/** DynamoDB's expressions in pieces. */
import { invalid } from './values.ts';

const TOKEN = /\s*(:[A-Za-z0-9_]+|#[A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_-]*|\d+|<=|>=|<>|[=<>(),.[\]+-])/y;

/** A reader of one expression. Words are compared without regard to case, as DynamoDB does. */
export class Tokens {
  private readonly tokens: readonly string[];
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    for (let end = 0; end < text.trimEnd().length; end = TOKEN.lastIndex) {
      const token = TOKEN.exec(text)?.[1];
      if (token === undefined) throw invalid(`Invalid expression: Syntax error near "${text.slice(end)}"`);
      tokens.push(token);
    }
    this.tokens = tokens;
  }

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(): string {
    return this.tokens[this.at] ?? '';
  }

  /** What comes after the next one. */
  peekAfter(): string {
    return this.tokens[this.at + 1] ?? '';
  }

  next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw invalid(`Invalid expression: "${this.text}" ends early`);
    return token;
  }

  /** Takes the next one if it is this word or sign. */
  takes(word: string): boolean {
    if (this.peek().toUpperCase() !== word) return false;
    this.at += 1;
    return true;
  }

  expect(word: string): void {
    if (!this.takes(word))
      throw invalid(`Invalid expression: expected ${word} before "${this.peek()}" in "${this.text}"`);
  }
}

/** The codes of the reader's errors. Never reused; each is explained in docs/downstream.md. */
export const READER_ERROR_CODES = [
  'item-newer',
  'item-invalid',
  'image-missing',
  'range-invalid',
  'throttled',
] as const;
export type ReaderErrorCode = (typeof READER_ERROR_CODES)[number];

/** What the reader throws beside the SDK's own errors: a code to decide by, and a message that says what to do. */
export class ReaderError extends Error {
  override readonly name = 'ReaderError';
  readonly code: ReaderErrorCode;
  constructor(code: ReaderErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

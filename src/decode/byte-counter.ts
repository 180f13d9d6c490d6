/** Largest count of bytes: a signed 64-bit integer, the type of these counters at the vendors.
 *  Source: twilio-oai supersim usage records (int64); DynamoDB numbers hold 38 digits. */
export const BYTE_COUNTER_MAX = 2n ** 63n - 1n;

/** 19 digits write `BYTE_COUNTER_MAX`; the bound also keeps BigInt from long work on hostile text. */
const DIGITS = /^[0-9]{1,19}$/;

/** Reads a byte counter exactly: a whole JSON number (`1e3`, `12.0` and `-0` are whole) or a string of digits. */
export function parseByteCounter(value: unknown): bigint | 'invalid-bytes' | 'unsafe-integer' {
  if (typeof value === 'string') {
    if (!DIGITS.test(value)) return 'invalid-bytes';
    const bytes = BigInt(value);
    return bytes > BYTE_COUNTER_MAX ? 'invalid-bytes' : bytes;
  }
  if (typeof value !== 'number' || value < 0) return 'invalid-bytes';
  if (value > Number.MAX_SAFE_INTEGER) return 'unsafe-integer';
  return Number.isInteger(value) ? BigInt(value) : 'invalid-bytes';
}

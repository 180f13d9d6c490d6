/** What the pure decoder needs from Node: MD5 and gunzip. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

/** For KPL aggregates, whose format fixes MD5: a checksum, no protection. */
export const md5 = (bytes: Uint8Array): Uint8Array => createHash('md5').update(bytes).digest();

/** Not by `instanceof Error`: zlib's errors may come from another realm. */
const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** Gunzips at most `maxBytes`, without ever holding more.
 *  @throws what is no fault of the bytes, like a lack of memory. */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array | 'too-large' | 'corrupt' {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-large';
    if (code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR' || code === 'Z_NEED_DICT') return 'corrupt';
    throw error;
  }
}

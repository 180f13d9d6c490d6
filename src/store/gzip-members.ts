/** Gzip wherever it stands: inside other bytes, with anything behind it, and also when it is cut. Node's gunzip takes
 *  none of these, so the header is read here and the rest is raw deflate, which knows its own end.
 *  Source: RFC 1952, 2.3. */
import { constants, inflateRawSync } from 'node:zlib';

const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const FLAGS_AT = 3;
const HEADER_BYTES = 10;
const [HAS_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16];

/** Where gzip may begin. */
export function* gzipStarts(bytes: Buffer): Generator<number> {
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) yield at;
}

function deflateStart(bytes: Buffer, start: number): number {
  const flags = bytes[start + FLAGS_AT] ?? 0;
  let at = start + HEADER_BYTES;
  if (flags & HAS_EXTRA) at += 2 + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  for (const flag of [HAS_NAME, HAS_COMMENT]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    at = end < 0 ? bytes.length : end + 1;
  }
  return flags & HAS_CRC ? at + 2 : at;
}

/** Not by `instanceof Error`: zlib's errors may come from another realm. */
const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** What the gzip that begins there holds: all of it, or what there is of it when it is cut.
 *  @throws what is no fault of the bytes, like a lack of memory. */
export function gunzipAt(
  bytes: Buffer,
  start: number,
  maxBytes: number,
): Uint8Array | 'too-large' | 'corrupt' {
  try {
    return inflateRawSync(bytes.subarray(deflateStart(bytes, start)), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxBytes,
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-large';
    if (code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR' || code === 'Z_NEED_DICT') return 'corrupt';
    throw error;
  }
}

/** Identifiers in the raw bytes of dead letters, which are no sound JSON, or they would be no dead letters: they are
 *  looked for as text, in whatever the bytes wrap. Pure.
 *
 *  Seen through: gzip, also cut or inside a KPL aggregate, up to thrice over; JSON's `\u0048`, however often escaped, as
 *  in `data` given as JSON text. Not seen through: base64, encryption, UTF-16, gzip that is corrupt or larger than
 *  the bound below. */
import { gunzipAt, gzipStarts } from './gzip-members.ts';

/** Most that all gzip of one record is unpacked to, some times what the decoder takes: a hostile record shall not block
 *  a worker. Unit: bytes. */
const UNZIPPED_MAX_BYTES = 16 * 1024 * 1024;
/** What an attempt that fails is charged. Unit: bytes. */
const CORRUPT_COST_BYTES = UNZIPPED_MAX_BYTES / 4;
/** Our own, the producer's, and one of who had it before. */
const DEPTH_MAX = 3;

const SID = /(?:HS|PI)[0-9a-fA-F]{32}/g;
const BACKSLASHES = /\\{2,}/g;
const ESCAPED_ASCII = /\\u00([2-7][0-9a-fA-F])/g;

/** As text in which ASCII stands for itself. Sids and ICCIDs are ASCII. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (!text.includes('\\u00')) return text;
  // In two steps: one expression for both would try each run of backslashes from each of its places.
  return text
    .replace(BACKSLASHES, '\\')
    .replace(ESCAPED_ASCII, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** What a record's bytes say. */
export interface RecordTexts {
  readonly texts: readonly string[];
  /** Nothing is zipped in it that could not be unzipped. */
  readonly isWhole: boolean;
}

class TextSearch {
  readonly texts: string[] = [];
  isWhole = true;
  private bytesLeft = UNZIPPED_MAX_BYTES;

  add(bytes: Uint8Array, depth: number): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.texts.push(textOf(buffer));
    for (const start of gzipStarts(buffer)) {
      const inner = depth > 0 ? this.unzip(buffer, start) : undefined;
      if (inner) this.add(inner, depth - 1);
      else this.isWhole = false;
    }
  }

  private unzip(bytes: Buffer, start: number): Uint8Array | undefined {
    if (this.bytesLeft <= 0) return undefined;
    const unzipped = gunzipAt(bytes, start, this.bytesLeft);
    if (unzipped === 'too-large') this.bytesLeft = 0;
    else this.bytesLeft -= unzipped === 'corrupt' ? CORRUPT_COST_BYTES : unzipped.length;
    return typeof unzipped === 'string' ? undefined : unzipped;
  }
}

/** The texts to search: of the bytes, and of what is zipped in them. */
export function textsIn(raw: Uint8Array): RecordTexts {
  const search = new TextSearch();
  search.add(raw, DEPTH_MAX);
  return search;
}

/** The sids of SIMs and data sessions in a text. */
export const sidsIn = (text: string): ReadonlySet<string> => new Set(text.match(SID) ?? []);

/** The SIM sids in a record's bytes, each once; bounded by the size of a record alone. */
export function simSidsIn(raw: Uint8Array): readonly string[] {
  const sids = textsIn(raw).texts.flatMap((text) => [...sidsIn(text)]);
  return [...new Set(sids)].filter((sid) => sid.startsWith('HS'));
}

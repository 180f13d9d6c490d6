/** A user record's bytes → JSON → one outcome per element. */
import { decodeElement, type ElementContext } from './decode-element.ts';
import { type Outcome, type Poison, poison } from './decoded-item.ts';
import type { RecordBudget } from './record-budget.ts';

/** The caps on a user record, and how to unzip one. */
export interface UserRecordOptions {
  /** Unit: bytes. Usually `DEFAULT_RECORD_MAX_BYTES`. */
  readonly recordMaxBytes: number;
  /** Unit: bytes. Usually `DEFAULT_UNZIPPED_MAX_BYTES`. */
  readonly unzippedMaxBytes: number;
  /** Never gives more than `maxBytes`, nor holds it. */
  readonly gunzip: (bytes: Uint8Array, maxBytes: number) => Uint8Array | 'too-large' | 'corrupt';
}

/** Most elements of one JSON array. KORE's batches hold 50 events, 256 KiB about 190; the bound keeps a record
 *  of commas from becoming 100,000 dead letters, each with the whole record. */
export const ARRAY_ELEMENTS_MAX = 1_000;

const UTF8 = new TextDecoder('utf-8', { fatal: true }); // drops a byte order mark

const startsLikeGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function unzip(bytes: Uint8Array, options: UserRecordOptions, budget: RecordBudget): Uint8Array | Poison {
  if (!startsLikeGzip(bytes)) return bytes;
  const maxBytes = budget.unzippable(options.unzippedMaxBytes);
  if (maxBytes <= 0) return poison('gzip-too-large');
  const unzipped = options.gunzip(bytes, maxBytes);
  budget.payUnzipped(bytes, unzipped, maxBytes);
  if (unzipped === 'too-large') return poison('gzip-too-large');
  return unzipped === 'corrupt' ? poison('gzip-corrupt') : unzipped;
}

function parseJson(bytes: Uint8Array): { readonly kind: 'json'; readonly value: unknown } | Poison {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return poison('not-utf8');
  }
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch {
    return poison(text.trim() === '' ? 'empty-record' : 'not-json'); // the error quotes its input: dropped
  }
}

function decodeElements(value: unknown, context: ElementContext, budget: RecordBudget): readonly Outcome[] {
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (elements.length === 0) return [poison('empty-array')];
  if (elements.length > ARRAY_ELEMENTS_MAX) return [poison('too-many-elements')];
  if (elements.length > 1 && !budget.takeElements(elements.length)) return [poison('too-many-elements')];
  return elements.map((element) => {
    try {
      return decodeElement(element, context);
    } catch {
      return poison('undecodable'); // this element only
    }
  });
}

/** Decodes one user record: at least one outcome, one per element of an array. `budget` is the whole Kinesis
 *  record's. */
export function decodeUserRecord(
  bytes: Uint8Array,
  options: UserRecordOptions,
  context: ElementContext,
  budget: RecordBudget,
): readonly Outcome[] {
  if (bytes.length > options.recordMaxBytes) return [poison('too-large')];
  const plain = unzip(bytes, options, budget);
  if ('kind' in plain) return [plain];
  const json = parseJson(plain);
  return json.kind === 'poison' ? [json] : decodeElements(json.value, context, budget);
}

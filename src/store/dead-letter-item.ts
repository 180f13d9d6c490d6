/** Dead-letter item → what a person or a redrive needs. The way there is `dead-letters.ts`. */
import { fromIso } from '../time.ts';

/** A gap is no record: retention took records before they were read. */
export const GAP_REASON = 'gap';
/** The session store's reasons: `raw` is then the whole Kinesis record. Source: page-store.ts, buryRefused. */
export const STORE_REASONS: ReadonlySet<string> = new Set([
  'session-item-unreadable',
  'sim-item-unreadable',
  'usage-item-unreadable',
  'refused-by-store',
]);

/** All of a dead letter but its bytes. */
export interface DeadLetterHead {
  /** The lease key. */
  readonly shardId: string;
  /** `<sequence number>#<index>`; with the shard the item's key. */
  readonly recordId: string;
  readonly sequenceNumber: string;
  readonly index: number;
  /** Place inside the bytes, where that is known. */
  readonly element: number | undefined;
  readonly reason: string;
  readonly field: string | undefined;
  /** As stored: ISO 8601. */
  readonly arrivedAt: string;
  readonly recordedAt: string;
  /** NaN when `arrivedAt` is no time. Unit: ms since 1970. */
  readonly arrivedAtMs: number;
  /** Length of the bytes as they came; kept or not. */
  readonly rawBytes: number;
  readonly rawSha256: string;
  /** `gzip` or `identity`; undefined when the bytes were too many to keep. */
  readonly rawEncoding: string | undefined;
  /** When DynamoDB may remove it. Unit: s since 1970. */
  readonly expiresAt: number | undefined;
}

/** The attributes of a head: a scan that asks for these moves no personal data. */
export const HEAD_ATTRIBUTES = [
  'shard_id',
  'record_id',
  'sequence_number',
  'index',
  'element',
  'reason',
  'field',
  'arrived_at',
  'recorded_at',
  'raw_bytes',
  'raw_sha256',
  'raw_encoding',
  'expires_at',
] as const;

type Attributes = Readonly<Record<string, unknown>>;

const textOf = (attributes: Attributes, name: string): string | undefined => {
  const value = attributes[name];
  return typeof value === 'string' ? value : undefined;
};

/** Numbers arrive as number, bigint or lib-dynamodb's wrapped text, by client setting. */
function numberOf(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name];
  const wrapped = typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  const number = wrapped === undefined ? Number.NaN : Number(wrapped);
  return Number.isNaN(number) ? undefined : number;
}

/** Never refuses an item: one that others wrote is to be seen and purged too. */
export function headFromItem(attributes: Attributes): DeadLetterHead {
  const recordId = textOf(attributes, 'record_id') ?? '';
  const [sequenceNumber = '', index = ''] = recordId.split('#');
  const arrivedAt = textOf(attributes, 'arrived_at') ?? '';
  return {
    shardId: textOf(attributes, 'shard_id') ?? '',
    recordId,
    sequenceNumber: textOf(attributes, 'sequence_number') ?? sequenceNumber,
    index: numberOf(attributes, 'index') ?? Number(index),
    element: numberOf(attributes, 'element'),
    reason: textOf(attributes, 'reason') ?? '',
    field: textOf(attributes, 'field'),
    arrivedAt,
    recordedAt: textOf(attributes, 'recorded_at') ?? '',
    arrivedAtMs: fromIso(arrivedAt),
    rawBytes: numberOf(attributes, 'raw_bytes') ?? 0,
    rawSha256: textOf(attributes, 'raw_sha256') ?? '',
    rawEncoding: textOf(attributes, 'raw_encoding'),
    expiresAt: numberOf(attributes, 'expires_at'),
  };
}

/** What of the bytes can be had again. */
export type RawBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Too many to be kept, or gone before they could be. */
  | { readonly kind: 'without-bytes' }
  /** Not what was put in: they do not have the digest. */
  | { readonly kind: 'damaged' };

export interface RawCodec {
  readonly gunzip: (bytes: Uint8Array, maxBytes: number) => Uint8Array | 'too-large' | 'corrupt';
  readonly sha256: (bytes: Uint8Array) => string;
}

/** The bytes as they came from Kinesis. Unzips no more than were put in. */
export function rawFromItem(attributes: Attributes, { gunzip, sha256 }: RawCodec): RawBytes {
  const stored = attributes['raw'];
  const { reason, rawEncoding, rawBytes, rawSha256 } = headFromItem(attributes);
  if (!(stored instanceof Uint8Array) || reason === GAP_REASON) return { kind: 'without-bytes' };
  // An event that the store refused was in a record that retention took before it could be kept.
  if (rawBytes === 0 && STORE_REASONS.has(reason)) return { kind: 'without-bytes' };
  const bytes = rawEncoding === 'gzip' ? gunzip(stored, Math.max(1, rawBytes)) : stored;
  const isWhole = typeof bytes !== 'string' && sha256(bytes) === rawSha256;
  return isWhole ? { kind: 'bytes', bytes } : { kind: 'damaged' };
}

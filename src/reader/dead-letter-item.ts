/** The dead letter as stored: `<prefix>-dead-letters`. */
import { z } from 'zod';
import { code, count, expiry, instant, text } from './item-values.ts';

/** Named, for TypeScript before 5.7 doesn't know what the compiler would write: `Uint8Array<ArrayBufferLike>`. */
export interface RawBytes extends Uint8Array {}

export const deadLetterSchema = z
  .object({
    shard_id: text('The shard that the record was read from. Partition key of the table.'),
    record_id: text('<sequence number>#<index>. Sort key.'),
    sequence_number: text('The record’s sequence number.'),
    index: code('Place in the record: aggregates and arrays hold several events. -1: a gap, not a record.'),
    element: count('Place inside raw, where that is known.').optional(),
    reason: text('Why it could not be decoded or stored: a code of the README’s list.'),
    field: text('Path of the field that was refused, never its value.').optional(),
    arrived_at: instant('When the record arrived in the stream.'),
    recorded_at: instant('When the worker kept it.'),
    raw: z
      .custom<RawBytes | string>(
        (value) => value instanceof Uint8Array || typeof value === 'string',
        'is not binary',
      )
      .meta({
        description:
          'The record’s bytes, encoded as raw_encoding says; as base64 in JSON. Absent when over 350 KB. Holds personal data.',
        type: 'string',
        contentEncoding: 'base64',
      })
      .optional(),
    raw_encoding: z.enum(['gzip', 'identity']).meta({ description: 'How raw is encoded.' }).optional(),
    raw_bytes: count('Size of the record before compression. Unit: bytes.'),
    raw_sha256: text('Digest of the record before compression, in hex.'),
    expires_at: expiry().optional(),
  })
  .meta({
    title: 'Dead letter',
    description:
      'A record that could not be decoded or stored, in <prefix>-dead-letters. Attributes that are not listed may come and are to be ignored.',
  });

/** A dead letter as stored. */
export type DeadLetterItem = z.output<typeof deadLetterSchema>;

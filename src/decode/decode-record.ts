/** Kinesis record → events, ignored and poison: the door of this folder. Pure: what needs Node is passed in. */
import type { StreamRecord } from '../source/record.ts';
import type { ElementContext } from './decode-element.ts';
import { decodeUserRecord, type UserRecordOptions } from './decode-user-record.ts';
import { type DecodedItem, type Outcome, poison } from './decoded-item.ts';
import { PERSONAL_FIELDS, type PersonalField } from './event.ts';
import { deaggregate, type Md5 } from './kpl.ts';
import { RecordBudget } from './record-budget.ts';

export type { DecodedItem, IgnoredReason, PoisonReason } from './decoded-item.ts';

/** Cap of one user record before anything looks into it; a real event has 1.4 KB. Unit: bytes.
 *  `JSON.parse` blocks about 15 ms per MiB. */
export const DEFAULT_RECORD_MAX_BYTES = 256 * 1_024;
/** Cap of a gunzipped user record: 200 KB of gzip can hold 200 MiB. Unit: bytes. */
export const DEFAULT_UNZIPPED_MAX_BYTES = 1_024 * 1_024;

const ALL_PERSONAL: ReadonlySet<PersonalField> = new Set(PERSONAL_FIELDS);

/** What a decoder needs; from Node come `md5` and `gunzip` (source/record-codec.ts). */
export interface DecoderOptions extends UserRecordOptions {
  /** Accounts to meter; undefined is all. */
  readonly accountSids?: ReadonlySet<string>;
  /** Those to keep; undefined is all. The others are checked and left behind: what is not stored need not wait in
   *  memory, where it would be a quarter of an event. */
  readonly personalFields?: ReadonlySet<PersonalField>;
  /** Whether events that say something only of a SIM (attachments, sessions that never came to be) are events, not
   *  ignored. Default false. */
  readonly keepsSims?: boolean;
  readonly md5: Md5;
}

/** All that came of one Kinesis record. */
export interface DecodedRecord {
  /** In the record's order; at least one, unless all were dropped by `afterSubSequenceNumber`. */
  readonly items: readonly DecodedItem[];
  /** The last position in the record, to checkpoint when all items are stored; 0 for a plain record. */
  readonly lastSubSequenceNumber: number;
}

/** Decodes a record; never throws, whatever the bytes. With `afterSubSequenceNumber`, user records up to and
 *  including it are decoded and dropped, so an item's `index` is the same in every read. */
export type RecordDecoder = (
  record: Pick<StreamRecord, 'data' | 'arrivedAtMs' | 'partitionKey'>,
  afterSubSequenceNumber?: number,
) => DecodedRecord;

/** What one position of the record holds, and its bytes for a dead letter. */
interface Part {
  readonly raw: Uint8Array;
  readonly outcomes: readonly Outcome[];
}

/** The record's parts by sub-sequence number. A defect of an aggregate is one more part, after the sound ones. */
function decodeParts(
  record: Parameters<RecordDecoder>[0],
  options: DecoderOptions,
  context: ElementContext,
): readonly Part[] {
  const { data } = record;
  const whole = (outcome: Outcome): Part => ({ raw: data, outcomes: [outcome] });
  const aggregate = deaggregate(data, record.partitionKey, options.md5);
  if (aggregate.kind === 'defective' && aggregate.defect === 'checksum')
    return [whole(poison('kpl-checksum'))];
  const budget = new RecordBudget(options.unzippedMaxBytes);
  const parts = aggregate.userRecords.map((userRecord) => ({
    raw: userRecord.data,
    outcomes: decodeUserRecord(userRecord.data, options, context, budget),
  }));
  if (aggregate.kind === 'defective') return [...parts, whole(poison('kpl-malformed'))];
  return parts.length > 0 ? parts : [whole(poison('kpl-empty'))];
}

/** Makes the decoder of a worker. The schema is built once, with the module. */
export function createDecoder(options: DecoderOptions): RecordDecoder {
  const { accountSids, personalFields = ALL_PERSONAL, keepsSims = false } = options;
  const decodeOrPoison = (record: Parameters<RecordDecoder>[0]): readonly Part[] => {
    const context = { arrivedAtMs: record.arrivedAtMs, accountSids, personalFields, keepsSims };
    try {
      return decodeParts(record, options, context);
    } catch {
      return [{ raw: record.data, outcomes: [poison('undecodable')] }];
    }
  };
  return (record, afterSubSequenceNumber = -1) => {
    const parts = decodeOrPoison(record);
    const [first] = parts;
    const only = parts.length === 1 ? first?.outcomes[0] : undefined;
    // Nearly always.
    if (only?.kind === 'event' && first?.outcomes.length === 1 && afterSubSequenceNumber < 0)
      return { items: [{ index: 0, kind: 'event', event: only.event }], lastSubSequenceNumber: 0 };
    const items: DecodedItem[] = [];
    let index = 0;
    for (const [subSequenceNumber, { raw, outcomes }] of parts.entries())
      for (const outcome of outcomes) {
        const item = outcome.kind === 'poison' ? { index, ...outcome, raw } : { index, ...outcome };
        if (subSequenceNumber > afterSubSequenceNumber) items.push(item);
        index += 1;
      }
    return { items, lastSubSequenceNumber: parts.length - 1 };
  };
}

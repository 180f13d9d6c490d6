/** KPL aggregates: many user records in one Kinesis record.
 *  Form: magic, protobuf `AggregatedRecord`, MD5 of the protobuf.
 *  Source: awslabs/amazon-kinesis-producer aggregation-format.md; KCL `AggregatorUtil.java`. */
import { readFields } from './protobuf.ts';

/** MD5 of the bytes: 16 bytes. */
export type Md5 = (bytes: Uint8Array) => Uint8Array;

/** What a producer put in, before KPL packed it with others. */
export interface UserRecord {
  /** Position in the aggregate; 0 for a plain record. */
  readonly subSequenceNumber: number;
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  /** A view of the Kinesis record's bytes, not a copy. */
  readonly data: Uint8Array;
}

/** What is wrong with something that starts like an aggregate.
 *  `checksum`: no matching MD5, so perhaps no aggregate at all. `body`: no protobuf, or a required field is
 *  missing. `index`: a key index that points nowhere, or an explicit hash key that is no number.
 *  `count`: more than `USER_RECORDS_MAX`. */
export type AggregateDefect = 'checksum' | 'body' | 'index' | 'count';

/** What a Kinesis record holds. */
export type Deaggregation =
  | { readonly kind: 'plain' | 'aggregated'; readonly userRecords: readonly UserRecord[] }
  | {
      readonly kind: 'defective';
      readonly defect: AggregateDefect;
      /** Those before the defect. */
      readonly userRecords: readonly UserRecord[];
    };

/** A shard's hash keys, both ends included. */
export interface HashRange {
  readonly startingHashKey: bigint;
  readonly endingHashKey: bigint;
}

/** Most user records of one aggregate: 1 MiB holds 4,000 of the smallest events; the bound keeps 10 MiB of empty
 *  ones from becoming a million dead letters. */
export const USER_RECORDS_MAX = 10_000;

const MAGIC = [0xf3, 0x89, 0x9a, 0xc2] as const;
const MD5_BYTES = 16;
const HASH_KEY = /^\d{1,39}$/;

const UTF8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

const startsWithMagic = (data: Uint8Array): boolean => MAGIC.every((byte, at) => data[at] === byte);

/** The protobuf between magic and MD5; undefined when the MD5 does not match or nothing is between. */
function verifiedBody(data: Uint8Array, md5: Md5): Uint8Array | undefined {
  if (data.length <= MAGIC.length + MD5_BYTES) return undefined;
  const body = data.subarray(MAGIC.length, -MD5_BYTES);
  const tail = data.subarray(-MD5_BYTES);
  const digest = md5(body);
  return tail.every((byte, at) => byte === digest[at]) ? body : undefined;
}

interface WireRecord {
  partitionKeyIndex: number;
  explicitHashKeyIndex: number | undefined;
  data: Uint8Array;
}

/** `Record`; undefined when it is no protobuf or lacks a required field. Later values win, as in Java. */
function readRecord(message: Uint8Array): WireRecord | undefined {
  let partitionKeyIndex: number | undefined;
  let explicitHashKeyIndex: number | undefined;
  let data: Uint8Array | undefined;
  for (const field of readFields(message)) {
    if (field === undefined) return undefined;
    if (field.number === 1 && typeof field.value === 'number') partitionKeyIndex = field.value;
    if (field.number === 2 && typeof field.value === 'number') explicitHashKeyIndex = field.value;
    if (field.number === 3 && field.value instanceof Uint8Array) data = field.value;
  }
  if (partitionKeyIndex === undefined || data === undefined) return undefined;
  return { partitionKeyIndex, explicitHashKeyIndex, data };
}

interface Aggregate {
  readonly partitionKeys: string[];
  readonly explicitHashKeys: string[];
  readonly records: WireRecord[];
  defect: 'body' | 'count' | undefined;
}

/** `AggregatedRecord`, up to its first defect. */
function readAggregate(body: Uint8Array): Aggregate {
  const aggregate: Aggregate = { partitionKeys: [], explicitHashKeys: [], records: [], defect: undefined };
  const stop = (defect: 'body' | 'count'): Aggregate => ({ ...aggregate, defect });
  for (const field of readFields(body)) {
    if (field === undefined) return stop('body');
    if (!(field.value instanceof Uint8Array)) continue; // not a field of ours
    if (field.number === 1) aggregate.partitionKeys.push(UTF8.decode(field.value));
    if (field.number === 2) aggregate.explicitHashKeys.push(UTF8.decode(field.value));
    if (field.number !== 3) continue;
    const record = readRecord(field.value);
    if (record === undefined) return stop('body');
    if (aggregate.records.length === USER_RECORDS_MAX) return stop('count');
    aggregate.records.push(record);
  }
  return aggregate;
}

/** The user record at a position; undefined when an index points nowhere. */
function resolve(
  aggregate: Aggregate,
  subSequenceNumber: number,
  record: WireRecord,
): UserRecord | undefined {
  const partitionKey = aggregate.partitionKeys[record.partitionKeyIndex];
  if (partitionKey === undefined) return undefined;
  const { explicitHashKeyIndex, data } = record;
  if (explicitHashKeyIndex === undefined) return { subSequenceNumber, partitionKey, data };
  const explicitHashKey = aggregate.explicitHashKeys[explicitHashKeyIndex];
  if (explicitHashKey === undefined || !HASH_KEY.test(explicitHashKey)) return undefined;
  return { subSequenceNumber, partitionKey, explicitHashKey, data };
}

const toUnsigned = (bytes: Uint8Array): bigint =>
  bytes.reduce((hashKey, byte) => hashKey * 256n + BigInt(byte), 0n);

/** What Kinesis would have routed the user record by: its explicit hash key, else its partition key's MD5. */
const effectiveHashKey = (userRecord: UserRecord, md5: Md5): bigint =>
  userRecord.explicitHashKey === undefined
    ? toUnsigned(md5(utf8Encoder.encode(userRecord.partitionKey)))
    : BigInt(userRecord.explicitHashKey);

/** Splits a Kinesis record into its user records.
 *
 *  With `hashRange` it follows KCL's rule for aggregates from before a reshard: one user record outside the
 *  range drops all of them, because another shard delivers them too. The product passes no range: that rule
 *  loses data (kcl#343), and what comes twice is found by its `event_sid`.
 *  Source: KCL `AggregatorUtil.deaggregate`. */
export function deaggregate(
  data: Uint8Array,
  partitionKey: string,
  md5: Md5,
  hashRange?: HashRange,
): Deaggregation {
  if (!startsWithMagic(data))
    return { kind: 'plain', userRecords: [{ subSequenceNumber: 0, partitionKey, data }] };
  const body = verifiedBody(data, md5);
  if (body === undefined) return { kind: 'defective', defect: 'checksum', userRecords: [] };
  const aggregate = readAggregate(body);
  const userRecords: UserRecord[] = [];
  for (const [position, record] of aggregate.records.entries()) {
    const userRecord = resolve(aggregate, position, record);
    if (userRecord === undefined) return { kind: 'defective', defect: 'index', userRecords };
    if (hashRange && !isInRange(effectiveHashKey(userRecord, md5), hashRange))
      return { kind: 'aggregated', userRecords: [] };
    userRecords.push(userRecord);
  }
  const { defect } = aggregate;
  return defect ? { kind: 'defective', defect, userRecords } : { kind: 'aggregated', userRecords };
}

const isInRange = (hashKey: bigint, { startingHashKey, endingHashKey }: HashRange): boolean =>
  hashKey >= startingHashKey && hashKey <= endingHashKey;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Deaggregation, deaggregate, USER_RECORDS_MAX } from '../../../src/decode/kpl.ts';
import { md5 } from '../../../src/source/record-codec.ts';
import {
  aggregateOf,
  delimited,
  sealAggregate,
  toBytes,
  userRecordField,
} from '../../support/realistic-event.ts';

const folder = process.env['CONFORMANCE_DIR'] ?? join(import.meta.dirname, '../../conformance/data');
const readJson = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

interface OracleCase {
  readonly name: string;
  readonly dataBase64: string;
  readonly partitionKey: string;
  readonly startingHashKey: string;
  readonly endingHashKey: string;
  readonly userRecords: readonly {
    readonly aggregated: boolean;
    readonly subSequenceNumber: number;
    readonly partitionKey: string;
    readonly explicitHashKey: string | null;
    readonly dataBase64: string;
  }[];
}

interface KplVector {
  readonly name: string;
  readonly partitionKey?: string;
  readonly dataBase64: string;
  readonly aggregated: boolean;
  readonly expectedUserRecords?: readonly {
    readonly subSequenceNumber: number;
    readonly partitionKey: string;
    readonly explicitHashKey: string | null;
    readonly dataUtf8: string;
  }[];
}

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** What KCL makes of our answer: without checksum or protobuf a plain record, with a bad index what is before it. */
const asKcl = (result: Deaggregation, data: Uint8Array, partitionKey: string) => {
  const isPlain = result.kind === 'defective' && (result.defect === 'checksum' || result.defect === 'body');
  const userRecords = isPlain ? [{ subSequenceNumber: 0, partitionKey, data }] : result.userRecords;
  return userRecords.map((userRecord) => ({
    aggregated: !isPlain && result.kind !== 'plain',
    subSequenceNumber: userRecord.subSequenceNumber,
    partitionKey: userRecord.partitionKey,
    explicitHashKey: ('explicitHashKey' in userRecord ? userRecord.explicitHashKey : undefined) ?? null,
    dataBase64: Buffer.from(userRecord.data).toString('base64'),
  }));
};

describe('de-aggregation gives what KCL gives', () => {
  const { cases } = readJson('deaggregation-oracle.json') as { cases: readonly OracleCase[] };

  it.each(cases.map((example) => [example.name, example] as const))('%s', (_name, example) => {
    const data = bytesOf(example.dataBase64);
    const hashRange = {
      startingHashKey: BigInt(example.startingHashKey),
      endingHashKey: BigInt(example.endingHashKey),
    };

    const result = deaggregate(data, example.partitionKey, md5, hashRange);

    expect(asKcl(result, data, example.partitionKey)).toEqual(example.userRecords);
  });
});

describe('records of the real KPL', () => {
  const { vectors } = readJson('kpl-vectors.json') as { vectors: readonly KplVector[] };

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const data = bytesOf(vector.dataBase64);
    const key = vector.partitionKey ?? 'outer';

    const userRecords = asKcl(deaggregate(data, key, md5), data, key);

    expect(userRecords).toEqual(
      vector.expectedUserRecords?.map(({ subSequenceNumber, partitionKey, explicitHashKey, dataUtf8 }) => ({
        aggregated: true,
        subSequenceNumber,
        partitionKey,
        explicitHashKey,
        dataBase64: Buffer.from(dataUtf8).toString('base64'),
      })) ?? [
        {
          aggregated: false,
          subSequenceNumber: 0,
          partitionKey: key,
          explicitHashKey: null,
          dataBase64: vector.dataBase64,
        },
      ],
    );
  });
});

describe('aggregates', () => {
  const table = delimited(1, toBytes('a'));
  const defectOf = (result: Deaggregation) => (result.kind === 'defective' ? result.defect : result.kind);
  const defectOfBody = (...body: readonly number[]) =>
    defectOf(deaggregate(sealAggregate(body), 'outer', md5));

  it('user records are views of the record, not copies', () => {
    const data = aggregateOf('one');

    expect(deaggregate(data, 'outer', md5).userRecords[0]?.data.buffer).toBe(data.buffer);
  });

  it('unknown fields of every wire type are skipped', () => {
    const unknown = [0x78, 0x01, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0, 0, 0, 0, 0x7a, 1, 0];

    const result = deaggregate(
      sealAggregate([...unknown, ...userRecordField('one'), ...table, 0x18, 0x01]),
      'outer',
      md5,
    );

    expect(result).toMatchObject({ kind: 'aggregated', userRecords: [{ partitionKey: 'a' }] });
  });

  it.each([
    ['a varint without end', [0x08, ...new Array(11).fill(0xff)]],
    ['a length beyond the body', [0x1a, 0x7f, 0x00]],
    ['a length one byte beyond the body', [0x7a, 0x02, 0x00]],
    ['a length of 2^63', [0x1a, ...new Array(9).fill(0xff), 0x01]],
    ['a cut fixed field', [0x79, 0, 0]],
    ['a group', [0x0b, 0x0c]],
    ['field number 0', [0x02, 0x00]],
    ['a tag above 32 bits', [0x80, 0x80, 0x80, 0x80, 0x10, 0x00]],
    ['a user record without key index', delimited(3, Uint8Array.from(delimited(3, toBytes('x'))))],
    ['a user record without data', delimited(3, Uint8Array.of(8, 0))],
    ['a user record that is no protobuf', delimited(3, Uint8Array.of(0xff))],
  ])('%s is a defect of the body', (_what, bytes) => {
    expect(defectOfBody(...table, ...bytes)).toBe('body');
  });

  it.each([
    [
      'a partition key index of 2^63',
      delimited(3, Uint8Array.from([8, ...new Array(9).fill(0xff), 1, 0x1a, 0])),
    ],
    ['an explicit hash key index beyond its table', delimited(3, Uint8Array.of(8, 0, 16, 0, 0x1a, 0))],
    [
      'an explicit hash key of words',
      [...delimited(2, toBytes('x')), ...delimited(3, Uint8Array.of(8, 0, 16, 0, 26, 0))],
    ],
  ])('%s is a defect of the index', (_what, bytes) => {
    expect(defectOfBody(...table, ...bytes)).toBe('index');
  });

  it('more user records than the cap are a defect, after those within', () => {
    const many = new Array(USER_RECORDS_MAX + 1).fill(userRecordField('')).flat();

    const result = deaggregate(sealAggregate([...table, ...many]), 'outer', md5);

    expect(defectOf(result)).toBe('count');
    expect(result.userRecords).toHaveLength(USER_RECORDS_MAX);
  });

  it('without a hash range no user record is dropped', () => {
    const oneKey = { startingHashKey: 0n, endingHashKey: 0n };

    expect(deaggregate(aggregateOf('one'), 'outer', md5).userRecords).toHaveLength(1);
    expect(deaggregate(aggregateOf('one'), 'outer', md5, oneKey).userRecords).toHaveLength(0);
  });
});

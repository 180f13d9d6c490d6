import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createDecoder } from '../../../src/decode/decode-record.ts';
import {
  aggregateOf,
  DECODER_OPTIONS,
  delimited,
  jsonOf,
  kinds,
  recordOf,
  sealAggregate,
  toBytes,
  userRecordField,
  v2Data,
} from '../../support/realistic-event.ts';

describe('KPL aggregates', () => {
  const decode = createDecoder(DECODER_OPTIONS);
  const event = jsonOf(v2Data());
  const twoEvents = `[${event},${event}]`;

  it('indexes count through all user records, and the last position is told', () => {
    const { items, lastSubSequenceNumber } = decode(recordOf(aggregateOf(twoEvents, 'bad', event)));

    expect(kinds(items)).toEqual(['event', 'event', 'not-json', 'event']);
    expect(items.map((item) => item.index)).toEqual([0, 1, 2, 3]);
    expect(items[2]).toMatchObject({ raw: toBytes('bad') });
    expect(lastSubSequenceNumber).toBe(2);
  });

  it('user records up to a checkpoint are dropped and keep their indexes', () => {
    const record = recordOf(aggregateOf(twoEvents, 'bad', event));

    const { items, lastSubSequenceNumber } = decode(record, 0);

    expect(items.map((item) => item.index)).toEqual([2, 3]);
    expect(lastSubSequenceNumber).toBe(2);
    expect(decode(record, 2)).toEqual({ items: [], lastSubSequenceNumber: 2 });
  });

  it('a plain record has one position, 0', () => {
    expect(decode(recordOf(event)).lastSubSequenceNumber).toBe(0);
    expect(decode(recordOf(event), 0)).toEqual({ items: [], lastSubSequenceNumber: 0 });
  });

  it('a user record may be gzipped and is capped by itself', () => {
    const large = 'x'.repeat(DECODER_OPTIONS.recordMaxBytes + 1);

    expect(kinds(decode(recordOf(aggregateOf(new Uint8Array(gzipSync(event)), large, event))).items)).toEqual(
      ['event', 'too-large', 'event'],
    );
  });

  it('a key index that points nowhere keeps what is before it, and the whole record as a dead letter', () => {
    const data = sealAggregate([
      ...delimited(1, toBytes('a')),
      ...userRecordField(event),
      ...userRecordField(event, 7),
      ...userRecordField(event),
    ]);

    const { items, lastSubSequenceNumber } = decode(recordOf(data));

    expect(kinds(items)).toEqual(['event', 'kpl-malformed']);
    expect(items[1]).toMatchObject({ index: 1, raw: data });
    expect(lastSubSequenceNumber).toBe(1);
  });

  it('a body that breaks off keeps what is before it, and the whole record as a dead letter', () => {
    const data = sealAggregate([...delimited(1, toBytes('a')), ...userRecordField(event), 0x1a, 0xff, 0x01]);

    expect(kinds(decode(recordOf(data)).items)).toEqual(['event', 'kpl-malformed']);
  });

  it('an aggregate without user records is one poison', () => {
    expect(kinds(decode(recordOf(sealAggregate(delimited(1, toBytes('a'))))).items)).toEqual(['kpl-empty']);
  });

  it('a damaged or short aggregate is one poison', () => {
    const damaged = aggregateOf(event);
    damaged[40] = (damaged[40] ?? 0) ^ 1;

    expect(kinds(decode(recordOf(damaged)).items)).toEqual(['kpl-checksum']);
    expect(kinds(decode(recordOf(damaged.subarray(0, 4))).items)).toEqual(['kpl-checksum']);
  });
});

describe('a record that costs more than it is worth', () => {
  const event = jsonOf(v2Data());
  const kindsOfMany = (of: (options: typeof DECODER_OPTIONS) => Uint8Array, count: number) => {
    let unzippedBytes = 0;
    const gunzip: typeof DECODER_OPTIONS.gunzip = (bytes, maxBytes) => {
      const plain = DECODER_OPTIONS.gunzip(bytes, maxBytes);
      unzippedBytes += typeof plain === 'string' ? maxBytes : plain.length;
      return plain;
    };
    const part = of(DECODER_OPTIONS);
    const record = recordOf(aggregateOf(...Array.from({ length: count }, () => part), event));
    const { items } = createDecoder({ ...DECODER_OPTIONS, gunzip })(record);
    return { items, last: items.at(-1), unzippedBytes };
  };
  const countOf = (items: ReturnType<typeof kindsOfMany>['items'], kind: string): number =>
    kinds(items).filter((each) => each === kind).length;

  it('unzips to at most 16 times what one user record may', () => {
    const { items, last, unzippedBytes } = kindsOfMany(
      ({ unzippedMaxBytes }) => new Uint8Array(gzipSync(' '.repeat(unzippedMaxBytes))),
      1_000,
    );

    expect(unzippedBytes).toBe(16 * DECODER_OPTIONS.unzippedMaxBytes);
    expect(countOf(items, 'gzip-too-large')).toBe(1_000 - 16);
    expect(last).toMatchObject({ kind: 'event', index: 1_000 });
  });

  it('is charged for gzip that fails as for gzip that does not', () => {
    const { items, unzippedBytes } = kindsOfMany(
      ({ unzippedMaxBytes }) => new Uint8Array(gzipSync(' '.repeat(unzippedMaxBytes))).subarray(0, -1),
      1_000,
    );

    expect(unzippedBytes).toBeLessThanOrEqual(17 * DECODER_OPTIONS.unzippedMaxBytes);
    expect(countOf(items, 'gzip-too-large')).toBeGreaterThan(980);
  });

  it('becomes at most 10,000 elements of arrays, and what is no array still counts', () => {
    const { items, last } = kindsOfMany(() => toBytes(`[${'1,'.repeat(999)}1]`), 40);

    expect(items).toHaveLength(10_000 + 30 + 1);
    expect(countOf(items, 'too-many-elements')).toBe(30);
    expect(last).toMatchObject({ kind: 'event', index: 10_030 });
  });
});

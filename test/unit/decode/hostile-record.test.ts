import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createDecoder } from '../../../src/decode/decode-record.ts';
import {
  aggregateOf,
  DECODER_OPTIONS,
  decodeBytes,
  decodeJson,
  jsonOf,
  kinds,
  recordOf,
  toBytes,
  twilioEvent,
  v2Data,
} from '../../support/realistic-event.ts';

describe('hostile JSON', () => {
  it('__proto__ and constructor keys do nothing', () => {
    const evil = jsonOf(v2Data()).replace(
      '"data":{',
      '"__proto__":{"type":"x"},"data":{"__proto__":{"isAdmin":true,"imsi":"1"},"constructor":{"prototype":{"x":1}},',
    );

    expect(decodeBytes(evil)).toEqual(decodeJson(twilioEvent(v2Data())));
    expect({}).not.toHaveProperty('isAdmin');
  });

  it('properties that only a prototype has are not read', () => {
    const evil = '{"__proto__":{"type":"com.twilio.eventstreams.test-event"},"data":{}}';

    expect(kinds(decodeBytes(evil))).toEqual(['missing-type']);
  });

  it('unknown properties are never copied', () => {
    const data = { ...v2Data(), secret: 'x', network: { ...(v2Data()['network'] as object), extra: 'y' } };

    expect(decodeJson(twilioEvent(data))).toEqual(decodeJson(twilioEvent(v2Data())));
  });

  it('nesting of any depth does not overflow the stack', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const options = { recordMaxBytes: 1_000_000 };

    expect(kinds(decodeBytes(deep, options))).toEqual(['not-an-object']);
    expect(
      kinds(decodeBytes(jsonOf(v2Data()).replace('"data":{', `"data":{"deep":${deep},`), options)),
    ).toEqual(['event']);
  });

  it('of a key that comes twice the last value counts', () => {
    const twice = jsonOf(v2Data()).replace('"data_upload":412', '"data_upload":1,"data_upload":412');

    expect(decodeBytes(twice)).toEqual(decodeJson(twilioEvent(v2Data())));
  });

  it('a dead letter holds reason, field and bytes: no word of the input', () => {
    const text = jsonOf(v2Data(undefined, { imsi: 732123000000001 }));

    expect(decodeBytes(text)).toEqual([
      { index: 0, kind: 'poison', reason: 'invalid-field', field: 'imsi', raw: toBytes(text) },
    ]);
  });
});

describe('a decoder whose own parts fail', () => {
  const broken = (): never => {
    throw new Error('broken');
  };

  it('keeps the record as undecodable', () => {
    const zipped = new Uint8Array(gzipSync('{}'));

    expect(decodeBytes(zipped, { gunzip: broken })).toEqual([
      { index: 0, kind: 'poison', reason: 'undecodable', raw: zipped },
    ]);
    expect(kinds(decodeBytes(aggregateOf('{}'), { md5: broken }))).toEqual(['undecodable']);
  });

  it('keeps only the element it fails on as undecodable', () => {
    const accountSids = Object.assign(new Set<string>(), {
      has: (sid: string) => (sid === 'AC-broken' ? broken() : true),
    });
    const events = [v2Data(), v2Data(undefined, { account_sid: 'AC-broken' })].map((data) =>
      twilioEvent(data),
    );

    expect(kinds(decodeJson(events, { accountSids }))).toEqual(['event', 'undecodable']);
  });

  it('decodes the next record after bad UTF-8', () => {
    const decode = createDecoder(DECODER_OPTIONS);

    expect(kinds(decode(recordOf(Uint8Array.of(0xe2, 0x82))).items)).toEqual(['not-utf8']);
    expect(kinds(decode(recordOf(jsonOf(v2Data()))).items)).toEqual(['event']);
  });
});

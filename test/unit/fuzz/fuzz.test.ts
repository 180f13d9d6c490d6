import { describe, expect, it } from '@jest/globals';
import type { DecodedItem, DecodedRecord, RecordDecoder } from '../../../src/decode/decode-record.ts';
import type { Decoders } from '../../fuzz/check-record.ts';
import { CANARIES } from '../../fuzz/corpus.ts';
import { type FuzzFailure, fuzz, workerDecoders } from '../../fuzz/fuzz.ts';
import { MUTATIONS, makeRecord } from '../../fuzz/make-record.ts';

/** A decoder with a bug in what it answers. */
function withBug(bug: (decoded: DecodedRecord, data: Uint8Array) => DecodedRecord): Decoders {
  const sound = workerDecoders();
  const broken =
    (decode: RecordDecoder): RecordDecoder =>
    (record, after) =>
      bug(decode(record, after), record.data);
  return { ...sound, decode: broken(sound.decode), measured: broken(sound.measured) };
}

const eachItem = (change: (item: DecodedItem) => unknown) => (decoded: DecodedRecord) => ({
  ...decoded,
  items: decoded.items.map((item) => change(item) as DecodedItem),
});

const failureOf = (decoders: Decoders): Promise<FuzzFailure> =>
  fuzz({ seed: 5, records: 2_000, decoders }).then(
    () => Promise.reject(new Error('nothing was found')),
    (error: FuzzFailure) => error,
  );

describe('the fuzzer', () => {
  it('finds each of 2,000 changed records applied, ignored or dead-lettered', async () => {
    const { records, books, outcomes, sessionItemsReread } = await fuzz({ seed: 1, records: 2_000 });

    expect(records).toBe(2_000);
    expect(books.applied).toBeGreaterThan(300);
    expect(books.read).toBe(books.applied + books.duplicate + books.ignored + books.deadLettered);
    expect(Object.keys(outcomes).length).toBeGreaterThan(20);
    expect(sessionItemsReread).toBeGreaterThan(30);
  });

  it('makes the same record for the same seed and index, and each change somewhere', () => {
    const tried = new Set(Array.from({ length: 8_000 }, (_, index) => makeRecord(9, index).mutations).flat());

    expect(makeRecord(9, 2_999)).toEqual(makeRecord(9, 2_999));
    expect(makeRecord(9, 2_999)).not.toEqual(makeRecord(8, 2_999));
    expect(MUTATIONS.filter((name) => !tried.has(name))).toEqual([]);
  });

  it('says how to repeat a failure, and does so', async () => {
    const decoders = withBug(
      eachItem((item) => (item.kind === 'poison' ? { ...item, reason: 'unheard-of' } : item)),
    );

    const failure = await failureOf(decoders);

    const [, index = ''] = /npm run fuzz -- --seed 5 --from (\d+) --records 1/.exec(failure.message) ?? [];
    expect(failure.message).toContain(
      Buffer.from(makeRecord(5, Number(index)).data)
        .toString('base64')
        .slice(0, 3_000),
    );
    await expect(fuzz({ seed: 5, from: Number(index), records: 1, decoders })).rejects.toThrow(
      failure.message,
    );
  });
});

describe('the fuzzer notices a decoder that', () => {
  const polluted = (decoded: DecodedRecord): DecodedRecord => {
    Object.defineProperty(Object.prototype, 'isPolluted', { value: 1, configurable: true });
    return decoded;
  };
  it.each<[string, (decoded: DecodedRecord, data: Uint8Array) => DecodedRecord, RegExp]>([
    ['throws', () => JSON.parse('{'), /JSON/],
    ['answers with nothing', (decoded) => ({ ...decoded, items: [] }), /no item/],
    [
      'is at a loss',
      eachItem((item) => (item.kind === 'poison' ? { ...item, reason: 'undecodable' } : item)),
      /decoder itself failed/,
    ],
    ['names a sender’s key', eachItem((item) => ({ ...item, field: 'x-secret' })), /not of the schema/],
    [
      'shows a personal field in a log',
      eachItem((item) => ({ ...item, testId: CANARIES['imsi'] })),
      /canary is in a test id/,
    ],
    [
      'counts wrongly in an array',
      eachItem((item) => ({ ...item, index: Math.min(item.index, 1) })),
      /indexes with a hole/,
    ],
    [
      'copies what it keeps',
      eachItem((item) => (item.kind === 'poison' ? { ...item, raw: Uint8Array.from(item.raw) } : item)),
      /copied/,
    ],
    [
      'lets a time through that cannot be stored',
      eachItem((item) =>
        item.kind === 'event' ? { ...item, event: { ...item.event, windowEndMs: 9e15 } } : item,
      ),
      /Invalid time/,
    ],
    [
      'lets an id through that is no key',
      eachItem((item) => (item.kind === 'event' ? { ...item, event: { ...item.event, simSid: '' } } : item)),
      /refused a session/,
    ],
    [
      'lets a number through where text belongs',
      eachItem((item) => (item.kind === 'event' ? { ...item, event: { ...item.event, apn: -1 } } : item)),
      /not a string|not what was stored/,
    ],
    ['pollutes the prototype', polluted, /polluted/],
  ])('%s', async (_what, bug, message) => {
    try {
      expect((await failureOf(withBug(bug))).message).toMatch(message);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'isPolluted');
    }
  });

  it('unzips without a bound', async () => {
    const decoders = { ...workerDecoders(), takeUnzippedBytes: () => 2 ** 30 };

    expect((await failureOf(decoders)).message).toMatch(/bytes unzipped/);
  });
});

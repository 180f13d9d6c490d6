/** What holds for every input, and the inputs to try it on. Shared by the quick and the long run. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createDecoder, type DecodedRecord } from '../../src/decode/decode-record.ts';
import { POISON_REASONS } from '../../src/decode/decoded-item.ts';
import {
  ACCOUNT_SID,
  aggregateOf,
  DECODER_OPTIONS,
  type Json,
  koreEvent,
  recordOf,
  sealAggregate,
  toBytes,
  twilioEvent,
  v2Data,
} from './realistic-event.ts';
import { DATA_FIELDS, isSchemaField, NESTED_FIELDS } from './schema-fields.ts';

const decode = createDecoder({ ...DECODER_OPTIONS, accountSids: new Set([ACCOUNT_SID, 'AC1']) });

const ENVELOPE_FIELDS = ['type', 'id', 'data', 'time', '__proto__'];
const SUFFIXES = [
  ...['started', 'updated', 'ended', 'failed', 'paused'].map((verb) => `data-session.${verb}`),
  ...['accepted', 'rejected', 'failed'].map((verb) => `attachment.${verb}`),
];
const CHANGED_FIELDS = [...DATA_FIELDS, 'constructor'];

const oddValue = fc.oneof(
  fc.constantFrom(null, '', '0', 0, -0, -1, 1.5, 2 ** 53, 1e300, true, [], {}, '9'.repeat(19), '\ud800'),
  fc.constantFrom('2022-02-30T00:00:00Z', '2022-12-14T13:40:52.5842087+00:00', '9999-12-31T23:59:59-23:59'),
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.dictionary(fc.constantFrom(...NESTED_FIELDS, '__proto__'), fc.jsonValue({ maxDepth: 1 })),
  fc.jsonValue({ maxDepth: 3 }),
);

/** An own property whatever its name, `__proto__` too. */
const withField = (target: Json, [name, value]: readonly [string, unknown]): Json =>
  Object.defineProperty({ ...target }, name, { value, enumerable: true, configurable: true });

const changesOf = (names: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...names), oddValue), { maxLength: 3 });

/** A realistic event with some of its properties changed, in any of the ways it may be wrapped. */
const mutatedEvent = fc
  .record({
    suffix: fc.constantFrom(...SUFFIXES),
    data: changesOf(CHANGED_FIELDS),
    envelope: changesOf(ENVELOPE_FIELDS),
    isKore: fc.boolean(),
    isText: fc.boolean(),
  })
  .map(({ suffix, data, envelope, isKore, isText }) => {
    const changed = data.reduce(withField, v2Data(suffix));
    const wrap = isKore ? koreEvent : twilioEvent;
    const wrapped = { ...wrap(v2Data(suffix)), data: isText ? JSON.stringify(changed) : changed };
    return envelope.reduce(withField, wrapped);
  });

const mutatedText = fc
  .tuple(fc.oneof(mutatedEvent, fc.array(mutatedEvent, { maxLength: 4 })), fc.boolean())
  .map(([value, hasMark]) => `${hasMark ? '\ufeff' : ''}${JSON.stringify(value)}`);

const damaged = (bytes: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(bytes, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
    .map(([original, at, byte, isCut]) => {
      const copy = Uint8Array.from(original);
      if (copy.length === 0) return copy;
      copy[at % copy.length] = byte;
      return isCut ? copy.slice(0, at % copy.length) : copy;
    });

const mutatedBytes = mutatedText.map(toBytes);
const aggregates = fc.oneof(
  fc.array(mutatedBytes, { maxLength: 4 }).map((parts) => aggregateOf(...parts)),
  fc.uint8Array({ maxLength: 60 }).map((body) => sealAggregate([...body])),
  fc
    .array(fc.constantFrom(0x0a, 0x12, 0x1a, 0x08, 0x10, 0x00, 0x01, 0x02, 0x03, 0x80, 0xff), {
      maxLength: 40,
    })
    .map(sealAggregate),
);
const withPrefix = (...prefix: readonly number[]) =>
  fc.uint8Array({ maxLength: 80 }).map((tail) => Uint8Array.from([...prefix, ...tail]));

/** Arbitrary bytes, arbitrary JSON, and realistic records with something wrong. */
export const INPUTS: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  'arbitrary bytes': fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    withPrefix(0x1f, 0x8b, 8),
    withPrefix(0xf3, 0x89, 0x9a, 0xc2),
  ),
  'arbitrary JSON values': fc
    .oneof(fc.jsonValue(), oddValue, fc.record({ type: oddValue, id: oddValue, data: oddValue }))
    .map((value) => toBytes(JSON.stringify(value))),
  'mutations of a realistic event': fc.oneof(
    { weight: 6, arbitrary: mutatedBytes },
    { weight: 1, arbitrary: damaged(mutatedBytes) },
    { weight: 1, arbitrary: aggregates },
    { weight: 1, arbitrary: damaged(aggregates) },
    { weight: 1, arbitrary: damaged(mutatedBytes.map((bytes) => new Uint8Array(gzipSync(bytes)))) },
  ),
};

function checkRecord({ items, lastSubSequenceNumber }: DecodedRecord): void {
  if (items.length === 0) throw new Error('no item');
  if (!Number.isInteger(lastSubSequenceNumber) || lastSubSequenceNumber < 0) throw new Error('no position');
  for (const [at, item] of items.entries()) {
    if (item.index !== at) throw new Error('index');
    if (item.kind !== 'poison') continue;
    if (item.reason === 'undecodable') throw new Error('undecodable');
    if (!POISON_REASONS.includes(item.reason)) throw new Error('unknown reason');
    const { field } = item;
    if (field !== undefined && !isSchemaField(field)) throw new Error('a field that is not of the schema');
  }
}

/** Runs the properties; a failure prints its seed. Returns how often each outcome was seen. */
export function checkDecoder(input: fc.Arbitrary<Uint8Array>, numRuns: number): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(input, (data) => {
      const decoded = decode(recordOf(data));
      checkRecord(decoded);
      for (const item of decoded.items) {
        const outcome = item.kind === 'event' ? 'event' : item.reason;
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }
    }),
    { numRuns },
  );
  return seen;
}

/** Changes of a record's bytes, and of what wraps it: gzip and KPL aggregates. */
import { gzipSync } from 'node:zlib';
import type { Chance } from '../../src/local/seeded-random.ts';
import { md5 } from '../../src/source/record-codec.ts';
import {
  aggregateOf,
  delimited,
  sealAggregate,
  toBytes,
  userRecordField,
} from '../support/realistic-event.ts';

type ByteMutator = (bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array;

const joined = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)));

const at = (bytes: Uint8Array, chance: Chance): number => chance.whole(0, Math.max(0, bytes.length - 1));

const flipped: ByteMutator = (bytes, chance) => {
  const copy = Uint8Array.from(bytes);
  for (let count = chance.pick([1, 1, 2, 8]); count > 0; count -= 1) {
    const position = at(copy, chance);
    if (copy.length > 0) copy[position] = (copy[position] ?? 0) ^ (1 << chance.whole(0, 7));
  }
  return copy;
};

export const BYTE_MUTATORS: Readonly<Record<string, ByteMutator>> = {
  'bits flipped': flipped,
  'cut at the end': (bytes, chance) => bytes.subarray(0, at(bytes, chance)),
  'cut at the start': (bytes, chance) => bytes.subarray(at(bytes, chance)),
  'bytes overwritten': (bytes, chance) => {
    const copy = Uint8Array.from(bytes);
    const from = at(copy, chance);
    return copy.fill(chance.pick([0, 0x22, 0x7b, 0xff, 0xc0]), from, from + chance.whole(1, 8));
  },
  'spliced with another': (bytes, chance, other) =>
    joined(bytes.subarray(0, at(bytes, chance)), other.subarray(at(other, chance))),
  'a part repeated': (bytes, chance) => {
    const from = at(bytes, chance);
    const part = bytes.subarray(from, from + chance.whole(1, 64));
    return joined(
      bytes.subarray(0, from),
      ...Array.from({ length: chance.pick([2, 3, 50]) }, () => part),
      bytes.subarray(from),
    );
  },
  'byte order mark': (bytes, chance) =>
    joined(
      chance.pick([
        [0xef, 0xbb, 0xbf],
        [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf],
        [0xff, 0xfe],
        [0xfe, 0xff],
      ]),
      bytes,
    ),
  'white space': (bytes, chance) =>
    joined(
      toBytes(chance.pick([' ', '\r\n', '\t', '\u00a0', '\u2028'])),
      bytes,
      toBytes(chance.pick(['\n', ' ', '\u0000'])),
    ),
  'two texts in one': (bytes, _, other) => joined(bytes, toBytes('\n'), other),
  'bytes that are no UTF-8': (bytes, chance) => {
    const position = at(bytes, chance);
    const bad = chance.pick([[0xc3], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc0, 0xaf]]);
    return joined(bytes.subarray(0, position), bad, bytes.subarray(position));
  },
};

const zipped = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes, { level: 1 }));

/** Built once: 2 MiB of zipped spaces, and an array of more elements than the cap. */
const BOMBS = [
  zipped(new Uint8Array(2 * 1_024 * 1_024).fill(0x20)),
  zipped(toBytes(`[${'1,'.repeat(5_000)}1]`)),
];

export const GZIP_MUTATORS: Readonly<Record<string, ByteMutator>> = {
  gzip: zipped,
  'gzip in gzip': (bytes) => zipped(zipped(bytes)),
  'gzip cut': (bytes, chance) => {
    const whole = zipped(bytes);
    return whole.subarray(0, at(whole, chance));
  },
  'gzip damaged': (bytes, chance, other) => flipped(zipped(bytes), chance, other),
  'gzip of two members': (bytes, _, other) => joined(zipped(bytes), zipped(other)),
  'gzip and more': (bytes, chance, other) => joined(zipped(bytes), chance.is(0.5) ? [0, 0, 0] : other),
  'gzip bomb': (_, chance) => chance.pick(BOMBS),
};

/** Anything between the marks of an aggregate, with a sound MD5: past the checksum into the protobuf reader. */
const resealed = (bytes: Uint8Array): Uint8Array => sealAggregate([...bytes]);

/** Large bodies stay plain: building an aggregate of them is slow, and tells nothing new. */
const AGGREGATED_MAX_BYTES = 20_000;

const withTable = (chance: Chance, ...records: readonly (Uint8Array | string)[]): number[] => [
  ...delimited(1, toBytes(chance.pick(['a', '', '__proto__', 'é']))),
  ...records.flatMap((record) => userRecordField(record, chance.is(0.9) ? 0 : chance.pick([1, 7, 300]))),
];

const AGGREGATE_MUTATORS_UNBOUND: Readonly<Record<string, ByteMutator>> = {
  aggregate: (bytes, chance, other) => aggregateOf(...(chance.is(0.5) ? [bytes] : [bytes, other, bytes])),
  'aggregate with a wrong MD5': (bytes, chance, other) => flipped(aggregateOf(bytes, other), chance, other),
  'aggregate cut': (bytes, chance) => {
    const whole = aggregateOf(bytes);
    return whole.subarray(0, at(whole, chance));
  },
  'aggregate with a broken protobuf': (bytes, chance, other) => {
    const body = Uint8Array.from(withTable(chance, bytes, other));
    return resealed(BYTE_MUTATORS[chance.pick(Object.keys(BYTE_MUTATORS))]?.(body, chance, other) ?? body);
  },
  'aggregate with odd key indexes': (bytes, chance, other) =>
    resealed(Uint8Array.from(withTable(chance, bytes, other))),
  'aggregate of many': (bytes, chance) =>
    aggregateOf(
      ...Array.from({ length: chance.pick([3, 20, 20, 400]) }, () =>
        chance.is(0.5) ? '' : bytes.subarray(0, 200),
      ),
    ),
  'aggregate in an aggregate': (bytes) => aggregateOf(aggregateOf(bytes)),
  'aggregate of gzip': (bytes, chance) => aggregateOf(zipped(bytes), chance.pick(BOMBS)),
  'gzip of an aggregate': (bytes) => zipped(aggregateOf(bytes)),
  'aggregate without anything': (_, chance) =>
    chance.pick([
      resealed(new Uint8Array()),
      joined([0xf3, 0x89, 0x9a, 0xc2], md5(new Uint8Array())),
      resealed(Uint8Array.of(0x0a, 0)),
    ]),
};

export const AGGREGATE_MUTATORS: Readonly<Record<string, ByteMutator>> = Object.fromEntries(
  Object.entries(AGGREGATE_MUTATORS_UNBOUND).map(([name, mutate]) => [
    name,
    (bytes: Uint8Array, chance: Chance, other: Uint8Array) =>
      bytes.length + other.length > AGGREGATED_MAX_BYTES ? bytes : mutate(bytes, chance, other),
  ]),
);

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { simSidsIn, textsIn } from '../../../src/store/sim-sids.ts';
import { systemClock, systemRandom } from '../../../src/time.ts';
import { sid } from '../../support/events.ts';

const [A, B] = [sid('HS', 'a'), sid('HS', 'b')];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const found = (raw: Uint8Array): readonly string[] => simSidsIn(new Uint8Array(raw));

describe('SIM sids in raw bytes are found', () => {
  it.each<[string, Uint8Array]>([
    ['in cut JSON', bytes(`{"data":{"sim_sid":"${A}","event`)],
    ['in data that is JSON text', bytes(JSON.stringify({ data: JSON.stringify({ sim_sid: A }) }))],
    ['escaped by JSON', bytes(`{"sim_sid":"\\u0048\\u0053${A.slice(2)}"}`)],
    ['escaped twice', bytes(JSON.stringify({ data: `{"sim_sid":"\\u0048S${A.slice(2)}"}` }))],
    ['escaped in the middle', bytes(`H\\\\\\u0053${A.slice(2)}`)],
    ['after another letter', bytes(`\\n${A}0`)],
    ['beside bytes that are no UTF-8', Buffer.concat([Buffer.from([0xff, 0xc0]), bytes(A)])],
    ['in gzip', gzipSync(A)],
    ['in gzip of gzip', gzipSync(gzipSync(A))],
    ['in gzip inside an aggregate', Buffer.concat([bytes('\xf3\x89'), gzipSync(A), bytes('\x1a\x02md5')])],
  ])('%s', (_, raw) => {
    expect(found(raw)).toEqual([A]);
  });

  it('each once, and sids of nothing else', () => {
    expect(found(bytes(`${B} ${A} ${B} ${sid('PI', 'session')} HS12`))).toEqual([B, A]);
    expect(found(new Uint8Array())).toEqual([]);
  });
});

it('a megabyte of backslashes takes no longer than any other', () => {
  const startedAtMs = systemClock.monotonicMs();

  expect(found(bytes(`${'\\'.repeat(1024 * 1024)}u0048S${A.slice(2)}`))).toEqual([A]);
  expect(found(bytes(`\\u0048${'\\'.repeat(1024 * 1024)}`))).toEqual([]);
  expect(systemClock.monotonicMs() - startedAtMs).toBeLessThan(1_000);
});

describe('gzip', () => {
  it('that is cut is searched as far as it goes', () => {
    const zipped = gzipSync(`${A} ${Buffer.from(systemRandom.bytes(2_000)).toString('hex')} ${B}`);

    expect(found(zipped.subarray(0, zipped.length / 2))).toEqual([A]);
  });

  it.each([
    ['a name', 8, 'name\0'],
    ['a comment', 16, 'comment\0'],
    ['a checksum of its header', 2, '..'],
    ['something extra', 4, '\x03\x00abc'],
    ['all of them', 30, '\x01\x00anb\0c\0..'],
  ])('is seen with %s in its header', (_, flags, fields) => {
    const zipped = gzipSync(A);
    const header = Buffer.from(zipped.subarray(0, 10));
    header[3] = flags;

    expect(found(Buffer.concat([header, Buffer.from(fields), zipped.subarray(10)]))).toEqual([A]);
  });

  it('that is corrupt is said to be there, and what stands beside it is searched', () => {
    const corrupt = Buffer.concat([gzipSync('').subarray(0, 10), Buffer.from([0xff, 0xff])]);

    expect(textsIn(corrupt)).toMatchObject({ isWhole: false });
    expect(textsIn(bytes(A))).toMatchObject({ isWhole: true });
    expect(found(Buffer.concat([corrupt, bytes(B)]))).toEqual([B]);
  });

  it('is unzipped within a bound, however much of it there is', () => {
    const bomb = gzipSync(new Uint8Array(17 * 1024 * 1024));
    const large = gzipSync(new Uint8Array(5 * 1024 * 1024));

    const bombs = textsIn(Buffer.concat(Array.from({ length: 50 }, () => bomb)));
    const many = textsIn(Buffer.concat(Array.from({ length: 50 }, () => large)));

    expect([bombs.isWhole, bombs.texts.length]).toEqual([false, 1]);
    expect([many.isWhole, many.texts.length]).toEqual([false, 1 + 3]);
  });
});

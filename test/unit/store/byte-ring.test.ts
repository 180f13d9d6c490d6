import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteRing } from '../../../src/store/byte-ring.ts';

const text = (ring: ByteRing, key: string): string | undefined => ring.get(key)?.text;
const entry = (letters: string, bytes: readonly number[] = []) => ({
  text: letters,
  bytes: Uint8Array.from(bytes),
});

describe('a ring of bytes', () => {
  it('gives back texts and bytes', () => {
    const ring = new ByteRing(1_000);
    ring.put('a', entry('ä€😀', [1, 2, 3]));
    ring.put('b', entry('', []));

    expect(text(ring, 'a')).toBe('ä€😀');
    expect([...(ring.get('a')?.bytes ?? [])]).toEqual([1, 2, 3]);
    expect(text(ring, 'b')).toBe('');
    expect(ring.get('c')).toBeUndefined();
  });

  it('overwrites what was put first, and leaves what is written again in its place', () => {
    const ring = new ByteRing(3 * 128);
    for (const key of ['a', 'b', 'c']) ring.put(key, entry(key));
    ring.put('a', entry('again'));
    ring.put('d', entry('d'));

    expect(['a', 'b', 'c', 'd'].map((key) => text(ring, key))).toEqual([undefined, 'b', 'c', 'd']);
  });

  it('keeps nothing that is larger than itself, and no key beyond ASCII', () => {
    const ring = new ByteRing(256);
    ring.put('a', entry('small'));
    ring.put('a', entry('x'.repeat(300)));
    ring.put('ä', entry('x'));

    expect(text(ring, 'a')).toBeUndefined();
    expect(text(ring, 'ä')).toBeUndefined();
  });

  it('never gives anything but what was put last under a key, or nothing', () => {
    const put = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'long key'),
      letters: fc.string({ unit: 'binary', maxLength: 200 }),
      bytes: fc.array(fc.nat(255), { maxLength: 300 }),
      isDeleted: fc.nat(9).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), fc.array(put, { maxLength: 60 }), (size, puts) => {
        const ring = new ByteRing(size);
        const last = new Map<string, { readonly text: string; readonly bytes: Uint8Array }>();
        for (const { key, letters, bytes, isDeleted } of puts) {
          if (isDeleted) {
            ring.delete(key);
            last.delete(key);
          } else {
            ring.put(key, entry(letters.toWellFormed(), bytes));
            last.set(key, entry(letters.toWellFormed(), bytes));
          }
          for (const known of ['a', 'b', 'c', 'd', 'long key']) {
            const kept = ring.get(known);
            if (kept)
              expect({ text: kept.text, bytes: Uint8Array.from(kept.bytes) }).toEqual(last.get(known));
          }
          // What fits is there at once.
          if (!isDeleted && size >= 1_024) expect(ring.get(key)).toBeDefined();
        }
      }),
      { numRuns: 500 },
    );
  });
});

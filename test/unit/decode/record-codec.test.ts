import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { gunzip, md5 } from '../../../src/source/record-codec.ts';

describe('gunzip', () => {
  it('unzips up to the cap and no byte more', () => {
    const zipped = gzipSync('x'.repeat(1_000));

    expect(gunzip(zipped, 1_000)).toHaveLength(1_000);
    expect(gunzip(zipped, 999)).toBe('too-large');
  });

  it('stops a bomb at the cap', () => {
    expect(gunzip(gzipSync(Buffer.alloc(50 * 1_024 * 1_024)), 1_024)).toBe('too-large');
  });

  it.each([
    ['truncated', gzipSync('hello').subarray(0, -4)],
    ['of another method', Uint8Array.of(0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0)],
    ['with a wrong checksum', Uint8Array.from(gzipSync('hello')).fill(0, -8, -4)],
    ['nothing', new Uint8Array()],
  ])('bytes that are %s are corrupt', (_what, bytes) => {
    expect(gunzip(bytes, 1_000)).toBe('corrupt');
  });

  it('a fault that is not in the bytes is thrown', () => {
    expect(() => gunzip(gzipSync('hello'), -1)).toThrow();
  });
});

describe('md5', () => {
  it('is MD5', () => {
    expect(Buffer.from(md5(new Uint8Array())).toString('hex')).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });
});

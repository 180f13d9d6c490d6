import { gzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { gunzipAt } from '../../../src/store/gzip-members.ts';

it('tells what the bytes are to blame for, and throws what they are not', () => {
  const zipped = gzipSync('a'.repeat(1_000));

  expect(Buffer.from(gunzipAt(zipped, 0, 1_000) as Uint8Array).toString()).toBe('a'.repeat(1_000));
  expect(gunzipAt(zipped, 0, 999)).toBe('too-large');
  expect(gunzipAt(Buffer.concat([zipped.subarray(0, 10), Buffer.from([0xff])]), 0, 1_000)).toBe('corrupt');
  expect(() => gunzipAt(zipped, 0, -1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
});

import { describe, expect, it } from '@jest/globals';
import { POISON_REASONS } from '../../../src/decode/decoded-item.ts';
import { POISON_RECORDS } from '../../support/poison-records.ts';
import { decodeBytes, toBytes } from '../../support/realistic-event.ts';

describe('poison', () => {
  it.each(POISON_RECORDS.map((row) => ({ what: row[0], row })))(
    '$what',
    ({ row: [_what, bytes, reason, field] }) => {
      const named = field === undefined ? {} : { field };

      expect(decodeBytes(bytes)).toEqual([
        { index: 0, kind: 'poison', reason, ...named, raw: expect.any(Uint8Array) },
      ]);
    },
  );

  it('every reason but the bug has an example here', () => {
    const shown = new Set(POISON_RECORDS.map((row) => row[2]));

    expect(POISON_REASONS.filter((reason) => !shown.has(reason))).toEqual(['undecodable']);
  });

  it('a poison record is kept byte by byte', () => {
    expect(decodeBytes('hello')).toEqual([
      { index: 0, kind: 'poison', reason: 'not-json', raw: toBytes('hello') },
    ]);
  });
});

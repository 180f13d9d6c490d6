import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { statementOf } from '../../../src/store/statements.ts';

const item = {
  id: 'a',
  version: 3,
  status: 'open',
  bytes: 5n,
  network: { mcc: '262', mnc: '01' },
  dedup: Uint8Array.of(1, 2),
};
const write = { tableName: 'app-sessions', keyNames: ['id'], item };

describe('a write as a statement', () => {
  it('of an item that is not there is an insert of all of it', () => {
    expect(statementOf(write, 'each')).toEqual({
      text: `INSERT INTO "app-sessions" VALUE {'id':?,'version':?,'status':?,'bytes':?,'network':?,'dedup':?}`,
      parameters: Object.values(item),
    });
  });

  it('of one that is names what changed and what went away, on the version that was read', () => {
    const before = {
      version: 2,
      item: {
        id: 'a',
        version: NumberValue.from('2'),
        status: 'open',
        bytes: NumberValue.from('5'),
        network: { mcc: '262', mnc: '02' },
        dedup: Uint8Array.of(1, 2),
        error: { code: 1 },
        apn: 'iot',
      },
    };

    expect(statementOf({ ...write, before }, 'each')).toEqual({
      text: 'UPDATE "app-sessions" SET "version"=? SET "network"=? REMOVE "error" REMOVE "apn" WHERE "id"=? AND "version"=?',
      parameters: [3, item.network, 'a', 2],
    });
    expect(statementOf({ ...write, before }, 'comma').text).toBe(
      'UPDATE "app-sessions" SET "version"=?, "network"=? REMOVE "error", "apn" WHERE "id"=? AND "version"=?',
    );
  });

  it.each([
    ['an exact number', { bytes: NumberValue.from('9007199254740993') }, { bytes: 9_007_199_254_740_993n }],
    ['bytes', { dedup: Uint8Array.of(9) }, { dedup: Uint8Array.of(9) }],
    ['a map', { network: { mcc: '1', code: NumberValue.from('4') } }, { network: { mcc: '1', code: 4 } }],
  ])('does not write %s again that is as it was', (_, read, same) => {
    const { text } = statementOf(
      {
        tableName: 't',
        keyNames: ['id'],
        item: { id: 'a', version: 2, ...same },
        before: { version: 1, item: { id: 'a', version: 1, ...read } },
      },
      'each',
    );

    expect(text).toBe('UPDATE "t" SET "version"=? WHERE "id"=? AND "version"=?');
  });

  it.each([
    ['text instead of a number', { x: '5' }, { x: 5 }],
    ['a map with one entry more', { x: { a: '1', b: '2' } }, { x: { a: '1' } }],
    ['other bytes', { x: Uint8Array.of(1) }, { x: Uint8Array.of(2) }],
    ['text instead of bytes', { x: 'a' }, { x: Uint8Array.of(2) }],
    ['text instead of a map', { x: 'a' }, { x: { a: '1' } }],
  ])('writes %s', (_, read, value) => {
    const { parameters } = statementOf(
      {
        tableName: 't',
        keyNames: ['id'],
        item: { id: 'a', ...value },
        before: { version: 1, item: { id: 'a', ...read } },
      },
      'each',
    );

    expect(parameters[0]).toEqual(value.x);
  });
});

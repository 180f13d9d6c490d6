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
const write = { tableName: 'app-sessions', key: { id: 'a' }, whole: () => item };

describe('a write as a statement', () => {
  it('of an item that is not there is an insert of all of it', () => {
    expect(statementOf(write, 'each')).toEqual({
      text: `INSERT INTO "app-sessions" VALUE {'id':?,'version':?,'status':?,'bytes':?,'network':?,'dedup':?}`,
      parameters: Object.values(item),
    });
  });

  it('of one that is names what changed and what went away, on the version that was read', () => {
    const change = {
      version: 2,
      set: { version: 3, network: item.network },
      remove: ['error', 'apn'],
    };

    expect(statementOf({ ...write, change }, 'each')).toEqual({
      text: 'UPDATE "app-sessions" SET "version"=? SET "network"=? REMOVE "error" REMOVE "apn" WHERE "id"=? AND "version"=?',
      parameters: [3, item.network, 'a', 2],
    });
    expect(statementOf({ ...write, change }, 'comma').text).toBe(
      'UPDATE "app-sessions" SET "version"=?, "network"=? REMOVE "error", "apn" WHERE "id"=? AND "version"=?',
    );
  });

  it('names all attributes of a key', () => {
    const key = { item_key: 'k', page_id: 'p' };
    const change = { version: 1, set: { version: 2 }, remove: [] };

    expect(statementOf({ tableName: 't', key, whole: () => key, change }, 'each')).toEqual({
      text: 'UPDATE "t" SET "version"=? WHERE "item_key"=? AND "page_id"=? AND "version"=?',
      parameters: [2, 'k', 'p', 1],
    });
  });

  it('is not mistaken for another of the same names', () => {
    const text = (
      set: object,
      remove: readonly string[],
      tableName = 't',
      dialect = 'each' as const,
    ): string =>
      statementOf(
        { tableName, key: { id: 'a' }, whole: () => item, change: { version: 1, set: { ...set }, remove } },
        dialect,
      ).text;

    expect(text({ a: 1, b: 2 }, [])).toContain('SET "a"=? SET "b"=? WHERE');
    expect(text({ a: 1 }, ['b'])).toContain('SET "a"=? REMOVE "b" WHERE');
    expect(text({ a: 1 }, [])).toContain('SET "a"=? WHERE');
    expect(text({ a: 1 }, [], 'u')).toContain('UPDATE "u"');
    expect(text({ a: 1, b: 2 }, [])).toContain('SET "a"=? SET "b"=? WHERE');
  });
});

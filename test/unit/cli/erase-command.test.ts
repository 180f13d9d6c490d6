import { describe, expect, it } from '@jest/globals';
import { parseSimSids } from '../../../src/cli/erase-command.ts';
import { sid } from '../../support/events.ts';

describe('the SIMs to erase', () => {
  it('are named by sids, each counted once', () => {
    expect(parseSimSids([sid('HS', 'a'), sid('HS', 'b'), sid('HS', 'a')])).toEqual([
      sid('HS', 'a'),
      sid('HS', 'b'),
    ]);
  });

  it.each(['', 'HS', '89883070000005381783', sid('PI', 'a'), `${sid('HS', 'a')}0`, `HS${'g'.repeat(32)}`])(
    'are not "%s"',
    (text) => {
      expect(() => parseSimSids([sid('HS', 'a'), text])).toThrow(/named by its sid/);
    },
  );

  it('are at most 100 at once', () => {
    const sids = Array.from({ length: 101 }, (_, n) => sid('HS', String(n)));

    expect(parseSimSids(sids.slice(1))).toHaveLength(100);
    expect(() => parseSimSids(sids)).toThrow(/At most 100/);
  });
});

import { describe, expect, it } from '@jest/globals';
import { textTable } from '../../../src/cli/text-table.ts';
import { shortDuration } from '../../../src/short-duration.ts';

const COLUMNS = [{ name: 'shard' }, { name: 'owner', widthMin: 5 }, { name: 'checkpoint', widthMin: 7 }];
const ROWS = [
  ['s-1', 'worker-one-long', '1234567890123456789'],
  ['s-22', 'w', '7'],
];

describe('a table for people', () => {
  it('has its columns below each other, and nothing after the last', () => {
    expect(textTable(COLUMNS, ROWS).lines).toEqual([
      'shard  owner            checkpoint',
      's-1    worker-one-long  1234567890123456789',
      's-22   w                7',
    ]);
  });

  it('cuts from the right what may be cut, in the middle, and only as much as must be', () => {
    const { lines, hidden } = textTable(COLUMNS, ROWS, 34);

    expect(lines[1]).toBe('s-1    worker-one-long  12345…6789');
    expect([hidden, Math.max(...lines.map((line) => line.length))]).toEqual([[], 34]);
    expect(textTable(COLUMNS, ROWS, 26).lines[1]).toBe('s-1    worke…long  123…789');
  });

  it('hides columns that find no room even so, and says which', () => {
    expect(textTable(COLUMNS, ROWS, 13)).toEqual({
      lines: ['shard  owner', 's-1    wor…ng', 's-22   w'],
      hidden: ['checkpoint'],
    });
    expect(textTable(COLUMNS, ROWS, 1).hidden).toEqual(['owner', 'checkpoint']);
  });

  it('puts numbers below each other by their last digit', () => {
    const columns = [{ name: 'what' }, { name: 'USD', isRight: true }, { name: 'note' }];

    expect(
      textTable(columns, [
        ['a', '1,234.50', 'x'],
        ['b', '7.00', 'y'],
      ]).lines,
    ).toEqual(['what       USD  note', 'a     1,234.50  x', 'b         7.00  y']);
  });

  it('shows nothing that a terminal would obey', () => {
    expect(textTable([{ name: 'a' }], [['x\u001b[2J\u202ey']]).lines[1]).toBe('x?[2J?y');
  });
});

it.each([
  [0, '0.0 s'],
  [59_000, '59.0 s'],
  [90_000, '1.5 min'],
  [3 * 3_600_000, '3.0 h'],
  [36 * 3_600_000, '1.5 d'],
])('%d ms are %s', (ms, text) => {
  expect(shortDuration(ms)).toBe(text);
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatRow, parseRows } from '../../../src/leases/lease-rows.ts';

const scalar = fc.oneof(
  fc.string().map((S) => ({ S })),
  fc.bigInt().map((N) => ({ N: String(N) })),
  fc.uint8Array().map((B) => ({ B: Uint8Array.from(B) })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true as const }),
);
const set = fc.oneof(
  fc.uniqueArray(fc.string(), { minLength: 1 }).map((SS) => ({ SS })),
  fc.uniqueArray(fc.bigInt().map(String), { minLength: 1 }).map((NS) => ({ NS })),
  fc
    .uniqueArray(fc.uint8Array(), { minLength: 1, selector: (bytes) => bytes.join() })
    .map((BS) => ({ BS: BS.map((bytes) => Uint8Array.from(bytes)) })),
);
const name = fc.string().filter((text) => text !== '__proto__' && text !== 'leaseKey');
const value = fc.oneof(
  scalar,
  set,
  fc.array(scalar).map((L) => ({ L })),
  fc.dictionary(name, scalar).map((M) => ({ M })),
);
const row = fc
  .tuple(fc.string({ minLength: 1 }), fc.dictionary(name, value))
  .map(([key, others]) => ({ ...others, leaseKey: { S: key } }));

describe('a row as a line', () => {
  it('comes back as it was: every type, any name, any text', () => {
    fc.assert(
      fc.property(row, (item) => {
        const line = formatRow(item);
        const { items, problems } = parseRows([line]);

        expect(problems).toEqual([]);
        expect(line).not.toContain('\n');
        // Sets come back in order.
        expect(formatRow(items[0] ?? {})).toBe(line);
        expect(Object.keys(items[0] ?? {}).sort()).toEqual(Object.keys(item).sort());
      }),
    );
  });

  it('keeps digits, bytes and sets, in one order whatever order the table gave', () => {
    const line =
      '{"leaseKey":{"S":"s0"},"a":{"N":"1234567890123456789012345678901234567.8"},"b":{"B":"AP8="},"c":{"SS":["x","y"]},"d":{"M":{"k":{"L":[{"NULL":true},{"BOOL":false}]}}},"e":{"NS":["10","9"]}}';
    const item = {
      e: { NS: ['9', '10'] },
      d: { M: { k: { L: [{ NULL: true as const }, { BOOL: false }] } } },
      c: { SS: ['y', 'x'] },
      b: { B: Uint8Array.of(0, 255) },
      a: { N: '1234567890123456789012345678901234567.8' },
      leaseKey: { S: 's0' },
    };

    expect(formatRow(item)).toBe(line);
    expect(parseRows([line]).items[0]?.['b']?.B).toEqual(Buffer.of(0, 255));
    expect(parseRows([line]).items[0]?.['a']).toEqual({ N: '1234567890123456789012345678901234567.8' });
  });
});

describe('lines that are no rows', () => {
  it.each([
    ['{', 'is no JSON object'],
    ['[]', 'is no JSON object'],
    ['null', 'is no JSON object'],
    ['{"a":{"S":"x"}}', 'has no leaseKey'],
    ['{"leaseKey":{"S":""}}', 'has no leaseKey'],
    ['{"leaseKey":{"N":"1"}}', 'has no leaseKey'],
    ['{"leaseKey":"s0"}', 'has no leaseKey'],
    ['{"leaseKey":{"S":"k"},"a":1}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"N":1}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"N":"one"}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"S":"x","N":"1"}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"B":"no base64"}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"SS":[]}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"SS":["x","x"]}}', 'attribute "a"'],
    ['{"leaseKey":{"S":"k"},"a":{"L":[{"Q":"x"}]}}', 'attribute "a"'],
  ])('%s is told with its number', (line, problem) => {
    const { items, problems } = parseRows(['', line]);

    expect([items, problems]).toEqual([[], [expect.stringMatching(/^line 2 /)]]);
    expect(problems[0]).toContain(problem);
  });

  it('are all told at once, a key twice among them, and no value is quoted', () => {
    const good = '{"leaseKey":{"S":"k"},"a":{"S":"secret"}}';
    const { items, problems } = parseRows([good, 'x', good, '{"leaseKey":{"S":"l"},"a":"secret"}']);

    expect(items).toHaveLength(1);
    expect(problems.map((problem) => problem.slice(0, 6))).toEqual(['line 2', 'line 3', 'line 4']);
    expect(problems[1]).toContain('leaseKey of line 1');
    expect(problems.join()).not.toContain('secret');
  });
});

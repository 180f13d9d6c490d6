import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBySchema } from '../../../src/decode/connection-data.ts';
import { parseIsoTime } from '../../../src/decode/iso-time.ts';
import { readPlainData } from '../../../src/decode/plain-data.ts';
import { LONG_TEXT_MAX_CHARS, TEXT_MAX_CHARS } from '../../../src/decode/text-limits.ts';
import { v2Data } from '../../support/realistic-event.ts';
import { DATA_FIELDS } from '../../support/schema-fields.ts';

/** What a property may hold: mostly what it should, sometimes anything. */
const aText = fc.oneof(
  fc.constantFrom('', '262', 'EZ', '0', '2026-03-01T00:00:00Z', '2026-02-29T23:59:59.999Z', '4G LTE'),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc
    .constantFrom(TEXT_MAX_CHARS, TEXT_MAX_CHARS + 1, LONG_TEXT_MAX_CHARS, LONG_TEXT_MAX_CHARS + 1)
    .map((length) => 'x'.repeat(length)),
  fc.constantFrom('\ud800', 'a\udfff'),
);
const aNumber = fc.oneof(
  fc.nat(),
  fc.double(),
  fc.constantFrom(-1, -0, 0.5, 90, 90.1, 180, Number.MAX_SAFE_INTEGER, 2 ** 53),
);
const aValue = fc.oneof(
  { weight: 6, arbitrary: aText },
  { weight: 3, arbitrary: aNumber },
  { weight: 2, arbitrary: fc.constantFrom(null, undefined, true, '12', '007', '-3', '9223372036854775808') },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const NESTED = {
  network: ['mcc', 'mnc', 'friendly_name', 'iso_country', 'sid'],
  location: ['cell_id', 'lac', 'lat', 'lon'],
  error: ['code', 'message'],
};
const FLAT = [...DATA_FIELDS, 'data_session_end_time'].filter((name) => !(name in NESTED));
const recordOf = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
/** A real event's data with some properties changed. */
const anyData = fc
  .tuple(
    fc.subarray(FLAT, { maxLength: 3 }),
    fc.array(aValue, { minLength: 3, maxLength: 3 }),
    fc.record(
      Object.fromEntries(
        Object.entries(NESTED).map(([name, fields]) => [name, fc.oneof(recordOf(fields, aValue), aValue)]),
      ),
      { requiredKeys: [] },
    ),
    fc.boolean(),
  )
  .map(([names, values, nested, isNested]) => ({
    ...v2Data(),
    ...Object.fromEntries(names.map((name, at) => [name, values[at]])),
    ...(isNested ? nested : {}),
  }));

describe('the short way of reading data', () => {
  it('reads what the schema reads, and leaves to it what the schema refuses', () => {
    let plainCount = 0;
    void fc.assert(
      fc.property(anyData, (data) => {
        const plain = readPlainData(data);
        if (!plain) return;
        plainCount += 1;
        expect(parseBySchema(data)).toEqual({ kind: 'parsed', data: plain });
      }),
      { numRuns: 3_000 },
    );
    expect(plainCount).toBeGreaterThan(500);
  });

  it('is taken by a real event', () => {
    expect(readPlainData(v2Data())).toBeDefined();
  });

  it('reads plain times as the pattern reads them', () => {
    const year = fc.integer({ min: 1960, max: 2100 });
    const part = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
    const fraction = fc.constantFrom('', '.000', '.5', '.123', '.1239', '.x23');
    void fc.assert(
      fc.property(
        fc.tuple(year, part(13), part(32), part(25), part(61), part(61), fraction),
        ([y, month, day, hour, minute, second, rest]) => {
          const text = `${y}-${month}-${day}T${hour}:${minute}:${second}${rest}`;
          // The same instant, in the form that only the pattern takes.
          expect(parseIsoTime(`${text}Z`)).toBe(parseIsoTime(`${text}+00:00`));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ParsedUsage, parseUsageRecords } from '../../../src/reconcile/parse-usage-records.ts';

const SIM = `HS${'a'.repeat(32)}`;
const FIVE = Date.parse('2026-11-24T05:00:00Z');

/** As the API answers with Group=sim and Granularity=hour. */
const apiRecord = (changes: Record<string, unknown> = {}) => ({
  account_sid: `AC${'b'.repeat(32)}`,
  sim_sid: SIM,
  fleet_sid: null,
  network_sid: null,
  iso_country: null,
  period: { start_time: '2026-11-24T05:00:00Z', end_time: '2026-11-24T06:00:00Z' },
  data_upload: 100,
  data_download: 1000,
  data_total: 1100,
  data_total_billed: 0.25,
  billed_unit: 'USD',
  ...changes,
});
const page = (...records: unknown[]) => ({ meta: { key: 'usage_records' }, usage_records: records });

async function* inChunks(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}
async function parse(text: string, chunkChars = 7): Promise<ParsedUsage[]> {
  const parsed: ParsedUsage[] = [];
  for await (const each of parseUsageRecords(inChunks(text, chunkChars))) parsed.push(each);
  return parsed;
}
const places = async (text: string): Promise<string[]> =>
  (await parse(text)).map((each) => (each.kind === 'record' ? each.at : `problem: ${each.text}`));
const problems = async (text: string): Promise<string[]> =>
  (await parse(text)).flatMap((each) => (each.kind === 'problem' ? each.text : []));
const firstRecord = async (text: string) => {
  const [first] = await parse(text);
  if (first?.kind !== 'record') throw new Error(first?.text ?? 'nothing');
  return first.record;
};

const HEADER = 'sim_sid,period_start,period_end,data_upload,data_download,data_total,data_total_billed';
const ROW = `${SIM},2026-11-24T05:00:00Z,2026-11-24T06:00:00Z,100,1000,1100,0.25`;

describe('a file of usage records', () => {
  it('is read alike as a page, an array, JSON lines and CSV', async () => {
    const expected = {
      simSid: SIM,
      granularity: 'hour',
      startMs: FIVE,
      downloadBytes: 1000n,
      uploadBytes: 100n,
      isUnbilled: false,
      dimensions: '',
      split: '',
    };

    for (const text of [
      JSON.stringify(page(apiRecord())),
      JSON.stringify([apiRecord()], null, 2),
      `${JSON.stringify(apiRecord())}\n`,
      `\ufeff${JSON.stringify(apiRecord())}`.slice(1),
      `${HEADER}\n${ROW}\n`,
      `${HEADER.replaceAll('period_', 'period.').replace(/(start|end)/g, '$1_time')}\r\n${ROW}`,
    ])
      expect(await firstRecord(text)).toEqual(expected);
  });

  it('may hold several pages and records one after the other, whatever stands between and however it is cut', async () => {
    const one = JSON.stringify(page(apiRecord(), apiRecord({ sim_sid: `HS${'c'.repeat(32)}` })));
    const text = `${one}${one}\n\n${JSON.stringify(page(), null, 2)}\n${JSON.stringify(apiRecord())}`;

    for (const size of [1, 2, 5, 1_000_000])
      expect((await parse(text, size)).map((each) => each.kind === 'record' && each.at)).toEqual([
        'line 1, usage_records[0]',
        'line 1, usage_records[1]',
        'line 1, usage_records[0]',
        'line 1, usage_records[1]',
        'line 9',
      ]);
  });

  it('is exact above 2^53, as a number and as text, and leaves numbers inside texts alone', async () => {
    const text = JSON.stringify(
      apiRecord({ data_download: 'D', data_upload: '9007199254740993', note: ':1234567890123456789 "' }),
    )
      .replace('"D"', '9007199254740995')
      .replace('"data_total":1100', '"data_total":18014398509481988');

    expect(await firstRecord(text)).toMatchObject({
      downloadBytes: 9007199254740995n,
      uploadBytes: 9007199254740993n,
    });
    const csv = `${HEADER}\n${ROW.replace('1000,1100', '9007199254740995,9007199254741095')}`;
    expect(await firstRecord(csv)).toMatchObject({ downloadBytes: 9007199254740995n });
  });

  it('tells hours from days, what splits it, and what is not billed yet', async () => {
    const day = { start_time: '2026-11-24T00:00:00Z', end_time: '2026-11-25T00:00:00.000+00:00' };

    expect(
      await firstRecord(
        JSON.stringify(
          apiRecord({ period: day, data_total_billed: 0, network_sid: 'HW1', iso_country: 'US' }),
        ),
      ),
    ).toMatchObject({ granularity: 'day', dimensions: 'network,country', split: 'HW1|US', isUnbilled: true });
    expect(
      await firstRecord(
        JSON.stringify(apiRecord({ data_total_billed: 0, data_upload: 0, data_download: 0, data_total: 0 })),
      ),
    ).toMatchObject({ isUnbilled: false });
  });

  it('that a device wrote into is quoted as CSV quotes', async () => {
    const csv = `note,${HEADER}\n"a ""b"",\nc",${ROW}\n\n,${ROW}\n`;

    expect(await places(csv)).toEqual(['line 2', 'line 5']);
  });
});

describe('what is no usage record is named by line and field', () => {
  it.each([
    [{ sim_sid: null }, 'sim_sid is missing: ask the API for Group=sim, or for one Sim'],
    [{ sim_sid: 'IMSI' }, 'sim_sid is no SIM SID (HS…)'],
    [{ data_upload: null }, 'data_upload is missing'],
    [{ data_upload: -1 }, 'data_upload is no whole number of bytes from 0 to 9223372036854775807'],
    [{ data_upload: 1.5 }, 'data_upload is no whole number of bytes from 0 to 9223372036854775807'],
    [{ data_download: '12 KB' }, 'data_download is no whole number of bytes from 0 to 9223372036854775807'],
    [{ data_download: 1e300 }, 'data_download is no whole number of bytes from 0 to 9223372036854775807'],
    [{ data_total: 1101 }, 'data_total is not the sum of data_download and data_upload'],
    [{ data_total_billed: 'much' }, 'data_total_billed is no number'],
    [{ fleet_sid: 7 }, 'fleet_sid is no text'],
    [{ period: 'November' }, 'period is no object with start_time and end_time'],
    [{ period: { start_time: '2026-11-24T05:00:00Z' } }, 'end_time is missing'],
    [
      { period: { start_time: '2026-11-24 05:00', end_time: '2026-11-24T06:00:00Z' } },
      'start_time is no ISO 8601 time with a zone, such as 2026-01-31T05:00:00Z',
    ],
    [
      { period: { start_time: '2026-11-24T05:30:00Z', end_time: '2026-11-24T06:30:00Z' } },
      'period is neither one UTC hour nor one UTC day: ask for Granularity=hour or day',
    ],
    [
      { period: { start_time: '2026-11-01T00:00:00Z', end_time: '2026-12-01T00:00:00Z' } },
      'period is neither one UTC hour nor one UTC day: ask for Granularity=hour or day',
    ],
  ])('%j', async (changes, expected) => {
    expect(await problems(`\n${JSON.stringify(page(apiRecord(), apiRecord(changes)))}`)).toEqual([
      `line 2, usage_records[1]: ${expected}`,
    ]);
  });

  it('all of a record’s problems at once, and the records beside it are read', async () => {
    const text = [
      JSON.stringify(apiRecord()),
      JSON.stringify({ period: {} }),
      'what?',
      '"{"',
      JSON.stringify([apiRecord(), 5]),
      '{"a": tru}',
      JSON.stringify({ usage_records: {} }),
      '{"sim_sid":',
    ].join('\n');

    expect(await places(text)).toEqual([
      'line 1',
      'problem: line 2: sim_sid is missing: ask the API for Group=sim, or for one Sim',
      'problem: line 2: start_time is missing',
      'problem: line 2: end_time is missing',
      'problem: line 2: data_download is missing',
      'problem: line 2: data_upload is missing',
      'problem: line 3: is no JSON object or array',
      'problem: line 4: is no JSON object or array',
      'line 5, [0]',
      'problem: line 5, [1]: is no usage record',
      'problem: line 6: the JSON that starts here is broken',
      'problem: line 7: usage_records is no array',
      'problem: line 8: the JSON that starts here never ends',
    ]);
  });

  it('in CSV: rows of another width, stray and open quotes, headers that lack or repeat a column', async () => {
    expect(await problems(`${HEADER}\n${ROW},7\n${ROW.replace('100', '1"00')}\n${ROW}\n"${ROW}`)).toEqual([
      'line 2: has 8 fields, the header 7',
      'line 3: a quote must surround a whole field, and be doubled inside it',
    ]);
    expect(await problems(`${HEADER}\n${ROW.replace('100', '1"0"0')}\n"${ROW}`)).toEqual([
      'line 2: a quote must surround a whole field, and be doubled inside it',
      'line 3: a quote in this row is never closed',
    ]);
    expect(await problems(HEADER.replaceAll(',', ';'))).toEqual([
      'line 1: a header must name the columns, separated by commas; there is none for sim_sid, start_time, end_time, data_download, data_upload',
    ]);
    expect(await problems(`${HEADER},start_time\n${ROW},x`)).toEqual(['line 1: two columns hold start_time']);
    expect(await problems(`${HEADER}\n${'x'.repeat(100_001)}\n${ROW}`)).toHaveLength(1);
  });

  it('an empty file', async () => {
    expect(await problems('')).toEqual(['line 1: the file is empty']);
    expect(await problems(' \n \n')).toEqual(['line 1: the file is empty']);
    expect(await parse(JSON.stringify(page()))).toEqual([]);
  });

  it('whatever the text, it ends without an error, and a cut elsewhere changes nothing', async () => {
    const noise = fc.stringMatching(/^[{}[\]",:\\\na1 ]{0,60}$/);
    await fc.assert(
      fc.asyncProperty(noise, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        expect(await parse(text, size)).toEqual(await parse(text, 1_000));
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { shapeBooks } from '../../../src/page/shape-books.ts';
import { inWords, judge, type Situation } from '../../../src/page/verdict.ts';
import { shapedShard, totals, workerReport } from './given-reports.ts';

const books = (changes: Parameters<typeof totals>[0] = {}) =>
  shapeBooks([workerReport('w1', { totals: totals({ read: 3, applied: 3, ...changes }) })]);

const judged = (changes: Partial<Situation> = {}) =>
  judge({
    books: books(),
    shards: [shapedShard('shardId-000000000001')],
    lag: { maxMs: 0, shardId: 'shardId-000000000001', etaMs: null },
    troubles: [],
    refusedLately: 0,
    isFleetKnown: true,
    ...changes,
  });

describe('the verdict', () => {
  it('is good when all is counted and nothing is behind', () => {
    expect(judged()).toEqual({
      level: 'good',
      headline: 'Everything that was read is counted. No shard is behind.',
      details: [],
    });
  });

  it('says how far behind the slowest shard is, and for how long', () => {
    const lag = { maxMs: 185_000, shardId: 'shardId-000000000001', etaMs: 40_000 };

    expect(judged({ lag })).toMatchObject({
      level: 'busy',
      headline: 'Catching up: shard 1 is 3 minutes behind, about 40 seconds to go.',
      details: ['Everything that was read is counted.'],
    });
  });

  it('does not claim a lag that nobody knows', () => {
    const { headline } = judged({ lag: { maxMs: null, shardId: null, etaMs: null } });

    expect(headline).toBe('Everything that was read is counted.');
  });

  it('warns of refused records only while they are news', () => {
    const refused = books({ read: 5, deadLettered: 2 });

    expect(judged({ books: refused, refusedLately: 2 }).level).toBe('warn');
    expect(judged({ books: refused, refusedLately: 0 })).toMatchObject({
      level: 'good',
      headline:
        'Everything that could be read is counted; 2 records could not, and are kept as dead letters. No shard is behind.',
    });
  });

  it('puts the worst first: books that do not balance, gaps, shards that wait for a person', () => {
    const parked = shapedShard('shardId-000000000002', { state: 'parked' });
    const free = shapedShard('shardId-000000000003', { state: 'free', owner: null });

    expect(judged({ books: books({ read: 4 }) }).headline).toContain('do not balance');
    expect(judged({ books: books({ gaps: 1 }) })).toMatchObject({ level: 'bad' });
    const { level, headline, details } = judged({ shards: [free, parked] });
    expect([level, headline]).toEqual(['bad', 'Shard 2 waits for a person: the log says why.']);
    expect(details[0]).toBe('Shard 3 has no owner yet.');
  });

  it('says of an outage that nothing is lost', () => {
    const outage = {
      level: 'bad',
      isOutage: true,
      text: 'DynamoDB has not answered for 12 s: TimeoutError.',
    } as const;

    const { level, headline, details } = judged({ troubles: [outage] });

    expect([level, headline]).toEqual(['bad', outage.text]);
    expect(details[0]).toContain('Nothing is lost or counted twice');
  });

  it('says that nothing has been read when that is so', () => {
    expect(judged({ books: shapeBooks([]) }).headline).toContain('No event has been read yet.');
  });
});

it.each([
  [900, '1 second'],
  [59_000, '59 seconds'],
  [60_000, '1 minute'],
  [7_200_000, '2 hours'],
  [172_800_000, '2 days'],
])('%d ms are %s', (ms, text) => {
  expect(inWords(ms)).toBe(text);
});

import { describe, expect, it } from '@jest/globals';
import { filterOf } from '../../../src/cli/letter-flags.ts';
import { purgeFilterOf } from '../../../src/cli/letters-purge.ts';
import { summaryLines } from '../../../src/cli/letters-redrive.ts';
import { simsOf, spanOf } from '../../../src/cli/replay-command.ts';
import { progressLine } from '../../../src/cli/replay-progress.ts';
import { replayLines } from '../../../src/cli/replay-report.ts';
import { RedriveSummary } from '../../../src/repair/redrive.ts';
import { ReplayTally } from '../../../src/repair/replay-tally.ts';
import { Tally } from '../../../src/tally.ts';

const USAGE = expect.objectContaining({ code: 'usage' });
const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const DAY_MS = 86_400_000;
const CONFIG = { dedupHorizonDays: 32 };

describe('the span of a replay', () => {
  it('ends now unless told, and begins within the memory of event ids', () => {
    expect(spanOf({ from: '2026-02-28T00:00:00Z' }, CONFIG, NOW_MS)).toEqual({
      fromMs: NOW_MS - DAY_MS,
      toMs: NOW_MS,
    });
    expect(spanOf({ from: 'TRIM_HORIZON', to: '2026-02-28T01:00:00+01:00' }, CONFIG, NOW_MS)).toEqual({
      fromMs: NOW_MS - 32 * DAY_MS,
      toMs: NOW_MS - DAY_MS,
    });
  });

  it.each([
    ['yesterday', undefined],
    ['2026-01-01T00:00:00Z', undefined],
    ['2026-02-28T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['2026-02-28T00:00:00Z', '2026-02-28T00:00:00Z'],
    ['2026-03-01T00:00:00Z', undefined],
  ])('from %s to %s is refused', (from, to) => {
    expect(() => spanOf({ from, ...(to ? { to } : {}) }, CONFIG, NOW_MS)).toThrow(USAGE);
  });

  it('is of all SIMs, or of those that are named rightly', () => {
    const sim = `HS${'0'.repeat(32)}`;

    expect([simsOf([]), simsOf([sim])]).toEqual([undefined, new Set([sim])]);
    expect(() => simsOf([sim, 'HS1'])).toThrow(USAGE);
  });
});

describe('which letters', () => {
  it('are purged must be said', () => {
    expect(purgeFilterOf({ reason: 'gap' })).toEqual({ reason: 'gap' });
    expect(purgeFilterOf({ all: true, limit: '5' })).toEqual({});
    for (const flags of [{}, { limit: '5' }, { all: true, shard: '0' }])
      expect(() => purgeFilterOf(flags)).toThrow(USAGE);
  });

  it('are meant by times must be said with a zone, the earlier first', () => {
    expect(filterOf({ from: '2026-03-01T00:00:00Z' })).toEqual({ fromMs: NOW_MS });
    expect(() => filterOf({ from: '2026-03-01' })).toThrow(USAGE);
    expect(() => filterOf({ from: '2026-03-01T00:00:00Z', to: '2026-02-01T00:00:00Z' })).toThrow(USAGE);
  });
});

describe('what is said', () => {
  it('of a redrive accounts for all letters and all their events', () => {
    const summary = new RedriveSummary();
    const good = new Tally();
    good.applied = 2;
    const bad = new Tally();
    bad.duplicate = 1;
    bad.deadLetter('unknown-verb');
    summary.add({ outcome: 'redriven', tally: good });
    summary.add({ outcome: 'still-poison', tally: bad });

    expect(summaryLines(summary, true)).toEqual([
      '2 letters: 1 redriven, 1 still poison',
      '4 events: 2 applied, 1 duplicate, 0 ignored, 1 still poison (unknown-verb 1)',
    ]);
    expect(summaryLines(summary, false)[0]).toBe('2 letters: 1 would be redriven, 1 still poison');
    expect(summaryLines(new RedriveSummary(), true)[0]).toBe('0 letters');
  });

  it('of a replay balances, or it throws', () => {
    const tally = new ReplayTally();
    tally.read = 1_235;
    tally.notAskedFor = 1_000;
    tally.outcomes.applied = 234;
    expect(() => tally.summary()).toThrow(expect.objectContaining({ code: 'invariant-broken' }));
    tally.outcomes.deadLetter('not-json');
    const change = {
      dataSessionSid: 'PI1',
      simSid: 'HS1',
      events: 2,
      totalBytes: 1_100n,
      countedBytes: 2_200n,
    };
    const lines = replayLines({
      end: 'done',
      isExecuted: false,
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-02T00:00:00.000Z',
      shards: 2,
      shardsDone: 2,
      ...tally.summary(),
      wouldChange: {
        isExact: false,
        events: 2,
        sessions: 1,
        totalBytes: 1_100n,
        countedBytes: 2_200n,
        top: [change],
      },
    });

    expect(lines).toEqual([
      'preview: 2026-03-01T00:00:00.000Z to 2026-03-02T00:00:00.000Z: 2 of 2 shards, 0 records',
      'read 1,235 = applied 234 + duplicate 0 + ignored 0 + dead-lettered 1 + not asked for 1,000',
      'dead-lettered, counted and not stored again: not-json 1',
      expect.stringContaining('not counted yet: at most 2 events of 1 session, 1,100 bytes more'),
      expect.stringMatching(/^data_session_sid +sim_sid +events +total bytes +window bytes$/),
      expect.stringMatching(/^PI1 +HS1 +2 +1,100 +2,200$/),
    ]);
  });

  it('while it runs fits one line', () => {
    const tally = new ReplayTally();
    tally.read = 1_234;

    expect(progressLine({ share: 0.5, shards: 4, shardsDone: 1, tally })).toBe(
      '[████████████░░░░░░░░░░░░]  50 %  1/4 shards · 1,234 read · 0 applied · 0 duplicates',
    );
  });
});

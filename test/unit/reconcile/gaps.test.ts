import { describe, expect, it } from '@jest/globals';
import { type Finding, findingsOf } from '../../../src/reconcile/gaps.ts';
import type { SessionRow } from '../../../src/reconcile/reader.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Date.parse('2026-11-24T12:00:00Z');
const session = (changes: Partial<SessionRow> = {}): SessionRow => ({
  data_session_sid: 'PI1',
  sim_sid: 'HS1',
  status: 'open',
  started_at: '2026-11-24T09:00:00.000Z',
  usage_through: '2026-11-24T11:00:00.000Z',
  missing_bytes: 0n,
  ...changes,
});
const kinds = (row: SessionRow, staleAfterMs = 60 * MINUTE_MS): Finding['kind'][] =>
  findingsOf(row, { nowMs: NOW_MS, staleAfterMs }).map(({ kind }) => kind);

describe('a session', () => {
  it('that is whole and reports has no finding', () => {
    expect(kinds(session())).toEqual([]);
    expect(kinds(session({ status: 'ended', usage_through: '2026-01-01T00:00:00.000Z' }))).toEqual([]);
  });

  it('that misses bytes says how many and how far it was counted', () => {
    const row = session({ status: 'ended', missing_bytes: 9007199254740993n });

    expect(findingsOf(row, { nowMs: NOW_MS, staleAfterMs: MINUTE_MS })).toEqual([
      {
        kind: 'missing-bytes',
        dataSessionSid: 'PI1',
        simSid: 'HS1',
        missingBytes: 9007199254740993n,
        usageThrough: '2026-11-24T11:00:00.000Z',
      },
    ]);
  });

  it('that is open and silent for longer than the threshold is stale, also before its first usage', () => {
    expect(kinds(session(), 60 * MINUTE_MS - 1)).toEqual(['stale-session']);
    expect(kinds(session({ usage_through: undefined }))).toEqual(['stale-session']);
    expect(kinds(session({ usage_through: undefined, started_at: '2026-11-24T11:30:00.000Z' }))).toEqual([]);
    expect(kinds(session({ usage_through: undefined, started_at: undefined }))).toEqual(['stale-session']);
  });

  it('may be both', () => {
    expect(kinds(session({ missing_bytes: 1n }), MINUTE_MS)).toEqual(['missing-bytes', 'stale-session']);
  });
});

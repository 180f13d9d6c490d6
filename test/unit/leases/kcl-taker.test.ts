/** KCL's taker as KCL answered: `taker-oracle.json` holds what Java took in 500 random states. */
import { describe, expect, it } from '@jest/globals';
import { leasesToTakeLikeKcl } from '../../../src/leases/kcl-taker.ts';
import { conformance, lease, seededRandom } from './fixtures.ts';

interface Case {
  readonly id: number;
  readonly me: string;
  readonly leaseDurationMs: number;
  readonly maxLeasesForWorker: number | null;
  readonly maxLeasesToStealAtOneTime: number;
  readonly priority: boolean;
  readonly leases: readonly { key: string; owner: string | null; ageMs: number }[];
  readonly expect: { kind: string; count?: number; victimLoad?: number; victims?: readonly string[] };
  readonly counts: Record<string, number>;
}
const { cases } = conformance<{ cases: readonly Case[] }>('taker-oracle.json');
const NOW_MS = 1e9;

const answerTo = (state: Case) =>
  leasesToTakeLikeKcl(
    state.leases.map(({ key, owner, ageMs }) => ({
      lease: lease(key, { owner: owner ?? undefined }),
      unchangedSinceMs: NOW_MS - ageMs,
      changesSeen: 0,
    })),
    {
      workerId: state.me,
      leasesMax: state.maxLeasesForWorker ?? Number.MAX_SAFE_INTEGER,
      failoverTimeMs: state.leaseDurationMs,
      stealMax: state.maxLeasesToStealAtOneTime,
      isPriorityOn: state.priority,
    },
    NOW_MS,
    seededRandom(state.id),
  );

describe('KCL 2’s taker', () => {
  it('answers as Java did in every state', () => {
    expect(cases.length).toBeGreaterThanOrEqual(500);
    for (const state of cases) {
      const { kind, take } = answerTo(state);
      expect([state.id, kind, take.length]).toEqual([state.id, state.expect.kind, state.expect.count ?? 0]);
      expect(new Set(take.map(({ leaseKey }) => leaseKey)).size).toBe(take.length);
    }
  });

  it('steals from a worker that has most', () => {
    const steals = cases.filter((state) => state.expect.kind === 'steal');
    expect(steals.length).toBeGreaterThan(100);
    for (const state of steals) {
      const victims = new Set(answerTo(state).take.map(({ owner }) => owner ?? ''));
      const most = Math.max(
        ...Object.entries(state.counts)
          .filter(([worker]) => worker !== state.me)
          .map(([, count]) => count),
      );
      expect(victims.size).toBe(1);
      for (const victim of victims) expect(state.counts[victim]).toBe(most);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { kclLeader } from '../../support/kcl-leader.ts';
import { conformance } from './fixtures.ts';

const { v2LeaderIndexByWorkerCount } = conformance<{
  v2LeaderIndexByWorkerCount: { workers: number; index: number }[];
}>('order-and-leader.json');

describe('whom Java KCL 2 elects to synchronise shards', () => {
  it('is known for fleets of 1 to 64', () => {
    expect(v2LeaderIndexByWorkerCount.length).toBeGreaterThanOrEqual(64);
    for (const { workers, index } of v2LeaderIndexByWorkerCount) {
      const ids = Array.from({ length: workers }, (_, number) => `w${String(number).padStart(3, '0')}`);
      expect([workers, kclLeader(ids)]).toEqual([workers, ids[index]]);
    }
  });

  it('may be one of ours, and Java then leaves the shards to us', () => {
    expect(kclLeader(['java-1', 'java-2', 'ours'])).toBe('ours');
  });
});

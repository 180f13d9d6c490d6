import { describe, expect, it } from '@jest/globals';
import { inOrder } from '../../../src/reconcile/in-order.ts';
import type { SessionRow, SimReader } from '../../../src/reconcile/reader.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { VendorUsage } from '../../../src/reconcile/vendor-usage.ts';
import { systemClock } from '../../../src/time.ts';

const START_MS = Date.parse('2026-11-24T00:00:00Z');
const HOUR_MS = 3_600_000;

async function* rows(sessions: readonly SessionRow[]): AsyncGenerator<SessionRow> {
  yield* sessions;
}

it('asks for one hour more on either side, and for sessions that started long before', async () => {
  const asked: unknown[] = [];
  const reader: SimReader = {
    usageOfSim: async (simSid, query) => {
      asked.push([simSid, query]);
      return [{ period: '2026-11-24T00:00:00.000Z', downloadBytes: 1n, uploadBytes: 2n }];
    },
    sessionsOfSim: (simSid, range) => {
      asked.push([simSid, range]);
      return rows([]);
    },
    openSessionsOfSim: (simSid) => {
      asked.push([simSid]);
      return rows([]);
    },
  };
  const results = [];
  for await (const periods of reconcile({
    reader,
    vendor: new VendorUsage(),
    granularity: 'hour',
    range: { startMs: START_MS, endMs: START_MS + HOUR_MS },
    simSids: ['HS1'],
    gaps: [],
    tolerance: { bytes: 0n, microPercent: 0n },
  }))
    results.push(...periods);

  expect(asked).toEqual([
    ['HS1', { from: '2026-10-20T00:00:00.000Z', to: '2026-11-24T02:00:00.000Z' }],
    ['HS1'],
    [
      'HS1',
      { from: '2026-11-23T23:00:00.000Z', to: '2026-11-24T02:00:00.000Z', by: 'hour', includeOpen: true },
    ],
  ]);
  expect(results).toMatchObject([{ differenceBytes: 3n, reason: 'extra' }]);
});

describe('tasks in order', () => {
  it('run at most so many at once, and come out as they went in', async () => {
    let running = 0;
    let most = 0;
    const task = async (n: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 4 - (n % 3); turn += 1) await systemClock.turn();
      running -= 1;
      return n;
    };
    const results: number[] = [];
    for await (const n of inOrder([...Array(20).keys()], 4, task)) results.push(n);

    expect(results).toEqual([...Array(20).keys()]);
    expect(most).toBe(4);
  });

  it('fail with the first that fails, and no rejection is left unhandled', async () => {
    const run = async (): Promise<void> => {
      const failing = inOrder([1, 2, 3], 3, async (n) => {
        if (n > 1) throw new Error(`${n}`);
        return n;
      });
      for await (const _ of failing);
    };

    await expect(run()).rejects.toThrow('2');
  });
});

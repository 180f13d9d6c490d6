import { describe, expect, it } from '@jest/globals';
import type { Trouble } from '../../../src/ops/troubles.ts';
import { findTroubles, type TroubleSources } from '../../../src/page/troubles.ts';

const NOW_MS = 100_000;
const away = (changes: Partial<Trouble> = {}): Trouble => ({
  kind: 'aws-failing',
  subject: 'DynamoDB',
  text: 'DynamoDB has not answered for 12 s: TimeoutError',
  forMs: 12_000,
  ...changes,
});
const found = (changes: Partial<TroubleSources> = {}) =>
  findTroubles({ checks: [], said: [], fleet: undefined, lags: undefined, nowMs: NOW_MS, ...changes });
const timeout = Object.assign(new Error('x'), { name: 'TimeoutError' });

describe('troubles on the page', () => {
  it('are the workers’ own words, as outages that cost only time', () => {
    expect(found({ said: [away()] })).toEqual([
      { level: 'bad', isOutage: true, text: 'DynamoDB has not answered for 12 s: TimeoutError.' },
    ]);
  });

  it('of several processes are one', () => {
    const said = [
      away({ process: '2', text: 'DynamoDB is away for 9 s', forMs: 9_000 }),
      away({ process: '1' }),
    ];

    expect(found({ said }).map(({ text }) => text)).toEqual([
      'DynamoDB has not answered for 12 s: TimeoutError (process 1, 2).',
    ]);
  });

  it('are what this page meets itself, while no worker says anything, and only when it lasts', () => {
    const failing = (sinceMs: number) => ({ error: timeout, sinceMs });

    expect(found({ fleet: failing(NOW_MS - 1_000) })).toEqual([]);
    expect(found({ fleet: failing(NOW_MS - 5_000) })[0]?.text).toMatch(/^For 5 s: AWS could not be reached/);
    expect(found({ fleet: failing(NOW_MS - 5_000), said: [away()] })).toHaveLength(1);
  });

  it('of parked shards are left to the lease table', () => {
    expect(found({ said: [away({ kind: 'shard-parked' })] })).toEqual([]);
  });

  it('say that a process or a worker does not read yet', () => {
    const checks = [
      { name: 'process-2', isOk: false, reason: 'restarting' },
      { name: 'running', isOk: false, reason: 'draining' },
      { name: 'shards', isOk: false, reason: 'parked: 1' },
    ];

    expect(found({ checks })).toEqual([
      { level: 'busy', isOutage: false, text: 'Worker process 2 does not read: restarting.' },
      { level: 'busy', isOutage: false, text: 'The worker is draining.' },
    ]);
  });
});

/** The doctor's pure judgements; the whole of it is in test/e2e/doctor.test.ts. */
import { describe, expect, it } from '@jest/globals';
import { checkLag } from '../../../src/doctor/check-lags.ts';
import { checkOwners } from '../../../src/doctor/check-leases.ts';
import { checkNode } from '../../../src/doctor/node-support.ts';
import { refusalOf } from '../../../src/doctor/refusals.ts';
import { ServerClock } from '../../../src/doctor/server-clock.ts';
import type { ShardLag } from '../../../src/fleet/shard-lags.ts';
import type { LeaseReport, LeaseState } from '../../../src/leases/index.ts';
import { systemClock } from '../../../src/time.ts';
import { lease } from '../leases/fixtures.ts';

const TODAY = '2026-11-28';
const HOUR_MS = 3_600_000;

describe('the Node check', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.3', 'fail'],
    ['20.19.0', 'warn'],
    ['22.1.0', 'ok'],
    ['25.0.0', 'warn'],
    ['26.3.0', 'ok'],
    ['31.0.0', 'ok'],
  ])('%s is %s', (version, status) => {
    expect(checkNode(version, TODAY).status).toBe(status);
  });
});

describe('the owners check', () => {
  const report = (state: LeaseState, owner: string | undefined): LeaseReport => ({
    leaseKey: `${state}-${owner}`,
    state,
    lease: lease(state, owner === undefined ? {} : { owner }),
    reason: undefined,
    stillForMs: undefined,
  });

  it.each([
    ['every shard is read', [report('running', 'a'), report('running', 'b')], 'ok'],
    ['no worker runs', [report('expired', 'a'), report('free', undefined)], 'warn'],
    ['nobody takes what a dead worker held', [report('running', 'a'), report('expired', 'b')], 'fail'],
    ['nobody takes what is free', [report('running', 'a'), report('free', undefined)], 'fail'],
    ['children wait for their parents', [report('running', 'a'), report('waiting', undefined)], 'ok'],
    ['all is finished', [report('finished', undefined)], 'skipped'],
  ] as const)('when %s', (_, reports, status) => {
    expect(checkOwners(reports).status).toBe(status);
  });
});

describe('the lag check', () => {
  const retentionMs = 24 * HOUR_MS;
  it.each([
    [0, undefined],
    ['throttled', undefined],
    ['untold', undefined],
    [300_000, undefined],
    [300_001, 'warn'],
    [13 * HOUR_MS, 'fail'],
    ['refused', 'fail'],
    ['gone', 'fail'],
  ] as const)('a lag of %p is %p', (lag: ShardLag, status) => {
    expect(checkLag({ lease: { leaseKey: 'shardId-1' }, lag, retentionMs })?.status).toBe(status);
  });
});

describe('a refusal', () => {
  const named = (name: string, more: object = {}): Error => Object.assign(new Error(name), { name, ...more });
  it.each([
    [named('ConditionalCheckFailedException'), 'allowed'],
    [
      named('TransactionCanceledException', {
        CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
      }),
      'allowed',
    ],
    [
      named('TransactionCanceledException', {
        CancellationReasons: [{ Code: 'AccessDenied' }, { Code: 'None' }],
      }),
      'denied',
    ],
    [named('AccessDeniedException'), 'denied'],
    [named('KMSAccessDeniedException'), 'key-denied'],
    [named('ExpiredTokenException'), 'invalid-credentials'],
    [named('Error', { code: 'ECONNREFUSED' }), 'unreachable'],
    [named('ValidationException'), 'other'],
  ])('%s is %s', (error, refusal) => {
    expect(refusalOf(error)).toBe(refusal);
  });
});

describe('the clock check', () => {
  const NOW_MS = 1_800_000_000_000;
  async function checkAfter(dates: readonly (string | undefined)[]) {
    const clock = new ServerClock({ ...systemClock, wallMs: () => NOW_MS, monotonicMs: () => 0 });
    let hear: (next: () => Promise<unknown>) => (args: unknown) => Promise<unknown> = () => () =>
      Promise.resolve();
    clock.listenTo({
      middlewareStack: {
        add: (middleware) => {
          hear = middleware as typeof hear;
        },
      },
    });
    for (const date of dates) await hear(() => Promise.resolve({ response: { headers: { date } } }))({});
    return clock.check();
  }
  const at = (ms: number): string => new Date(NOW_MS + ms).toUTCString();

  it.each([
    [0, 'ok'],
    [4_000, 'ok'],
    [-60_000, 'warn'],
    [299_000, 'warn'],
    [302_000, 'fail'],
    [-600_000, 'fail'],
  ])('when AWS is %d ms ahead is %s', async (ms, status) => {
    expect((await checkAfter([at(ms)])).status).toBe(status);
  });

  it('is skipped when no answer tells a time', async () => {
    expect((await checkAfter([undefined, 'soon'])).status).toBe('skipped');
  });
});

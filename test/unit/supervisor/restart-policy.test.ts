import { describe, expect, it } from '@jest/globals';
import {
  type Circumstances,
  DRAIN_RESTARTS_MAX,
  decide,
  type ProcessExit,
  RUNS_WELL_AFTER_MS,
  restartDelayMs,
} from '../../../src/supervisor/restart-policy.ts';

const CODES = { final: [2, 3], aws: [6], failed: 1 };
const CRASH: ProcessExit = { code: 1, signal: null, end: undefined, hasStarted: true, uptimeMs: 5_000 };
const CALM: Circumstances = {
  isStopping: false,
  isDraining: false,
  isAnotherReading: false,
  restartsInARow: 0,
};
const verdict = (exit: Partial<ProcessExit>, about: Partial<Circumstances> = {}) =>
  decide({ ...CRASH, ...exit }, { ...CALM, ...about }, CODES);
const RESTART = { kind: 'restart', restartsInARow: 1 };

describe('a process that ends unasked', () => {
  it.each([
    ['by a fatal error', {}],
    ['by kill -9 or for want of memory', { code: null, signal: 'SIGKILL' }],
    ['by a fatal error before it read', { hasStarted: false }],
    ['with an error of configuration, after it had read', { code: 3 }],
    ['in good order, by a signal to it alone', { code: 0, end: 'stopped' as const }],
    ['without having been made at all', { code: null, hasStarted: false }],
  ])('%s is started again', (_, exit) => {
    expect(verdict(exit)).toEqual(RESTART);
  });

  it('counts its restarts in a row, and anew once it has run well', () => {
    expect(verdict({}, { restartsInARow: 6 })).toMatchObject({ restartsInARow: 7 });
    expect(verdict({ uptimeMs: RUNS_WELL_AFTER_MS - 1 }, { restartsInARow: 6 })).toMatchObject({
      restartsInARow: 7,
    });
    expect(verdict({ uptimeMs: RUNS_WELL_AFTER_MS }, { restartsInARow: 6 })).toEqual(RESTART);
  });
});

describe('a start that is refused', () => {
  it.each([2, 3, 6])('ends the run with its exit code %i', (code) => {
    expect(verdict({ code, hasStarted: false })).toEqual({ kind: 'give-up', exitCode: code });
  });

  it('by wrong settings ends it even while others read, for all would meet the same', () => {
    expect(verdict({ code: 3, hasStarted: false }, { isAnotherReading: true }).kind).toBe('give-up');
  });

  it('by AWS while others read is repeated: they would not read, were it for good', () => {
    expect(verdict({ code: 6, hasStarted: false }, { isAnotherReading: true })).toEqual(RESTART);
  });
});

describe('a run that was told to stop', () => {
  it('has finished when its processes have, and failed when one was killed', () => {
    const about = { isStopping: true };

    expect(verdict({ code: 0, end: 'stopped' }, about)).toEqual({ kind: 'finished', exitCode: 0 });
    expect(verdict({ code: 6 }, about)).toEqual({ kind: 'finished', exitCode: 6 });
    expect(verdict({ code: null, signal: 'SIGKILL' }, about)).toEqual({ kind: 'finished', exitCode: 1 });
  });
});

describe('a drain', () => {
  const about = { isDraining: true };

  it('has finished where a process drained or met a parked shard', () => {
    expect(verdict({ code: 0, end: 'drained' }, about)).toEqual({ kind: 'finished', exitCode: 0 });
    expect(verdict({ code: 1, end: 'parked' }, about)).toEqual({ kind: 'finished', exitCode: 1 });
  });

  it(`starts a crashed process again, but only ${DRAIN_RESTARTS_MAX} times in a row`, () => {
    expect(verdict({}, { ...about, restartsInARow: DRAIN_RESTARTS_MAX - 1 }).kind).toBe('restart');
    expect(verdict({}, { ...about, restartsInARow: DRAIN_RESTARTS_MAX })).toEqual({
      kind: 'give-up',
      exitCode: 1,
    });
    expect(
      verdict({ uptimeMs: RUNS_WELL_AFTER_MS }, { ...about, restartsInARow: DRAIN_RESTARTS_MAX }).kind,
    ).toBe('restart');
  });
});

describe('the delay before a restart', () => {
  const between = (restartsInARow: number): number[] =>
    [0, 0.999_999].map((next) =>
      Math.round(restartDelayMs(restartsInARow, { next: () => next, bytes: () => new Uint8Array() })),
    );

  it('doubles up to 30 s, and varies between a half and the whole', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 1_000].map(between)).toEqual([
      [500, 1_000],
      [1_000, 2_000],
      [2_000, 4_000],
      [4_000, 8_000],
      [8_000, 16_000],
      [15_000, 30_000],
      [15_000, 30_000],
      [15_000, 30_000],
    ]);
  });
});

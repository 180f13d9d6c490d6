import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/leases/lease.ts';
import { replacementOf, type TableRow } from '../../../src/leases/lease-admin.ts';
import { reportLeases } from '../../../src/leases/lease-report.ts';
import { lease } from './fixtures.ts';

const FAILOVER_MS = 10_000;
const rowsOf = (...leases: (Lease | { leaseKey: string; reason: string })[]): TableRow[] =>
  leases.map((row) => ({ item: {}, row }));
const range = (start: string) => ({ startingHashKey: start, endingHashKey: '999' });
const statesOf = (rows: TableRow[], before?: TableRow[], elapsedMs = 4_000) =>
  Object.fromEntries(
    reportLeases(rows, FAILOVER_MS, before && { rows: before, elapsedMs }).map(({ leaseKey, state }) => [
      leaseKey,
      state,
    ]),
  );

describe('the state of a lease', () => {
  it('tells free, finished, unreadable, and a child whose parent is not finished', () => {
    const rows = rowsOf(
      lease('free'),
      lease('done', { checkpoint: 'SHARD_END', owner: 'a' }),
      lease('child of free', { parentShardIds: ['free'] }),
      lease('child of done', { parentShardIds: ['done'] }),
      lease('child of broken', { parentShardIds: ['broken'] }),
      { leaseKey: 'broken', reason: 'so' },
    );

    expect(statesOf(rows)).toEqual({
      free: 'free',
      done: 'finished',
      'child of free': 'waiting',
      'child of done': 'free',
      'child of broken': 'waiting',
      broken: 'unreadable',
    });
  });

  it('after one look says nothing of an owner’s life', () => {
    const [report] = reportLeases(rowsOf(lease('s', { owner: 'a' })), FAILOVER_MS);

    expect(report).toMatchObject({ state: 'held', stillForMs: undefined });
  });

  it('is running when the counter moved, the owner changed, or the lease is new', () => {
    const before = rowsOf(lease('moved', { owner: 'a', counter: 1 }), lease('other', { owner: 'a' }));
    const now = rowsOf(
      lease('moved', { owner: 'a', counter: 2 }),
      lease('other', { owner: 'b' }),
      lease('new', { owner: 'a' }),
    );

    expect(statesOf(now, before)).toEqual({ moved: 'running', other: 'running', new: 'running' });
  });

  it('is a question when the counter stood still, and an answer after the failover time', () => {
    const rows = rowsOf(lease('s', { owner: 'a', counter: 1 }));

    expect(statesOf(rows, rows, FAILOVER_MS - 1)).toEqual({ s: 'expired?' });
    expect(statesOf(rows, rows, FAILOVER_MS)).toEqual({ s: 'expired' });
    expect(reportLeases(rows, FAILOVER_MS, { rows, elapsedMs: 7 })[0]?.stillForMs).toBe(7);
  });
});

it('leases stand in the order of hash ranges as numbers, parents before children, others last', () => {
  const rows = rowsOf(
    { leaseKey: 'a-broken', reason: 'so' },
    lease('s3', { hashRange: range('100') }),
    lease('s2', { hashRange: range('20') }),
    lease('s1', { hashRange: range('20') }),
    lease('a-rangeless'),
  );

  expect(reportLeases(rows, FAILOVER_MS).map(({ leaseKey }) => leaseKey)).toEqual([
    's1',
    's2',
    's3',
    'a-broken',
    'a-rangeless',
  ]);
});

describe('what replaces a row', () => {
  const item = { leaseKey: { S: 'k' }, leaseCounter: { N: '3' }, leaseOwner: { S: 'a' }, x: { S: 'kept' } };

  it.each([
    ['7', '8'],
    ['2', '4'],
  ])('is nobody’s, and its counter is above both: %s', (current, expected) => {
    expect(replacementOf(item, { leaseKey: { S: 'k' }, leaseCounter: { N: current } })).toEqual({
      leaseKey: { S: 'k' },
      leaseCounter: { N: expected },
      x: { S: 'kept' },
    });
  });

  it('is a row that is no lease as it is', () => {
    const foreign = { leaseKey: { S: 'k' }, entityType: { S: 'X' } };

    expect(replacementOf(foreign, item)).toBe(foreign);
  });
});

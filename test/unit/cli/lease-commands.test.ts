import { describe, expect, it } from '@jest/globals';
import { parseTarget, warningsOf } from '../../../src/cli/leases-reset.ts';
import { planImport } from '../../../src/cli/leases-transfer.ts';
import { findLease, watchMsOf } from '../../../src/cli/open-leases.ts';
import { readConfig } from '../../../src/config.ts';
import { shortShardId, unreadFrom } from '../../../src/fleet/lease-place.ts';
import { type TableItem, understand } from '../../../src/leases/index.ts';
import { lagOf } from '../../../src/source/look-at-shard.ts';
import { at, lease } from '../leases/fixtures.ts';

const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const DAY_MS = 86_400_000;
const { config } = readConfig({});

describe('a target of reset', () => {
  it.each([
    ['TRIM_HORIZON', { checkpoint: 'TRIM_HORIZON' }],
    ['LATEST', { checkpoint: 'LATEST', startTimestampMs: NOW_MS - 5_000 }],
    ['2026-02-01T00:00:00Z', { checkpoint: 'AT_TIMESTAMP', startTimestampMs: NOW_MS - 28 * DAY_MS }],
    ['12345', { checkpoint: at('12345') }],
    ['12345/6', { checkpoint: at('12345', 6) }],
  ])('%s is read', (text, move) => {
    expect(parseTarget(text, NOW_MS)).toEqual(move);
  });

  it.each([
    'SHARD_END',
    'AT_TIMESTAMP',
    '2026-02-30T00:00:00Z',
    '2026-02-01',
    '2026-03-01T00:00:01Z',
    '012',
    '-1',
    '1/',
    '1/x',
    '',
  ])('%s is refused', (text) => {
    expect(() => parseTarget(text, NOW_MS)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('what reset warns of', () => {
  const warned = (...args: Parameters<typeof warningsOf>): string => warningsOf(...args).join('\n');
  const back = { checkpoint: 'TRIM_HORIZON' } as const;
  const running = lease('s', { checkpoint: at('100') });

  it('is nothing when it goes back within what deduplication remembers', () => {
    expect(warned(running, back, NOW_MS - 31 * DAY_MS, NOW_MS, 32)).toBe('');
    expect(warned(running, { checkpoint: at('99', 7) }, undefined, NOW_MS, 32)).toBe('');
  });

  it('is the horizon of deduplication, when older records will be read', () => {
    expect(warned(running, back, NOW_MS - 33 * DAY_MS, NOW_MS, 32)).toContain('older than 32 days');
  });

  it('is what will never be read, when it goes forward', () => {
    expect(warned(running, { checkpoint: at('101') }, undefined, NOW_MS, 32)).toContain('never be read');
    expect(warned(running, { checkpoint: 'LATEST' }, undefined, NOW_MS, 32)).toContain('never be read');
  });

  it('is the children, when a finished shard is opened again', () => {
    const finished = lease('s', { checkpoint: 'SHARD_END', childShardIds: ['c1', 'c2'] });

    expect(warned(finished, back, undefined, NOW_MS, 32)).toContain('c1, c2');
  });
});

describe('a shard by name', () => {
  const item = (leaseKey: string, more: TableItem = {}): TableItem => ({
    leaseKey: { S: leaseKey },
    leaseCounter: { N: '0' },
    checkpoint: { S: 'TRIM_HORIZON' },
    ...more,
  });
  const inStream = (stream: string): TableItem =>
    item(`${stream}:shardId-000000000003`, {
      streamName: { S: stream },
      shardId: { S: 'shardId-000000000003' },
    });
  const rows = [
    item('shardId-000000000012'),
    { leaseKey: { S: 'foreign' } },
    inStream('1:a:1'),
    inStream('1:b:1'),
  ].map(understand);
  const find = (name: string): string => findLease(rows, name, 'table').leaseKey;

  it('is found by key, id or number', () => {
    expect(['shardId-000000000012', '12', '1:a:1:shardId-000000000003'].map(find)).toEqual([
      'shardId-000000000012',
      'shardId-000000000012',
      '1:a:1:shardId-000000000003',
    ]);
    expect(['shardId-000000000000', 'other'].map(shortShardId)).toEqual(['0', 'other']);
  });

  it.each([
    ['2', 'not-found'],
    ['foreign', 'not-found'],
    ['3', 'usage'],
  ])('%s is refused: %s', (name, code) => {
    expect(() => find(name)).toThrow(expect.objectContaining({ code }));
  });
});

describe('an import', () => {
  const row = (key: string, counter: string): TableItem => ({
    leaseKey: { S: key },
    leaseCounter: { N: counter },
  });

  it('creates what is missing, leaves what is the same, and replaces the rest', () => {
    const current = [row('same', '1'), row('other', '1'), row('not in the file', '1')];

    expect(
      planImport([row('new', '1'), row('same', '1'), row('other', '2')], current.map(understand)),
    ).toEqual({
      create: [row('new', '1')],
      same: [row('same', '1')],
      replace: [{ item: row('other', '2'), current: row('other', '1') }],
    });
  });
});

describe('lag', () => {
  it('is the age of the next unread record; without one what Kinesis says; unknown is not 0', () => {
    const read = { kind: 'read', arrivedAtMs: undefined, millisBehindLatest: undefined } as const;

    expect(lagOf({ ...read, arrivedAtMs: NOW_MS - 7, millisBehindLatest: 3 }, NOW_MS)).toBe(7);
    expect(lagOf({ ...read, arrivedAtMs: NOW_MS + 7 }, NOW_MS)).toBe(0);
    expect(lagOf({ ...read, millisBehindLatest: 3 }, NOW_MS)).toBe(3);
    expect(lagOf(read, NOW_MS)).toBeUndefined();
    expect(lagOf({ kind: 'throttled' }, NOW_MS)).toBeUndefined();
  });

  it.each([
    [{ checkpoint: 'SHARD_END' }, undefined],
    [{ checkpoint: 'TRIM_HORIZON' }, 'TRIM_HORIZON'],
    [{ checkpoint: at('5', 2) }, { afterSequenceNumber: '5' }],
    [{ checkpoint: 'LATEST' }, undefined],
    [{ checkpoint: 'LATEST', ours: { startTimestampMs: 5 } }, { timestampMs: 5 }],
  ] as const)('of %j is looked up from %j', (changes, position) => {
    expect(unreadFrom(lease('s', changes))).toEqual(position);
  });
});

describe('--watch-ms', () => {
  it('is a bit over a renewal interval unless given', () => {
    expect([watchMsOf(undefined, config), watchMsOf('250', config)]).toEqual([4_000, 250]);
  });

  it.each(['0', '-1', '1.5', 'x', '', '600001'])('%s is refused', (text) => {
    expect(() => watchMsOf(text, config)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

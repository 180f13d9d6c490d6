import { describe, expect, it } from '@jest/globals';
import type { InitialPosition, ShardDescription } from '../../../src/leases/lease.ts';
import { blockedLeaseKeys, leasesToCreate } from '../../../src/leases/lineage.ts';
import { conformance, lease, shard } from './fixtures.ts';

interface GraphShard extends ShardDescription {
  parentShardId: string | null;
  adjacentParentShardId: string | null;
}
interface Case {
  name: string;
  graph: string;
  currentLeases: string[];
  initialPosition: InitialPosition;
  expectedNewLeases: Record<string, string>;
}
const data = conformance<{ graphs: Record<string, GraphShard[]>; cases: Case[] }>('shard-sync.json');

const listed = (graph: string): ShardDescription[] =>
  (data.graphs[graph] ?? []).map((each) => ({
    ...each,
    parentShardIds: [each.parentShardId, each.adjacentParentShardId].filter((id) => id !== null),
    endingSequenceNumber: each.endingSequenceNumber ?? undefined,
  }));

const create = (
  shards: readonly ShardDescription[],
  changes: Partial<Parameters<typeof leasesToCreate>[0]> = {},
): Record<string, string> => {
  const stream = { streamId: undefined, createdAtMs: undefined };
  const input = {
    stream,
    leases: [],
    unreadableKeys: new Set<string>(),
    initialPosition: 'TRIM_HORIZON',
  } as const;
  const created = leasesToCreate({ shards, ...input, ...changes });
  return Object.fromEntries(created.map(({ leaseKey, checkpoint }) => [leaseKey, checkpoint]));
};

describe('the leases to create', () => {
  it.each(data.cases)(
    'as Java KCL: $name',
    ({ graph, currentLeases, initialPosition, expectedNewLeases }) => {
      const leases = currentLeases.map((key) => lease(key));

      expect(create(listed(graph), { leases, initialPosition })).toEqual(expectedNewLeases);
    },
  );

  const closed = { endingSequenceNumber: '9' };
  const split = [
    shard('parent', closed),
    shard('left', { parentShardIds: ['parent'], startingSequenceNumber: '10' }),
    shard('right', { parentShardIds: ['parent'], startingSequenceNumber: '10' }),
  ];

  it('an empty table from TRIM_HORIZON: the oldest shards, from which children follow', () => {
    expect(create(split)).toEqual({ parent: 'TRIM_HORIZON' });
  });

  it('an empty table from LATEST: only open shards', () => {
    expect(create(split, { initialPosition: 'LATEST' })).toEqual({ left: 'LATEST', right: 'LATEST' });
  });

  it('a child missing although its parent is finished is made at TRIM_HORIZON', () => {
    const leases = [lease('parent', { checkpoint: 'SHARD_END' }), lease('left')];

    expect(create(split, { leases, initialPosition: 'LATEST' })).toEqual({ right: 'TRIM_HORIZON' });
  });

  it('a row that cannot be read is never made again, and its children wait', () => {
    expect(create(split, { unreadableKeys: new Set(['parent']) })).toEqual({});
  });

  it('a child listed while its parent still looks open waits for the next list', () => {
    const torn = [shard('parent'), shard('left', { parentShardIds: ['parent'] })];

    expect(create(torn, { initialPosition: 'LATEST' })).toEqual({ parent: 'LATEST' });
  });

  it('parents come before children, by sequence number as an integer', () => {
    const shards = [
      shard('b', { startingSequenceNumber: '10' }),
      shard('a', { startingSequenceNumber: '9' }),
    ];

    expect(Object.keys(create(shards))).toEqual(['a', 'b']);
  });

  it('a row keeps the hash range and the parents', () => {
    const [made] = leasesToCreate({
      stream: { streamId: undefined, createdAtMs: undefined },
      shards: [shard('s', { parentShardIds: ['gone'], endingHashKey: '7' })],
      leases: [],
      unreadableKeys: new Set(),
      initialPosition: 'LATEST',
    });

    expect(made).toEqual({
      leaseKey: 's',
      shardId: 's',
      checkpoint: 'LATEST',
      parentShardIds: ['gone'],
      hashRange: { startingHashKey: '0', endingHashKey: '7' },
    });
  });
});

describe('waiting for parents', () => {
  const child = lease('child', { parentShardIds: ['a', 'b'] });
  const done = { checkpoint: 'SHARD_END' } as const;

  it('a child of a merge waits for both parents', () => {
    expect([...blockedLeaseKeys([lease('a', done), lease('b'), child], new Set())]).toEqual(['child']);
    expect([...blockedLeaseKeys([lease('a', done), lease('b', done), child], new Set())]).toEqual([]);
  });

  it('a parent without a lease does not block', () => {
    expect([...blockedLeaseKeys([child], new Set())]).toEqual([]);
  });

  it('a parent whose row cannot be read blocks', () => {
    expect([...blockedLeaseKeys([child], new Set(['b']))]).toEqual(['child']);
  });
});

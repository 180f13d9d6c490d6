/** The read log judges the fleet tests: here it meets logs whose faults are known. */
import { describe, expect, it } from '@jest/globals';
import { type LoggedCall, ReadLog } from '../../support/read-log.ts';

const call = (
  caller: string,
  operation: string,
  startedAtMs: number,
  request: object,
  response: object,
  changes: Partial<LoggedCall> = {},
): LoggedCall => ({
  caller,
  operation,
  startedAtMs,
  endedAtMs: startedAtMs + 10,
  status: 200,
  isAnswered: true,
  request: { ...request },
  response: { ...response },
  ...changes,
});

/** One worker's stay on a shard: its iterator at `fromMs`, then a page every 100 ms. */
function stay(
  worker: string,
  shardId: string,
  fromMs: number,
  pages: readonly (readonly number[])[],
  { at, end = false }: { at?: number; end?: boolean } = {},
): LoggedCall[] {
  const iterator = (page: number): string => `${worker} ${shardId} ${fromMs} ${page}`;
  const place =
    at === undefined
      ? { ShardIteratorType: 'TRIM_HORIZON' }
      : { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: String(at) };
  return [
    call(worker, 'GetShardIterator', fromMs, { ShardId: shardId, ...place }, { ShardIterator: iterator(0) }),
    ...pages.map((numbers, page) =>
      call(
        worker,
        'GetRecords',
        fromMs + 20 + 100 * page,
        { ShardIterator: iterator(page) },
        {
          Records: numbers.map((number) => ({ SequenceNumber: String(number) })),
          ...(end && page === pages.length - 1 ? {} : { NextShardIterator: iterator(page + 1) }),
        },
      ),
    ),
  ];
}

describe('the read log', () => {
  it('measures the silence from the last answer to the next reader’s first question', () => {
    const log = new ReadLog([
      ...stay('a', 's0', 0, [[1], []]),
      ...stay('b', 's0', 1_000, [[1, 2]], { at: 1 }),
    ]);

    expect(log.silences()).toEqual([
      { shardId: 's0', from: 'a', to: 'b', fromMs: 130, toMs: 1_020, ms: 890 },
    ]);
    // Within a stay it is a pause.
    expect(log.pausesMs()).toEqual([90]);
  });

  it('counts a call that was not answered as no read', () => {
    const cut = { isAnswered: false, endedAtMs: 900 };
    const log = new ReadLog([
      ...stay('a', 's0', 0, [[1]]),
      call('a', 'GetRecords', 500, { ShardIterator: 'a s0 0 1' }, {}, cut),
      ...stay('b', 's0', 1_000, [[2]]),
    ]);

    expect(log.silences()).toMatchObject([{ fromMs: 30 }]);
  });

  it('tells a record given twice from the checkpointed one, and from a page left unread', () => {
    const log = new ReadLog([
      ...stay('a', 's0', 0, [[1, 2], [3], []]),
      ...stay('b', 's0', 1_000, [[2, 3], [4]], { at: 2 }),
      ...stay('c', 's0', 2_000, [[3, 4]], { at: 4 }),
    ]);

    const seen = log
      .redeliveries()
      .map(({ sequenceNumber, to, isCheckpoint, isLastPage }) => [
        sequenceNumber,
        to,
        isCheckpoint,
        isLastPage,
      ]);
    expect(seen).toEqual([
      ['2', 'b', true, false],
      ['3', 'b', false, true],
      ['3', 'c', false, false],
      ['4', 'c', true, true],
    ]);
    expect(log.recordCount).toBe(4);
  });

  it('finds a child that was read before the end of one of its parents', () => {
    const shards = [
      { ShardId: 's0', HashKeyRange: undefined, SequenceNumberRange: undefined },
      { ShardId: 's1', HashKeyRange: undefined, SequenceNumberRange: undefined },
      {
        ShardId: 's2',
        ParentShardId: 's0',
        AdjacentParentShardId: 's1',
        HashKeyRange: undefined,
        SequenceNumberRange: undefined,
      },
    ];
    const parents = [
      ...stay('a', 's0', 0, [[1]], { end: true }),
      ...stay('b', 's1', 0, [[2], [3], [4]], { end: true }),
    ];

    const early = new ReadLog([...parents, ...stay('a', 's2', 100, [[5]])]);
    const late = new ReadLog([...parents, ...stay('a', 's2', 500, [[5]])]);

    expect(early.childrenBeforeParents(shards)).toEqual(['s2 before the end of s1']);
    expect(late.childrenBeforeParents(shards)).toEqual([]);
  });
});

/** A checker that cannot fail is worth nothing: each order that must not be is written by hand, and found. */
import { describe, expect, it } from '@jest/globals';
import { packPrivateState } from '../../../src/store/private-state.ts';
import { type AppliedCall, ApplyLog, eventKey, letterKey } from '../../support/apply-log.ts';
import { checkApplyOrder, type StreamedRecord } from '../../support/apply-order.ts';

const SHARD = 'shardId-0';
const FAILOVER_TIME_MS = 3_000;
const TABLES = { leases: 'leases', sessions: 'sessions', deadLetters: 'letters' };
const EVENT = 'ab'.repeat(16);

interface Row {
  readonly owner?: string;
  readonly counter: number;
  readonly checkpoint?: string;
  readonly sub?: number;
}

const attributes = ({ owner, counter, checkpoint = 'TRIM_HORIZON', sub = 0 }: Row) => ({
  leaseKey: { S: SHARD },
  ...(owner === undefined ? {} : { leaseOwner: { S: owner } }),
  leaseCounter: { N: String(counter) },
  checkpoint: { S: checkpoint },
  checkpointSubSequenceNumber: { N: String(sub) },
});

/** A write's effect lies within [`atMs`, `atMs + 10`] unless told otherwise. */
const call = (caller: string, atMs: number, changes: Partial<AppliedCall>): AppliedCall => ({
  caller,
  operation: 'UpdateItem',
  sentAtMs: atMs,
  appliedByMs: atMs + 10,
  status: 200,
  request: {},
  response: {},
  ...changes,
});

const created = (atMs = 0): AppliedCall =>
  call('a', atMs, {
    operation: 'PutItem',
    request: { TableName: 'leases', Item: attributes({ counter: 0 }) },
  });
const wrote = (caller: string, atMs: number, row: Row, changes: Partial<AppliedCall> = {}): AppliedCall =>
  call(caller, atMs, {
    request: {
      TableName: 'leases',
      Key: { leaseKey: { S: SHARD } },
      UpdateExpression: 'SET leaseCounter = :l',
    },
    response: { Attributes: attributes(row) },
    ...changes,
  });
const stored = (atMs: number, changes: Partial<AppliedCall> = {}): AppliedCall => {
  const state = {
    memory: { ring: [EVENT as never], hasPages: false },
    stamps: {},
    isSeenFromStart: false,
    download: {},
    upload: {},
  };
  const dedup = Buffer.from(packPrivateState(state)).toString('base64');
  const Item = { data_session_sid: { S: 'PI1' }, dedup: { B: dedup } };
  return call('a', atMs, { operation: 'PutItem', request: { TableName: 'sessions', Item }, ...changes });
};
const buried = (atMs: number, recordId: string): AppliedCall =>
  call('a', atMs, {
    operation: 'PutItem',
    request: { TableName: 'letters', Item: { shard_id: { S: SHARD }, record_id: { S: recordId } } },
  });

const record = (sequenceNumber: string, ...keys: string[]): StreamedRecord => ({
  sequenceNumber,
  effects: keys.map((key, subSequenceNumber) => ({ subSequenceNumber, key })),
});

/** "I4" and what, of each violation. */
function violationsOf(calls: readonly AppliedCall[], records: readonly StreamedRecord[] = []): string[] {
  const log = new ApplyLog(TABLES);
  for (const each of calls) log.append(each);
  return checkApplyOrder({ log, records: new Map([[SHARD, records]]), failoverTimeMs: FAILOVER_TIME_MS }).map(
    ({ invariant, what }) => `${invariant} ${what}`,
  );
}

const OWNED = [created(), wrote('a', 20, { owner: 'a', counter: 1 })];

describe('a lawful life of a lease', () => {
  it('is no violation: taken, moved, released, handed over, expired, finished, removed', () => {
    const calls = [
      ...OWNED,
      stored(40),
      buried(60, '9#0'),
      wrote('a', 80, { owner: 'a', counter: 2, checkpoint: '9' }),
      wrote('a', 100, { counter: 3, checkpoint: '9' }),
      wrote('b', 120, { owner: 'b', counter: 4, checkpoint: '9' }),
      wrote('b', 140, { owner: 'c', counter: 5, checkpoint: '9' }),
      wrote('c', 160, { owner: 'c', counter: 6, checkpoint: '10' }),
      wrote('d', 3_200, { owner: 'd', counter: 7, checkpoint: '10' }),
      wrote('d', 3_300, { owner: 'd', counter: 8, checkpoint: 'SHARD_END' }),
      call('d', 3_400, {
        operation: 'DeleteItem',
        request: { TableName: 'leases', Key: { leaseKey: { S: SHARD } } },
      }),
    ];

    expect(
      violationsOf(calls, [record('8', eventKey('PI1', EVENT)), record('9', letterKey(SHARD, '9#0'))]),
    ).toEqual([]);
  });

  it('may be written down in another order than it was done', () => {
    const calls = [
      ...OWNED,
      wrote('a', 40, { owner: 'a', counter: 2, checkpoint: '5' }),
      wrote('a', 60, { owner: 'a', counter: 3, checkpoint: '6' }),
    ];

    expect(violationsOf([...calls].reverse())).toEqual([]);
  });

  it('may be asked for by others, and refused writes change nothing', () => {
    const asked = call('b', 50, {
      request: {
        TableName: 'leases',
        Key: { leaseKey: { S: SHARD } },
        UpdateExpression: 'SET handOffTo = :by',
      },
    });
    const refused = wrote('b', 60, { owner: 'b', counter: 2, checkpoint: '1' }, { status: 400 });

    expect(violationsOf([...OWNED, asked, refused])).toEqual([]);
  });
});

describe('I3: a checkpoint before the effects it covers', () => {
  const records = [record('5', eventKey('PI1', EVENT))];
  const checkpointed = wrote('a', 100, { owner: 'a', counter: 2, checkpoint: '5' });

  it('is found when the event was stored later', () => {
    expect(violationsOf([...OWNED, checkpointed, stored(120)], records)).toEqual([
      `I3 a checkpointed 5/0, but event PI1 ${EVENT} of 5 came 10 ms later`,
    ]);
  });

  it('is found when the event was never stored, or refused', () => {
    expect(violationsOf([...OWNED, stored(50, { status: 400 }), checkpointed], records)).toEqual([
      `I3 a checkpointed 5/0, but event PI1 ${EVENT} of 5 is nowhere`,
    ]);
  });

  it('is found when a dead letter came later', () => {
    expect(
      violationsOf([...OWNED, checkpointed, buried(200, '5#0')], [record('5', letterKey(SHARD, '5#0'))]),
    ).toHaveLength(1);
  });

  it('is found at a shard’s end', () => {
    expect(
      violationsOf([...OWNED, wrote('a', 100, { owner: 'a', counter: 2, checkpoint: 'SHARD_END' })], records),
    ).toHaveLength(1);
  });

  it('is none when the two overlap: who was first cannot be known', () => {
    expect(violationsOf([...OWNED, checkpointed, stored(105)], records)).toEqual([]);
  });

  it('is none for records after the checkpoint, nor for parts of an aggregate after it', () => {
    const later = [record('5', eventKey('PI1', EVENT), 'event PI2 later'), record('6', 'event PI3 later')];
    const half = wrote('a', 100, { owner: 'a', counter: 2, checkpoint: '5', sub: 0 });
    const whole = wrote('a', 200, { owner: 'a', counter: 3, checkpoint: '5', sub: 1 });

    expect(violationsOf([...OWNED, stored(50), half], later)).toEqual([]);
    expect(violationsOf([...OWNED, stored(50), half, whole], later)).toEqual([
      'I3 a checkpointed 5/1, but event PI2 later of 5 is nowhere',
    ]);
  });

  it('counts a repetition as durable from its first time on', () => {
    expect(violationsOf([...OWNED, stored(50), checkpointed, stored(900)], records)).toEqual([]);
  });
});

describe('I4: a checkpoint that goes back', () => {
  const moved = wrote('a', 100, { owner: 'a', counter: 2, checkpoint: '10', sub: 3 });

  it.each([
    ['to a smaller number, not to a shorter text', { checkpoint: '9' }],
    ['inside an aggregate', { checkpoint: '10', sub: 2 }],
    ['to the beginning', { checkpoint: 'TRIM_HORIZON' }],
  ])('is found %s', (_where, row) => {
    expect(violationsOf([...OWNED, moved, wrote('a', 120, { owner: 'a', counter: 3, ...row })])).toEqual([
      expect.stringMatching(/^I4 a moved the checkpoint from 10\/3/),
    ]);
  });

  it('is found when a lease is removed before its shard is finished', () => {
    const removed = call('a', 140, {
      operation: 'DeleteItem',
      request: { TableName: 'leases', Key: { leaseKey: { S: SHARD } } },
    });

    expect(violationsOf([...OWNED, moved, removed])).toEqual([
      'I4 the lease was removed before its shard was finished',
    ]);
  });

  it('is found away from a shard’s end, and in a lease that was removed and made anew', () => {
    const ended = wrote('a', 100, { owner: 'a', counter: 2, checkpoint: 'SHARD_END' });
    const again = wrote('a', 120, { owner: 'a', counter: 3, checkpoint: '99' });
    const removed = call('a', 140, {
      operation: 'DeleteItem',
      request: { TableName: 'leases', Key: { leaseKey: { S: SHARD } } },
    });

    expect(violationsOf([...OWNED, ended, again])).toEqual([
      'I4 a moved the checkpoint from SHARD_END/0 to 99/0',
    ]);
    expect(violationsOf([...OWNED, ended, removed, created(200)])).toContain(
      'I4 the lease was written after it had been removed',
    );
  });
});

describe('I5: a write to somebody else’s lease', () => {
  const taken = wrote('b', 4_000, { owner: 'b', counter: 2 });

  it('is found when the old owner still renews or checkpoints', () => {
    expect(
      violationsOf([...OWNED, taken, wrote('a', 4_100, { owner: 'b', counter: 3, checkpoint: '5' })]),
    ).toEqual(['I5 a wrote to the lease of b']);
  });

  it('is found when two are accepted on one counter', () => {
    expect(violationsOf([...OWNED, taken, wrote('c', 4_005, { owner: 'c', counter: 2 })])).toContain(
      'I5 b and c were both accepted on counter 2',
    );
  });

  it('is found when a lease is taken before it stood still for the failover time', () => {
    expect(violationsOf([...OWNED, wrote('b', 2_900, { owner: 'b', counter: 2 })])).toEqual([
      'I5 b took the lease of a at most 2890 ms after its last write',
    ]);
  });

  it('is none when the owner did not answer a request for the failover time', () => {
    const asked = call('b', 50, {
      request: {
        TableName: 'leases',
        Key: { leaseKey: { S: SHARD } },
        UpdateExpression: 'SET handOffTo = :by',
      },
    });
    const renewed = wrote('a', 3_000, { owner: 'a', counter: 2 });

    expect(violationsOf([...OWNED, asked, renewed, wrote('b', 3_100, { owner: 'b', counter: 3 })])).toEqual(
      [],
    );
    expect(
      violationsOf([...OWNED, asked, renewed, wrote('c', 3_100, { owner: 'c', counter: 3 })]),
    ).toHaveLength(1);
  });

  it('is found when a take moves the checkpoint, and when nobody’s lease is written', () => {
    const released = wrote('a', 40, { counter: 2 });

    expect(
      violationsOf([...OWNED, wrote('b', 4_000, { owner: 'b', counter: 2, checkpoint: '7' })]),
    ).toContain('I5 b moved the checkpoint while taking the lease');
    expect(violationsOf([...OWNED, released, wrote('a', 60, { counter: 3, checkpoint: '7' })])).toEqual([
      'I5 a wrote to the lease of nobody',
    ]);
  });
});

describe('a log that proves nothing', () => {
  it('is found when writes are missing or their times contradict the counters', () => {
    expect(violationsOf([...OWNED, wrote('a', 40, { owner: 'a', counter: 3 })])).toEqual([
      'log no write between the counters 1 and 3',
    ]);
    expect(violationsOf([wrote('a', 40, { owner: 'a', counter: 3 })])).toEqual(['log begins with counter 3']);
    expect(violationsOf([...OWNED, wrote('a', 5, { owner: 'a', counter: 2 })])).toEqual([
      'log counter 2 was answered before counter 1 was sent',
    ]);
  });

  it('is found when something was written in a way that it does not read', () => {
    const batch = call('a', 30, { operation: 'BatchWriteItem', request: { RequestItems: {} } });
    const other = call('a', 30, {
      request: { TableName: 'leases', Key: {}, UpdateExpression: 'SET checkpoint = :c' },
    });

    expect(violationsOf([...OWNED, batch, other])).toEqual([
      'log BatchWriteItem',
      'log UpdateItem of a lease: SET checkpoint = :c',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { createDecoder } from '../../src/decode/decode-record.ts';
import { MeterError } from '../../src/errors.ts';
import { EventBudget } from '../../src/event-budget.ts';
import type { HeldLease } from '../../src/leases/index.ts';
import { untilDone } from '../../src/retry.ts';
import { ShardConsumer } from '../../src/shard-consumer.ts';
import type { NextPage, RecordPage, StreamRecord } from '../../src/source/record.ts';
import { gunzip, md5 } from '../../src/source/record-codec.ts';
import type { DeadLetter } from '../../src/store/dead-letters.ts';
import type { EventOutcome } from '../../src/store/session-store.ts';
import type { Tally } from '../../src/tally.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { Turns } from '../../src/turns.ts';
import { aggregateOf } from '../support/realistic-event.ts';
import { sessionData, twilio } from '../support/stream-records.ts';

const QUIET = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const CHILD = {
  shardId: 'shardId-1',
  parentShardIds: ['shardId-0'],
  startingHashKey: '0',
  endingHashKey: '9',
};

const page = (from: number, texts: readonly string[], changes: Partial<RecordPage> = {}): RecordPage => ({
  records: texts.map((text, index) => ({
    sequenceNumber: String(from + index),
    partitionKey: 'k',
    arrivedAtMs: Date.parse('2026-03-02T00:00:00Z'),
    data: new TextEncoder().encode(text),
  })),
  millisBehindLatest: 5_000,
  isAtTip: false,
  bytes: 0,
  ...changes,
});
const updates = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => twilio(sessionData('s', from + index)));

/** A shard consumer whose surroundings write down what happens, in order. */
function given(options: {
  pages: readonly (RecordPage | 'stop' | 'stalled' | Error)[];
  startAt?: HeldLease['startAt'];
  checkpointEveryMs?: number;
  outcome?: EventOutcome;
  loseAt?: 'validity' | 'store' | 'checkpoint' | 'finish';
}) {
  const happened: string[] = [];
  const tallies: Tally[] = [];
  const letters: DeadLetter[] = [];
  const stopping = new AbortController();
  const losing = new AbortController();
  const lost = { kind: 'lost' as const, owner: 'another' };
  const lease: HeldLease = {
    leaseKey: 'shardId-0',
    shardId: 'shardId-0',
    streamId: undefined,
    startTimestampMs: undefined,
    startAt: options.startAt ?? 'TRIM_HORIZON',
    hashRange: undefined,
    lost: losing.signal,
    stopping: stopping.signal,
    isValid: () => true,
    waitUntilValid: () => Promise.resolve(options.loseAt === 'validity' ? 'lost' : 'valid'),
    checkpoint: ({ sequenceNumber, subSequenceNumber }) => {
      happened.push(`checkpoint ${sequenceNumber}/${subSequenceNumber}`);
      return Promise.resolve(options.loseAt === 'checkpoint' ? lost : { kind: 'stored' });
    },
    finish: (children) => {
      happened.push(`finish ${children.map(({ shardId }) => shardId).join()}`);
      return Promise.resolve(options.loseAt === 'finish' ? lost : { kind: 'finished' });
    },
    setReadToTip: (value) => happened.push(value ? 'tip' : 'behind'),
  };
  const queue = [...options.pages];
  const next = (): Promise<NextPage> => {
    const entry = queue.shift() ?? 'stop';
    if (entry instanceof Error) return Promise.reject(entry);
    return Promise.resolve(entry === 'stop' ? 'aborted' : entry);
  };
  const metrics = new Proxy(
    {},
    { get: (_, name) => (value: Tally) => name === 'countBatch' && tallies.push(value) },
  );
  const consumer = new ShardConsumer(
    {
      openPages: () => ({ next, close: () => Promise.resolve() }),
      decode: createDecoder({ recordMaxBytes: 10_000, unzippedMaxBytes: 10_000, md5, gunzip }),
      sessions: {
        apply: (events, signal, { tell } = {}) => {
          happened.push(`store ${events.length}`);
          // As the leases do it: the reason is a word.
          if (options.loseAt === 'store') losing.abort('lost');
          if (signal.aborted)
            return untilDone(() => Promise.resolve([]), signal, { clock: systemClock, random: systemRandom });
          const outcomes = events.map(() => options.outcome ?? ({ kind: 'applied' } as const));
          for (const [at, event] of events.entries()) tell?.(event, outcomes[at] as EventOutcome, at);
          return Promise.resolve(outcomes);
        },
        flush: () => undefined,
        makeRoom: () => undefined,
      },
      budgets: {
        prompt: new EventBudget(1_000, () => undefined),
        held: new EventBudget(1_000, () => undefined),
      },
      turns: new Turns(systemClock),
      readRecord: (_, sequenceNumber) =>
        Promise.resolve(new TextEncoder().encode(`record ${sequenceNumber}`)),
      deadLetters: {
        put: (buried) => {
          letters.push(...buried);
          happened.push(`bury ${buried.length}`);
          return Promise.resolve();
        },
      },
      metrics: metrics as never,
      log: QUIET,
      clock: systemClock,
    },
    { checkpointEveryMs: options.checkpointEveryMs ?? 60_000 },
  );
  return { run: () => consumer.run(lease), happened, tallies, letters };
}

describe('a shard’s consumer', () => {
  it('stores, then checkpoints, and only at the tip or when it is due', async () => {
    const { run, happened } = given({
      pages: [page(1, updates(1, 2)), page(3, updates(3, 3), { isAtTip: true })],
    });

    expect(await run()).toEqual({ kind: 'stopped' });
    expect(happened.filter((what) => what !== 'behind')).toEqual([
      'store 2',
      'store 1',
      'checkpoint 3/0',
      'tip',
    ]);
    expect(happened[0]).toBe('behind');
  });

  it('checkpoints what is stored when it is told to stop', async () => {
    const { run, happened } = given({ pages: [page(1, updates(1, 2)), 'stop'] });

    expect(await run()).toEqual({ kind: 'stopped' });
    expect(happened.at(-1)).toBe('checkpoint 2/0');
  });

  it('takes back that it is at the tip before it does anything: the claim goes out with every write of the lease', async () => {
    const pages = [page(1, updates(1, 1), { isAtTip: true }), page(2, updates(2, 2))];
    const { run, happened } = given({ pages, checkpointEveryMs: 0 });

    await run();
    expect(happened.slice(3)).toEqual(['tip', 'behind', 'store 1', 'checkpoint 2/0']);
  });

  it('checkpoints what is stored and leaves when its reads stall', async () => {
    const { run, happened } = given({ pages: [page(1, updates(1, 2)), 'stalled'] });

    expect(await run()).toEqual({ kind: 'stalled' });
    expect(happened.at(-1)).toBe('checkpoint 2/0');
  });

  it('keeps a gap as a dead letter that counts nowhere, before it checkpoints past it', async () => {
    const gap = { after: '1', firstSequenceNumber: '7' };
    const { run, happened, letters, tallies } = given({
      pages: [page(7, updates(1, 1), { gap, isAtTip: true })],
    });

    await run();

    expect(letters).toMatchObject([{ reason: 'gap', sequenceNumber: '1', index: -1 }]);
    expect(happened.indexOf('bury 1')).toBeLessThan(happened.indexOf('checkpoint 7/0'));
    expect(tallies[0]).toMatchObject({ read: 1, applied: 1 });
    expect(tallies[0]?.deadLettered.size).toBe(0);
  });

  it('drops what the checkpoint that it resumes from covers', async () => {
    const { run, happened, tallies } = given({
      pages: [page(7, updates(1, 2))],
      startAt: { sequenceNumber: '7', subSequenceNumber: 0 },
    });

    await run();
    expect(happened[1]).toBe('store 1');
    expect(tallies[0]?.read).toBe(1);
  });

  it('ends a closed shard after its last records are stored and checkpointed', async () => {
    const { run, happened } = given({
      pages: [page(1, updates(1, 1), { shardEnd: { childShards: [CHILD] } })],
    });

    expect(await run()).toEqual({ kind: 'finished' });
    expect(happened).toEqual(['behind', 'store 1', 'checkpoint 1/0', 'finish shardId-1']);
  });

  it('writes nothing for a shard whose lease is lost', async () => {
    const { run, happened } = given({ pages: [page(1, updates(1, 1))], loseAt: 'validity' });

    expect(await run()).toEqual({ kind: 'lost' });
    expect(happened).toEqual(['behind']);
  });

  it('ends when the lease is lost while it stores, and checkpoints nothing', async () => {
    const { run, happened } = given({ pages: [page(1, updates(1, 1), { isAtTip: true })], loseAt: 'store' });

    expect(await run()).toEqual({ kind: 'lost' });
    expect(happened).toEqual(['behind', 'store 1']);
  });

  it('ends when a checkpoint finds the lease lost', async () => {
    const { run } = given({
      pages: [page(1, updates(1, 1), { isAtTip: true })],
      loseAt: 'checkpoint',
    });

    expect(await run()).toEqual({ kind: 'lost' });
  });

  it('buries poison and what the store refuses, with their places, and accounts for all', async () => {
    const outcome = { kind: 'refused', reason: 'refused-by-store' } as const;
    const { run, letters, tallies } = given({ pages: [page(1, ['x', updates(1, 1)[0] ?? ''])], outcome });

    await run();
    expect(letters).toMatchObject([
      { sequenceNumber: '1', index: 0, element: 0, reason: 'not-json' },
      { sequenceNumber: '2', index: 0, reason: 'refused-by-store' },
    ]);
    expect(letters[1]).not.toHaveProperty('element');
    expect(tallies[0]).toMatchObject({ read: 2, applied: 0 });
  });

  it('names the element of a plain record’s array, which in an aggregate is not known', async () => {
    const array = '[7,{}]';
    const { records, ...rest } = page(1, [array, '']);
    const [plain, other] = records as [StreamRecord, StreamRecord];
    const packed = { ...other, data: aggregateOf('8', array) };
    const { run, letters } = given({ pages: [{ ...rest, records: [plain, packed], isAtTip: true }] });

    await run();
    expect(letters.map(({ sequenceNumber, index, element }) => [sequenceNumber, index, element])).toEqual([
      ['1', 0, 0],
      ['1', 1, 1],
      ['2', 0, undefined],
      ['2', 1, undefined],
      ['2', 2, undefined],
    ]);
  });

  it('parks a shard of which most is poison, and one whose position Kinesis refuses', async () => {
    const poison = Array.from({ length: 1_000 }, () => 'x');
    const refused = new MeterError('position-refused', 'refused');

    expect(await given({ pages: [page(1, poison)] }).run()).toEqual({
      kind: 'parked',
      reason: 'too-many-dead-letters',
    });
    expect(await given({ pages: [refused] }).run()).toEqual({ kind: 'parked', reason: 'position-refused' });
  });

  it('fails with what it does not know', async () => {
    await expect(given({ pages: [new Error('surprise')] }).run()).rejects.toThrow('surprise');
  });
});

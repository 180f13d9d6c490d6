import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { awsError } from '../../support/fake-kinesis.ts';
import type { FakeStream } from '../../support/fake-subscriptions.ts';
import { event, givenFanOut, numbered } from './given-fan-out.ts';
import { NEVER, passUntil, textsOf } from './given-poller.ts';

const gapsBetween = (times: readonly number[]): number[] =>
  times.slice(1).map((at, n) => at - (times[n] as number));
const AFTER = (n: number): string => `AFTER_SEQUENCE_NUMBER ${numbered(n)}`;
const CHILDREN = [
  { ShardId: 'shardId-000000000001', ParentShards: ['shardId-000000000000'], HashKeyRange: undefined },
];

describe('events', () => {
  it('become pages in order, with their lag', async () => {
    const { subscriptions, next } = givenFanOut();
    subscriptions.onOpen = (stream) =>
      stream.push(event([1, 2], { behindMs: 70 }), event([], { behindMs: undefined }), event([3]));

    const pages = [await next(), await next(), await next()];

    expect(pages.map(textsOf)).toEqual([['r1', 'r2'], [], ['r3']]);
    expect(pages.map(({ bytes }) => bytes)).toEqual([4, 0, 2]);
    // Unknown is not caught up.
    expect(pages.map(({ isAtTip }) => isAtTip)).toEqual([false, false, true]);
  });

  it('are taken from the connection only when asked for', async () => {
    const { clock, subscriptions, next } = givenFanOut();
    subscriptions.onOpen = (stream) => stream.push(event([1]), event([2]), event([3]));

    await next();
    await clock.advance(600_000);

    expect(subscriptions.streams[0]?.takenCount).toBe(1);
  });

  it('of kinds that are not known are passed over', async () => {
    const { subscriptions, next } = givenFanOut();
    subscriptions.onOpen = (stream) => stream.pushMember({ $unknown: ['News', {}] }).push(event([1]));

    expect(textsOf(await next())).toEqual(['r1']);
  });
});

describe('a subscription that ends', () => {
  it('after 5 minutes is renewed at once after the last event, and is no failure', async () => {
    const { clock, subscriptions, next, starts, failures, lines } = givenFanOut();
    subscriptions.onOpen = (stream, number) => {
      stream.push(event([1 + number * 100]));
      const idle = async (): Promise<void> => {
        for (let n = 1; n < 60; n += 1) {
          await clock.sleep(5_000);
          stream.push(event([], { continuation: 1 + number * 100 + n }));
        }
        await clock.sleep(5_000);
        stream.end();
      };
      void idle();
    };

    for (let pages = 0; pages < 61; pages += 1) await next();

    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(60)]);
    expect(subscriptions.callsAtMs).toEqual([0, 300_000]);
    expect([failures, lines]).toEqual([[], []]);
  });

  it('early is renewed 5 s after it was opened at the earliest', async () => {
    const { subscriptions, next, starts } = givenFanOut();
    subscriptions.onOpen = (stream, number) => stream.push(event([number])).end();

    for (let pages = 0; pages < 4; pages += 1) await next();

    expect(gapsBetween(subscriptions.callsAtMs)).toEqual([5_000, 5_000, 5_000]);
    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(0), AFTER(1), AFTER(2)]);
  });

  it('without an event is a failure', async () => {
    const { subscriptions, next, failures } = givenFanOut();
    subscriptions.onOpen = (stream, number) => (number === 0 ? stream : stream.push(event([1]))).end();

    await next();

    expect(failures).toEqual(['SubscriptionEmpty']);
  });
});

describe('where a subscription begins', () => {
  const broken = new Error('cut');

  it('after an event without records it is the continuation', async () => {
    const { subscriptions, next, starts } = givenFanOut();
    subscriptions.onOpen = (stream, number) =>
      number === 0 ? stream.push(event([], { continuation: 7 })).fail(broken) : stream.push(event([8]));

    await next();
    await next();

    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(7)]);
  });

  it('before any event it is the start, but LATEST becomes the time of the first try', async () => {
    const { clock, subscriptions, next } = givenFanOut({ startAt: 'LATEST' });
    const startedAtMs = clock.wallMs();
    subscriptions.refuseNext(awsError('InternalFailureException'));
    subscriptions.onOpen = (stream) => stream.push(event([1]));

    await next();

    expect(subscriptions.streams[0]?.input.StartingPosition).toEqual({
      Type: 'AT_TIMESTAMP',
      Timestamp: new Date(startedAtMs - 5_000),
    });
  });

  it('a checkpoint is begun at, until its record came', async () => {
    const { subscriptions, next, starts } = givenFanOut({
      startAt: { sequenceNumber: numbered(5), subSequenceNumber: 2 },
    });
    subscriptions.onOpen = (stream, number) =>
      number === 0
        ? stream.push(event([], { continuation: 9, behindMs: 5 })).fail(broken)
        : stream.push(event([5, 6])).fail(broken);

    const pages = [await next(), await next(), await next()];

    expect(starts()).toEqual([
      `AT_SEQUENCE_NUMBER ${numbered(5)}`,
      `AT_SEQUENCE_NUMBER ${numbered(5)}`,
      AFTER(6),
    ]);
    expect(pages.filter(({ gap }) => gap)).toEqual([]);
  });

  it('a checkpoint past the retention is told with the page that follows the gap, once', async () => {
    const { subscriptions, next } = givenFanOut({
      startAt: { sequenceNumber: numbered(5), subSequenceNumber: 0 },
    });
    subscriptions.onOpen = (stream) => stream.push(event([]), event([8]), event([9]));

    const pages = [await next(), await next(), await next()];

    expect(pages.map(({ gap }) => gap)).toEqual([
      undefined,
      { after: numbered(5), firstSequenceNumber: numbered(8) },
      undefined,
    ]);
  });
});

describe('what fails and may come right', () => {
  it.each([
    ['a reset stream', Object.assign(new Error('x'), { code: 'ERR_HTTP2_STREAM_ERROR' })],
    ['a closed socket', Object.assign(new Error('x'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })],
    ['a truncated frame', new Error('Truncated event message received.')],
    ['an exception in the stream', awsError('InternalFailureException')],
    ['a key that is away', awsError('KMSDisabledException')],
    ['a takeover by another', awsError('ResourceInUseException')],
  ])('is tried again after what was handed out: %s', async (_, error) => {
    const { subscriptions, next, starts, failures } = givenFanOut();
    subscriptions.onOpen = (stream, number) =>
      number === 0 ? stream.push(event([1])).fail(error) : stream.push(event([2]));

    const pages = [await next(), await next()];

    expect(pages.map(textsOf)).toEqual([['r1'], ['r2']]);
    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(1)]);
    expect(failures).toHaveLength(1);
    expect(subscriptions.openCount).toBe(1);
  });

  it.each([
    ['ECONNREFUSED', Object.assign(new Error('x', { cause: { code: 'ECONNREFUSED' } }), { code: 'CANCEL' })],
    ['ERR_HTTP2_STREAM_ERROR', Object.assign(new Error('x'), { code: 'ERR_HTTP2_STREAM_ERROR' })],
    ['SubscriptionBroken', new Error('Truncated event message received.')],
    ['SomethingNew', Object.assign(new Error('x'), { name: 'SomethingNew' })],
    ['TimeoutError', Object.assign(new Error('x'), { name: 'TimeoutError' })],
  ])('is logged and counted by its code or name: %s', async (name, error) => {
    const { subscriptions, next, failures, lines } = givenFanOut();
    subscriptions.refuseNext(error);
    subscriptions.onOpen = (stream) => stream.push(event([1]));

    await next();

    expect(failures).toEqual([name]);
    expect(lines).toMatchObject([{ event: 'shard.read-failed', fields: { errorName: name } }]);
  });

  it('an exception may also come as a member of the stream', async () => {
    const { subscriptions, next, failures } = givenFanOut();
    subscriptions.onOpen = (stream, number) =>
      number === 0
        ? stream.pushMember({ KMSThrottlingException: awsError('KMSThrottlingException') })
        : stream.push(event([1]));

    expect(textsOf(await next())).toEqual(['r1']);
    expect(failures).toEqual(['KMSThrottlingException']);
  });

  it('ResourceInUse waits 5 s and then longer, and works again as soon as an event came', async () => {
    const { subscriptions, next } = givenFanOut();
    subscriptions.refuseNext(...Array(7).fill(awsError('ResourceInUseException')));
    subscriptions.onOpen = (stream) => stream.push(event([1]));

    await next();

    expect(gapsBetween(subscriptions.callsAtMs)).toEqual([5_000, 5_000, 5_000, 5_000, 8_000, 10_000, 10_000]);
  });

  it('begins its back-off afresh after an event', async () => {
    const { clock, subscriptions, next } = givenFanOut();
    subscriptions.refuseNext(...Array(6).fill(awsError('InternalFailureException')));
    subscriptions.onOpen = (stream, number) => stream.push(event([number])).fail(new Error('cut'));

    await next();
    // Longer than 5 s after the call, so that only the back-off counts.
    await clock.advance(10_000);
    const failedAtMs = clock.monotonicMs();
    await next();

    expect((subscriptions.callsAtMs.at(-1) ?? 0) - failedAtMs).toBe(50);
  });

  it('leaves no listener behind, however often it is opened anew', async () => {
    const { clock, subscriptions, reader } = givenFanOut();
    const stopping = new AbortController();
    subscriptions.onOpen = (stream, number) => stream.push(event([number])).fail(new Error('cut'));

    for (let pages = 0; pages < 30; pages += 1) await passUntil(clock, reader.next(stopping.signal));

    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(1);
  });

  it('never answering is given up after 15 s, and tried again', async () => {
    const { subscriptions, next, failures } = givenFanOut();
    subscriptions.refuseNext('hang');
    subscriptions.onOpen = (stream) => stream.push(event([1]));

    await next();

    expect(failures).toEqual(['TimeoutError']);
    expect(gapsBetween(subscriptions.callsAtMs)).toEqual([15_050]);
  });
});

describe('a connection that is silent', () => {
  it('is closed after 15 s and opened anew', async () => {
    const { subscriptions, next, starts } = givenFanOut();
    subscriptions.onOpen = (stream, number) => stream.push(event([number]));

    await next();
    await next();

    const [gapMs = 0] = gapsBetween(subscriptions.callsAtMs);
    expect([gapMs >= 15_000, gapMs < 15_200]).toEqual([true, true]);
    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(0)]);
    expect(subscriptions.streams.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  it('for 60 s, however often opened, is stalled; nothing stays open', async () => {
    const { clock, subscriptions, next, outcome } = givenFanOut();
    subscriptions.onOpen = (stream, number) => number === 0 && stream.push(event([1]));
    await next();
    const startedAtMs = clock.monotonicMs();

    expect(await outcome()).toBe('stalled');

    expect(clock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(60_000);
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(80_000);
    expect(subscriptions.streams.length).toBeGreaterThanOrEqual(4);
    expect([subscriptions.openCount, clock.pendingCount]).toEqual([0, 0]);
  });

  it('is counted from the last event: one cut after an hour is no stall', async () => {
    const { clock, subscriptions, next, failures } = givenFanOut();
    const busy = async (stream: FakeStream): Promise<void> => {
      for (; !stream.isClosed; await clock.sleep(10_000)) stream.push(event([]));
    };
    subscriptions.onOpen = (stream) => void busy(stream);
    while (clock.monotonicMs() < 200_000) await next();

    subscriptions.streams[0]?.fail(new Error('cut'));
    while (subscriptions.streams.length === 1) await next();

    expect(failures).toEqual(['SubscriptionBroken']);
  });

  it('is none while nobody asks: a slow consumer is not stalled', async () => {
    const { clock, subscriptions, next, failures } = givenFanOut();
    subscriptions.onOpen = (stream) => stream.push(event([1]));
    await next();
    await clock.advance(200_000);
    subscriptions.streams[0]?.push(event([2]));

    expect(textsOf(await next())).toEqual(['r2']);
    expect(failures).toEqual([]);
  });
});

describe('a closed shard', () => {
  const named = (event_: object): object => ({ ...event_, ContinuationSequenceNumber: undefined });

  it('ends with the event that names its children', async () => {
    const { subscriptions, next, reader } = givenFanOut();
    subscriptions.onOpen = (stream) => stream.push({ ...named(event([1])), ChildShards: CHILDREN });

    const page = await next();

    expect(textsOf(page)).toEqual(['r1']);
    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(['shardId-000000000001']);
    expect(subscriptions.openCount).toBe(0);
    await expect(reader.next(NEVER)).rejects.toMatchObject({ code: 'invariant-broken' });
  });

  it('whose last event names none, and the listing does, is polled: records may have come in between', async () => {
    const { kinesis, subscriptions, next, outcome } = givenFanOut();
    kinesis.split(kinesis.shardId(0));
    kinesis.failNext('ListShards', awsError('LimitExceededException'));
    subscriptions.onOpen = (stream) => stream.push(named(event([1])));

    const page = await next();

    // The listing failed once: the event was not handed out, and came again.
    expect([textsOf(page), subscriptions.streams.length]).toEqual([['r1'], 2]);
    expect(page.shardEnd).toBeUndefined();
    expect(await outcome()).toEqual({ pollInstead: 'shard-closed' });
  });

  it('without children anywhere has not ended: its records count, and reading goes on after them', async () => {
    const { subscriptions, next, starts, lines } = givenFanOut();
    subscriptions.onOpen = (stream, number) =>
      stream.push(number === 0 ? named(event([1])) : event([2])).end();

    const pages = [await next(), await next()];

    expect(pages.map(textsOf)).toEqual([['r1'], ['r2']]);
    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(1)]);
    expect(lines).toMatchObject([{ fields: { errorName: 'ContinuationEndedWithoutChildShards' } }]);
  });

  it('whose subscription only idles on is found in the listing, some minutes after its last record', async () => {
    const { clock, kinesis, subscriptions, outcome, reader } = givenFanOut();
    subscriptions.onOpen = (stream) => {
      const idle = async (): Promise<void> => {
        stream.push(event([1]));
        for (; !stream.isClosed; await clock.sleep(1_000)) stream.push(event([], { continuation: 1 }));
      };
      void idle();
    };
    kinesis.split(kinesis.shardId(0));
    let last = await outcome();
    while (typeof last === 'object' && 'records' in last) last = await outcome();

    expect(last).toEqual({ pollInstead: 'shard-closed' });
    expect(reader.readPosition).toEqual({ afterSequenceNumber: numbered(1) });
    expect(clock.monotonicMs()).toBe(300_000);
    expect([kinesis.callsOf('ListShards').length, subscriptions.openCount]).toEqual([1, 0]);
  });

  it('whose subscription ends without an event is found in the listing at once', async () => {
    const { kinesis, subscriptions, outcome } = givenFanOut();
    subscriptions.onOpen = (stream) => stream.end();
    kinesis.split(kinesis.shardId(0));

    expect(await outcome()).toEqual({ pollInstead: 'shard-closed' });
  });

  it('is not looked for while records come', async () => {
    const { clock, kinesis, subscriptions, next } = givenFanOut();
    const busy = async (stream: FakeStream): Promise<void> => {
      for (let n = 0; !stream.isClosed; n += 1) {
        stream.push(event([n]), event([], { continuation: n }));
        await clock.sleep(10_000);
      }
    };
    subscriptions.onOpen = (stream) => void busy(stream);

    while (clock.monotonicMs() < 900_000) await next();

    expect(kinesis.callsOf('ListShards')).toEqual([]);
  });

  it('that is open after all costs one listing in 5 minutes, and a failing listing costs no subscription', async () => {
    const { clock, kinesis, subscriptions, next } = givenFanOut();
    const idle = async (stream: FakeStream): Promise<void> => {
      for (; !stream.isClosed; await clock.sleep(5_000)) stream.push(event([]));
    };
    subscriptions.onOpen = (stream) => void idle(stream);
    kinesis.failNext('ListShards', awsError('LimitExceededException'));

    while (clock.monotonicMs() < 900_000) await next();

    expect(kinesis.callsOf('ListShards').map(({ atMs }) => atMs)).toEqual([300_000, 600_000, 900_000]);
    expect(subscriptions.streams).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('of the position is left to polling, which knows whether retention took the shard, at once', async () => {
    const { subscriptions, outcome } = givenFanOut({
      startAt: { sequenceNumber: '1', subSequenceNumber: 0 },
    });
    subscriptions.refuseNext(awsError('InvalidArgumentException'));

    expect(await outcome()).toEqual({ pollInstead: 'subscribing-refused' });
    expect(subscriptions.callsAtMs).toHaveLength(1);
  });

  it('of the consumer makes it looked up anew, once; a second one is the shard’s', async () => {
    const { subscriptions, next, outcome, forgotten } = givenFanOut();
    const gone = awsError('ResourceNotFoundException');
    subscriptions.refuseNext(gone);
    subscriptions.onOpen = (stream) => stream.push(event([1])).fail(gone);

    expect(textsOf(await next())).toEqual(['r1']);
    expect(forgotten).toEqual(['consumer-arn']);

    // Then the poller finds out whether retention took it.
    subscriptions.onOpen = (stream) => stream.fail(gone);
    expect(await outcome()).toEqual({ pollInstead: 'subscribing-refused' });
    expect(forgotten).toHaveLength(2);
  });

  it('of access is fatal, and names the action', async () => {
    const { subscriptions, outcome } = givenFanOut();
    subscriptions.refuseNext(awsError('AccessDeniedException'));

    await expect(outcome()).rejects.toMatchObject({
      code: 'access-denied',
      message: expect.stringContaining('kinesis:SubscribeToShard') as unknown,
    });
  });

  it.each([
    ['subscribing-refused', awsError('LimitExceededException')],
    ['no-http2', Object.assign(new Error('Protocol error'), { code: 'ERR_HTTP2_ERROR' })],
  ])('three times without an event between is for polling: %s', async (pollInstead, error) => {
    const { subscriptions, outcome, next } = givenFanOut();
    subscriptions.refuseNext(error, error);
    subscriptions.onOpen = (stream) => stream.push(event([1])).fail(new Error('cut'));
    await next();
    const inUse = awsError('ResourceInUseException');
    subscriptions.refuseNext(error, inUse, error, inUse, error);

    expect(await outcome()).toEqual({ pollInstead });
    expect(subscriptions.callsAtMs).toHaveLength(8);
  });

  it('that looks like none, opened and ended three times without an event, is for polling as well', async () => {
    const { subscriptions, outcome, next, failures } = givenFanOut();
    subscriptions.onOpen = (stream, number) => (number === 2 ? stream.push(event([1])) : stream).end();
    await next();

    expect(await outcome()).toEqual({ pollInstead: 'nothing-pushed' });
    expect(failures).toEqual(Array.from({ length: 5 }, () => 'SubscriptionEmpty'));
    expect(subscriptions.streams).toHaveLength(6);
  });
});

describe('an abort', () => {
  it('while waiting ends at once and closes the connection; nothing is lost', async () => {
    const { clock, reader, subscriptions, next, starts } = givenFanOut();
    subscriptions.onOpen = (stream, number) => stream.push(event([number]));
    await next();
    const stopping = new AbortController();
    const waiting = reader.next(stopping.signal);
    await clock.advance(1_000);
    stopping.abort();

    expect(await waiting).toBe('aborted');
    expect([subscriptions.openCount, clock.pendingCount]).toEqual([0, 0]);
    expect(textsOf(await next())).toEqual(['r1']);
    expect(starts()).toEqual(['TRIM_HORIZON', AFTER(0)]);
  });

  it('between two calls closes the connection too', async () => {
    const { clock, reader, subscriptions, next } = givenFanOut();
    subscriptions.onOpen = (stream, number) => stream.push(event([number]), event([10 + number]));
    const stopping = new AbortController();
    await passUntil(clock, reader.next(stopping.signal));
    expect(subscriptions.openCount).toBe(1);

    stopping.abort();

    expect(subscriptions.openCount).toBe(0);
    expect(textsOf(await next())).toEqual(['r1']);
  });

  it('while subscribing or before it is time to ends at once', async () => {
    const { clock, reader, subscriptions } = givenFanOut();
    for (const refusal of ['hang', awsError('ResourceInUseException')] as const) {
      subscriptions.refuseNext(refusal);
      const stopping = new AbortController();
      const waiting = reader.next(stopping.signal);
      await clock.advance(5_000);
      stopping.abort();

      expect(await waiting).toBe('aborted');
      expect(clock.pendingCount).toBe(0);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { openReader } from '../../../src/source/open-reader.ts';
import type { RecordPage } from '../../../src/source/record.ts';
import { awsError } from '../../support/fake-kinesis.ts';
import { givenFanOutDeps } from './given-fan-out.ts';
import { passUntil, textsOf } from './given-poller.ts';

/** Falling back lasts minutes: looking every ms would take as many seconds. */
const STEP_MS = 50;

function givenReader(options: { hasConsumer?: boolean } = {}) {
  const given = givenFanOutDeps();
  const { clock, deps, consumer, kinesis } = given;
  const never = new AbortController().signal;
  const reader = openReader(deps, {
    stream: 'supersim-events',
    shardId: kinesis.shardId(0),
    startAt: 'TRIM_HORIZON',
    ...((options.hasConsumer ?? true) ? { consumer } : {}),
  });
  const next = async (): Promise<RecordPage> => {
    const page = await passUntil(clock, reader.next(never), STEP_MS);
    if (typeof page === 'string') throw new Error(page);
    return page;
  };
  return { ...given, next };
}

const limitExceeded = (): Error => awsError('LimitExceededException');

describe('a shard', () => {
  it('without a consumer is polled', async () => {
    const { kinesis, subscriptions, next } = givenReader({ hasConsumer: false });
    kinesis.put('a');

    expect(textsOf(await next())).toEqual(['a']);
    expect(subscriptions.callsAtMs).toEqual([]);
  });

  it('whose subscribing is refused is polled from where it is, then pushed again', async () => {
    const { clock, kinesis, subscriptions, next, lines, failures } = givenReader();
    const [a, b] = [kinesis.put('a'), kinesis.put('b')];
    subscriptions.onOpen = (stream) =>
      stream
        .push({ Records: [], ContinuationSequenceNumber: a, MillisBehindLatest: 1 })
        .fail(new Error('cut'));
    await next();
    subscriptions.refuseNext(limitExceeded(), limitExceeded(), limitExceeded());

    expect(textsOf(await next())).toEqual(['b']);
    const polledAtMs = clock.monotonicMs();
    while (subscriptions.streams.length === 1) await next();

    expect(subscriptions.streams[1]?.input.StartingPosition).toEqual({
      Type: 'AFTER_SEQUENCE_NUMBER',
      SequenceNumber: b,
    });
    expect(clock.monotonicMs() - polledAtMs).toBeGreaterThanOrEqual(299_000);
    expect(failures.filter((name) => name === 'FellBackToPolling')).toHaveLength(1);
    expect(lines.filter(({ event }) => event === 'shard.polled')).toMatchObject([
      { level: 'warn', fields: { reason: 'subscribing-refused' } },
    ]);
  });

  it('refused again and again is said once and counted each time', async () => {
    const { clock, kinesis, subscriptions, next, lines, failures } = givenReader();
    kinesis.put('a');
    subscriptions.refuseNext(...Array(9).fill(limitExceeded()));

    while (clock.monotonicMs() < 700_000) await next();

    expect(failures.filter((name) => name === 'FellBackToPolling')).toHaveLength(3);
    expect(lines.filter(({ event }) => event === 'shard.polled')).toHaveLength(1);
  });

  it('that is closed while its subscription names no children is polled to its end', async () => {
    const { kinesis, subscriptions, next, failures } = givenReader();
    const a = kinesis.put('a');
    kinesis.put('b');
    const children = kinesis.split(kinesis.shardId(0));
    subscriptions.onOpen = (stream, number) =>
      number === 0
        ? stream.push({ Records: [], ContinuationSequenceNumber: a, MillisBehindLatest: 0 }).end()
        : stream.end();
    await next();

    const page = await next();

    expect(textsOf(page)).toEqual(['b']);
    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
    expect(failures).toEqual([]);
  });

  it('that retention took is found out by polling: its end, and a gap', async () => {
    const { kinesis, subscriptions, next } = givenReader();
    const a = kinesis.put('a');
    subscriptions.onOpen = (stream) =>
      stream
        .push({ Records: [], ContinuationSequenceNumber: a, MillisBehindLatest: 1 })
        .fail(awsError('ResourceNotFoundException'));
    await next();
    const children = kinesis.split(kinesis.shardId(0));
    kinesis.expireShard(kinesis.shardId(0));
    subscriptions.onOpen = (stream) => stream.fail(awsError('ResourceNotFoundException'));

    const page = await next();

    expect(page.shardEnd?.childShards.map(({ shardId }) => shardId)).toEqual(children);
    expect(page.gap).toEqual({ after: a, firstSequenceNumber: undefined });
  });
});

import { describe, expect, it } from '@jest/globals';
import { StreamConsumer } from '../../../src/source/stream-consumer.ts';
import { FakeConsumers } from '../../support/fake-consumers.ts';
import { awsError } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type Line, NEVER, passUntil, recordingLog } from './given-poller.ts';

function givenConsumer() {
  const clock = new VirtualClock();
  const fake = new FakeConsumers();
  const lines: Line[] = [];
  const consumer = new StreamConsumer(
    {
      kinesis: fake.client,
      clock,
      random: { next: () => 0.5, bytes: (count) => new Uint8Array(count) },
      log: recordingLog(lines),
    },
    { stream: 'supersim-events', consumerName: 'meter' },
  );
  return { clock, fake, consumer, lines, arn: () => passUntil(clock, consumer.arn(NEVER)) };
}

describe('the consumer of a name', () => {
  it('is registered when there is none, and used once it is active', async () => {
    const { fake, arn, clock } = givenConsumer();
    fake.descriptionsUntilActive = 3;

    const found = await arn();

    expect(fake.isActive(found)).toBe(true);
    expect(fake.calls.filter((call) => call === 'RegisterStreamConsumer')).toHaveLength(1);
    expect(fake.calls.filter((call) => call === 'DescribeStreamConsumer')).toHaveLength(5);
    expect(clock.monotonicMs()).toBeGreaterThan(500);
  });

  it('is only looked up when it exists: no right to register is needed', async () => {
    const { fake, arn } = givenConsumer();
    const registered = fake.register('meter');

    expect(await arn()).toBe(registered);
    expect(fake.calls).toEqual(['DescribeStreamSummary', 'DescribeStreamConsumer']);
  });

  it('is looked up once for all shards, and kept', async () => {
    const { fake, consumer, arn } = givenConsumer();
    fake.register('meter');

    const found = new Set([...(await Promise.all([arn(), arn(), arn()])), await consumer.arn(NEVER)]);

    expect([found.size, fake.calls.length]).toEqual([1, 2]);
  });

  it('that another worker registered at the same time is taken', async () => {
    const { fake, arn } = givenConsumer();
    fake.failNext('DescribeStreamConsumer', awsError('ResourceNotFoundException'));
    const registered = fake.register('meter');

    expect(await arn()).toBe(registered);
  });

  it('that was deregistered is registered anew, for the first who says so', async () => {
    const { fake, consumer, arn } = givenConsumer();
    const old = await arn();
    fake.deregister('meter');

    consumer.forget(old);
    const found = await arn();
    const callCount = fake.calls.length;
    consumer.forget(old);

    expect(found).not.toBe(old);
    expect([await arn(), fake.calls.length]).toEqual([found, callCount]);
    expect(fake.calls.filter((call) => call === 'RegisterStreamConsumer')).toHaveLength(2);
  });

  it('that the stream has no room for says so after some tries', async () => {
    const { fake, arn } = givenConsumer();
    fake.failNext('RegisterStreamConsumer', ...Array(5).fill(awsError('LimitExceededException')));

    await expect(arn()).rejects.toMatchObject({ code: 'consumer-limit', kind: 'fatal' });
    expect(fake.calls.filter((call) => call === 'RegisterStreamConsumer')).toHaveLength(5);
  });

  it('that is refused for a moment only is registered', async () => {
    const { fake, arn } = givenConsumer();
    fake.failNext('RegisterStreamConsumer', ...Array(4).fill(awsError('LimitExceededException')));

    expect(await arn()).toMatch(/consumer\/meter/);
  });

  it.each([
    ['AccessDeniedException', 'DescribeStreamConsumer', 'access-denied'],
    ['AccessDeniedException', 'RegisterStreamConsumer', 'access-denied'],
    ['ResourceNotFoundException', 'DescribeStreamSummary', 'stream-missing'],
  ])('%s of %s is %s', async (name, operation, code) => {
    const { fake, arn } = givenConsumer();
    fake.failNext(operation, awsError(name));

    await expect(arn()).rejects.toMatchObject({ code });
  });

  it('is still waited for by others when the first who asked is stopped', async () => {
    const { clock, fake, consumer, arn } = givenConsumer();
    fake.descriptionsUntilActive = 5;
    const stopping = new AbortController();
    const first = consumer.arn(stopping.signal).catch((error: Error) => error.name);
    const second = arn();
    await clock.advance(300);

    stopping.abort();

    expect(await first).toBe('AbortError');
    expect(fake.isActive(await second)).toBe(true);
  });
});

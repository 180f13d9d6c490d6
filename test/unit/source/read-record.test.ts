import { describe, expect, it } from '@jest/globals';
import { readRecord } from '../../../src/source/read-record.ts';
import { awsError, FakeKinesis } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function given() {
  const clock = new VirtualClock();
  const kinesis = new FakeKinesis(clock);
  const stop = new AbortController();
  const random = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
  const read = async (sequenceNumber: string, shardId = kinesis.shardId(0)): Promise<unknown> => {
    const reading = readRecord(
      { kinesis: kinesis.client, clock, random },
      { stream: 'supersim-events', shardId },
      sequenceNumber,
      stop.signal,
    ).catch((error: unknown) => (error as Error).name);
    await clock.advance(60_000);
    const data = await reading;
    return data instanceof Uint8Array ? new TextDecoder().decode(data) : data;
  };
  return { kinesis, read, stop };
}

describe('one record read again', () => {
  it('is the record asked for, through passing failures and empty pages', async () => {
    const { kinesis, read } = given();
    kinesis.put('a');
    const b = kinesis.put('b');
    kinesis.put('c');
    kinesis.failNext('GetShardIterator', awsError('ThrottlingException'));
    kinesis.failNext('GetRecords', awsError('ExpiredIteratorException'), 'empty-page');

    expect(await read(b)).toBe('b');
  });

  it('that retention took is none', async () => {
    const { kinesis, read } = given();
    const a = kinesis.put('a');
    kinesis.put('b');
    kinesis.trim(kinesis.shardId(0), 1);

    expect(await read(a)).toBeUndefined();
  });

  it('of a shard without records, or that is gone, is none', async () => {
    const { kinesis, read } = given();
    const a = kinesis.put('a');
    kinesis.trim(kinesis.shardId(0), 1);
    expect(await read(a)).toBeUndefined();

    kinesis.expireShard(kinesis.shardId(0));
    expect(await read(a)).toBeUndefined();
  });

  it('fails with what nothing can repeat, and ends when it is told to', async () => {
    const { kinesis, read, stop } = given();
    const a = kinesis.put('a');
    kinesis.failNext('GetRecords', awsError('AccessDeniedException'));
    expect(await read(a)).toBe('AccessDeniedException');

    stop.abort();
    expect(await read(a)).toBe('AbortError');
  });
});

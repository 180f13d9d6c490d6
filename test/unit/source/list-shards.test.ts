import { expect, it } from '@jest/globals';
import { listShards } from '../../../src/source/list-shards.ts';
import { awsError, FakeKinesis } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { NEVER, passUntil } from './given-poller.ts';

function givenStream(shards: number) {
  const clock = new VirtualClock();
  const kinesis = new FakeKinesis(clock, { shards });
  const random = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
  const list = (stream = 'supersim-events', signal = NEVER) =>
    passUntil(clock, listShards({ kinesis: kinesis.client, clock, random }, stream, signal));
  return { kinesis, list };
}

it('all pages are read, and a next token is sent alone', async () => {
  const { kinesis, list } = givenStream(5);
  kinesis.habits.shardsPerPage = 2;

  const shards = await list();

  expect(shards.map(({ shardId }) => shardId)).toEqual([0, 1, 2, 3, 4].map((n) => kinesis.shardId(n)));
  expect(kinesis.callsOf('ListShards').map(({ input }) => input)).toEqual([
    { StreamName: 'supersim-events' },
    { NextToken: '2' },
    { NextToken: '4' },
  ]);
});

it('a merged shard names both parents, and a closed one its last sequence number', async () => {
  const { kinesis, list } = givenStream(2);
  const parents = [kinesis.shardId(0), kinesis.shardId(1)];
  kinesis.merge(kinesis.shardId(0), kinesis.shardId(1));

  const shards = await list();

  expect(shards.map(({ parentShardIds }) => parentShardIds)).toEqual([[], [], parents]);
  expect(shards.map(({ endingSequenceNumber }) => endingSequenceNumber !== undefined)).toEqual([
    true,
    true,
    false,
  ]);
  expect(shards[2]).toMatchObject({ startingHashKey: '0', endingHashKey: String(2n ** 128n - 1n) });
});

it('a token that expired starts the listing afresh, and no shard comes twice', async () => {
  const { kinesis, list } = givenStream(4);
  kinesis.habits.shardsPerPage = 2;
  const send = kinesis.send.bind(kinesis);
  let calls = 0;
  kinesis.send = (command, options) => {
    calls += 1;
    return calls === 2 ? Promise.reject(awsError('ExpiredNextTokenException')) : send(command, options);
  };

  expect(await list()).toHaveLength(4);
});

it('a throttled listing is repeated', async () => {
  const { kinesis, list } = givenStream(1);
  kinesis.failNext('ListShards', awsError('LimitExceededException'), awsError('LimitExceededException'));

  expect(await list()).toHaveLength(1);
});

it('a stream that is missing is said to be', async () => {
  const { list } = givenStream(1);

  await expect(list('other')).rejects.toMatchObject({ code: 'stream-missing' });
});

it('an abort ends the repeating', async () => {
  const { kinesis, list } = givenStream(1);
  const stop = new AbortController();
  kinesis.failNext('ListShards', 'hang');
  const listing = list('supersim-events', stop.signal);
  stop.abort();

  await expect(listing).rejects.toMatchObject({ name: 'AbortError' });
});

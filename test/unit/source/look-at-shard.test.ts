import { describe, expect, it } from '@jest/globals';
import { KinesisReader } from '../../../src/source/kinesis-reader.ts';
import { lagOf, lookAtShard } from '../../../src/source/look-at-shard.ts';
import { awsError, FakeKinesis } from '../../support/fake-kinesis.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function given() {
  const clock = new VirtualClock();
  const kinesis = new FakeKinesis(clock);
  const reader = new KinesisReader(kinesis.client, clock);
  const look = (shardId = kinesis.shardId(0)) =>
    lookAtShard(reader, 'supersim-events', shardId, 'TRIM_HORIZON');
  return { clock, kinesis, look };
}

describe('a look into a shard', () => {
  it('tells how old the next unread record is', async () => {
    const { clock, kinesis, look } = given();
    kinesis.put('a');
    await clock.advance(5_000);

    const seen = await look();

    expect(seen.kind).toBe('read');
    expect(lagOf(seen, clock.wallMs())).toBe(5_000);
  });

  it('tells no lag when there is nothing unread', async () => {
    const { clock, look } = given();

    expect(lagOf(await look(), clock.wallMs())).toBe(0);
  });

  it.each([
    ['refused', 'InvalidArgumentException'],
    ['gone', 'ResourceNotFoundException'],
    ['throttled', 'ProvisionedThroughputExceededException'],
  ])('is %s after %s, and then the lag is unknown', async (kind, error) => {
    const { clock, kinesis, look } = given();
    kinesis.failNext('GetShardIterator', awsError(error));

    const seen = await look();

    expect(seen).toEqual({ kind });
    expect(lagOf(seen, clock.wallMs())).toBeUndefined();
  });

  it('says what else goes wrong', async () => {
    const { kinesis, look } = given();
    kinesis.failNext('GetRecords', awsError('AccessDeniedException'));

    await expect(look()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

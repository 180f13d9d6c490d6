import type { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { describe, expect, it } from '@jest/globals';
import { putRecords } from '../../../src/local/put-records.ts';
import { seededRandom } from '../../../src/local/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const utf8 = new TextDecoder();
const records = (count: number, bytes = 4) =>
  Array.from({ length: count }, (_, at) => ({
    partitionKey: `key ${at}`,
    data: new TextEncoder().encode(String(at).padStart(bytes, '0')),
  }));

/** A stream that refuses the records at these places of each call, for so many calls. */
function givenStream(refused: readonly number[] = [], refusals = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock();
  const calls: string[][] = [];
  const put: string[] = [];
  const kinesis = {
    send: async ({ input }: PutRecordsCommand) => {
      const texts = (input.Records ?? []).map(({ Data }) => utf8.decode(Data));
      calls.push(texts);
      const isRefused = (at: number): boolean => calls.length <= refusals && refused.includes(at);
      put.push(...texts.filter((_, at) => !isRefused(at)));
      return {
        Records: texts.map((_, at) =>
          isRefused(at)
            ? { ErrorCode: 'ProvisionedThroughputExceededException' }
            : { SequenceNumber: '1', ShardId: 'shardId-000000000000' },
        ),
      };
    },
  } as unknown as KinesisClient;
  return { deps: { kinesis, clock, random: seededRandom(1) }, clock, calls, put };
}

describe('putting records', () => {
  it('puts all of them in order, at most 100 a call', async () => {
    const { deps, calls, put } = givenStream();

    await putRecords(deps, 'events', records(250));

    expect(calls.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(put).toEqual(records(250).map(({ data }) => utf8.decode(data)));
  });

  it('keeps a call below 5 MB', async () => {
    const { deps, calls } = givenStream();

    await putRecords(deps, 'events', records(12, 1_000_000));

    expect(calls.map(({ length }) => length)).toEqual([4, 4, 4]);
  });

  it('puts again only what was refused', async () => {
    const { deps, clock, calls, put } = givenStream([1, 3], 1);

    const done = putRecords(deps, 'events', records(5));
    await clock.advance(5_000);
    await done;

    expect(calls[1]).toEqual(['0001', '0003']);
    expect(put.toSorted()).toEqual(records(5).map(({ data }) => utf8.decode(data)));
  });

  it('gives up when records are refused again and again, and says how many', async () => {
    const { deps, clock, calls } = givenStream([0]);

    const failed = expect(putRecords(deps, 'events', records(2))).rejects.toMatchObject({
      code: 'service-unreachable',
      message: 'Kinesis refused 1 record(s) 20 times.',
    });
    await clock.advance(200_000);
    await failed;

    expect(calls).toHaveLength(20);
  });

  it('told to stop while records are refused, counts only what went in', async () => {
    const { deps, clock } = givenStream([0, 1]);
    const stop = new AbortController();
    let count = 0;

    const done = putRecords(deps, 'events', records(5), {
      signal: stop.signal,
      onPut: (more) => {
        count += more;
      },
    });
    await clock.advance(10);
    stop.abort();
    await done;

    expect(count).toBe(3);
    expect(clock.pendingCount).toBe(0);
  });

  it('keeps the pace it is given', async () => {
    const { deps, clock, put } = givenStream();

    const done = putRecords(deps, 'events', records(40), { ratePerSecond: 10, recordsPerCallMax: 10 });
    await clock.advance(999);
    expect(put).toHaveLength(10);
    await clock.advance(1);
    expect(put).toHaveLength(20);
    await clock.advance(3_000);
    await done;
    expect(put).toHaveLength(40);
  });
});

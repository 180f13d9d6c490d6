/** Enhanced fan-out as an engine that others wrote serves it: what the suite on our own server cannot know, a second
 *  opinion on the protocol. */
import {
  CreateStreamCommand,
  type KinesisClient,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listShards } from '../../src/source/list-shards.ts';
import { openReader, type ReaderOptions } from '../../src/source/open-reader.ts';
import type { RecordPage } from '../../src/source/record.ts';
import { StreamConsumer } from '../../src/source/stream-consumer.ts';
import { systemClock, systemRandom } from '../../src/time.ts';
import { nameInRun } from './engine-from-env.ts';

const SHARD = 'shardId-000000000000';
const NEVER = new AbortController().signal;

const textsOf = (page: RecordPage): string[] =>
  page.records.map(({ data }) => new TextDecoder().decode(data));

export interface FanOutUnderTest {
  readonly kinesis: KinesisClient;
  /** Subscribes with it. */
  readonly streaming: KinesisClient;
  stop(): Promise<void>;
}

/** Where an engine is not as Kinesis is. */
export interface FanOutHabits {
  /** A second subscription within 5 s is refused. */
  readonly refusesSecond: boolean;
}

export function fanOutContract(
  engine: string,
  start: () => Promise<FanOutUnderTest>,
  { refusesSecond }: FanOutHabits,
): void {
  describe(`fan-out from ${engine}`, () => {
    let running: FanOutUnderTest;
    let worlds = 0;
    const controllers: AbortController[] = [];

    beforeAll(async () => {
      running = await start();
    });
    afterAll(async () => {
      for (const controller of controllers) controller.abort();
      await running?.stop();
    });

    async function givenStream() {
      worlds += 1;
      const stream = nameInRun(`fan-out-${worlds}`);
      const { kinesis } = running;
      const deps = { kinesis, clock: systemClock, random: systemRandom };
      const untilShards = async (count: number): Promise<void> => {
        for (let tries = 0; tries < 200; tries += 1) {
          if ((await listShards(deps, stream, NEVER).catch(() => [])).length >= count) return;
          await systemClock.sleep(25);
        }
        throw new Error(`the engine shows no ${count} shards`);
      };
      await kinesis.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }));
      await untilShards(1);
      return {
        stream,
        put: async (text: string): Promise<string> => {
          const Data = new TextEncoder().encode(text);
          const put = new PutRecordCommand({ StreamName: stream, Data, PartitionKey: 'key' });
          return (await kinesis.send(put)).SequenceNumber ?? '';
        },
        split: async (): Promise<void> => {
          const NewStartingHashKey = String(2n ** 126n);
          await kinesis.send(
            new SplitShardCommand({ StreamName: stream, ShardToSplit: SHARD, NewStartingHashKey }),
          );
          await untilShards(3);
        },
      };
    }

    function givenReader(stream: string, options: Partial<ReaderOptions> = {}) {
      const failures: string[] = [];
      const silent = (): void => {};
      const deps = {
        kinesis: running.kinesis,
        kinesisStreaming: running.streaming,
        clock: systemClock,
        random: systemRandom,
        log: { debug: silent, info: silent, warn: silent, error: silent },
        metrics: {
          recordsRead: silent,
          readFailed: (name: string) => void failures.push(name),
          gapFound: () => void failures.push('gap'),
        },
      };
      const stopping = new AbortController();
      controllers.push(stopping);
      const reader = openReader(deps, {
        stream,
        shardId: SHARD,
        startAt: 'TRIM_HORIZON',
        consumer: new StreamConsumer(deps, { stream, consumerName: 'meter' }),
        idleBetweenReadsMs: 200,
        ...options,
      });
      const next = async (): Promise<RecordPage> => {
        const page = await reader.next(stopping.signal);
        if (typeof page === 'string') throw new Error(`no page but ${page}; ${failures}`);
        return page;
      };
      const read = async (count: number): Promise<string[]> => {
        const texts: string[] = [];
        while (texts.length < count) texts.push(...textsOf(await next()));
        return texts;
      };
      return { stopping, next, read, failures };
    }

    it('registers the consumer and brings what is there, what comes, and that it is caught up', async () => {
      const { stream, put } = await givenStream();
      for (const text of ['a', 'b', 'c']) await put(text);
      const { read, next, failures } = givenReader(stream);

      const early = await read(3);
      await put('late');

      expect([early, await read(1)]).toEqual([['a', 'b', 'c'], ['late']]);
      expect((await next()).isAtTip).toBe(true);
      expect(failures).toEqual([]);
    });

    it('begins at a checkpoint; taken over, the next reader goes on where it was told to', async () => {
      const { stream, put } = await givenStream();
      await put('a');
      const sequenceNumber = await put('b');
      await put('c');
      const startAt = { sequenceNumber, subSequenceNumber: 0 };
      const first = givenReader(stream, { startAt });
      expect(await first.read(2)).toEqual(['b', 'c']);
      first.stopping.abort();

      // Within 5 s of the first reader's call Kinesis refuses.
      const second = givenReader(stream, { startAt });

      expect(await second.read(2)).toEqual(['b', 'c']);
      expect(new Set(second.failures)).toEqual(new Set(refusesSecond ? ['ResourceInUseException'] : []));
    });

    it('names no end of a closed shard: polling finds it', async () => {
      const { stream, put, split } = await givenStream();
      await put('last');
      const { next, failures } = givenReader(stream, { endCheckEveryMs: 2_000 });
      const texts = textsOf(await next());
      await split();
      let page = await next();
      while (!page.shardEnd) page = await next();
      texts.push(...textsOf(page));

      expect(texts).toEqual(['last']);
      expect(page.shardEnd.childShards).toHaveLength(2);
      expect(failures).toEqual([]);
    });
  });
}

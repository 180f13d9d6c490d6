/** The Kinesis calls that reading needs, each under a signal and a deadline. */
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  type ListShardsCommandOutput,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { Clock } from '../time.ts';
import { withDeadline } from './with-deadline.ts';

/** What we use of the SDK's client. */
export type KinesisSender = Pick<KinesisClient, 'send'>;

/** All attempts of one call together: 3 of 10 s, and their pauses. Unit: ms. */
export const CALL_DEADLINE_MS = 35_000;

export class KinesisReader {
  private readonly kinesis: KinesisSender;
  private readonly clock: Clock;

  constructor(kinesis: KinesisSender, clock: Clock) {
    this.kinesis = kinesis;
    this.clock = clock;
  }

  async getShardIterator(input: GetShardIteratorCommandInput, signal: AbortSignal): Promise<string> {
    const answer = await this.bounded(signal, (abortSignal) =>
      this.kinesis.send(new GetShardIteratorCommand(input), { abortSignal }),
    );
    if (answer.ShardIterator) return answer.ShardIterator;
    throw Object.assign(new Error('an answer without an iterator'), { name: 'InternalFailureException' });
  }

  getRecords(iterator: string, limit: number, signal: AbortSignal): Promise<GetRecordsCommandOutput> {
    return this.bounded(signal, (abortSignal) =>
      this.kinesis.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: limit }), { abortSignal }),
    );
  }

  listShards(input: ListShardsCommandInput, signal: AbortSignal): Promise<ListShardsCommandOutput> {
    return this.bounded(signal, (abortSignal) =>
      this.kinesis.send(new ListShardsCommand(input), { abortSignal }),
    );
  }

  async describeStream(stream: string, signal: AbortSignal): Promise<Partial<StreamDescriptionSummary>> {
    const answer = await this.bounded(signal, (abortSignal) =>
      this.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }), { abortSignal }),
    );
    return answer.StreamDescriptionSummary ?? {};
  }

  private bounded<T>(signal: AbortSignal, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.clock, CALL_DEADLINE_MS, signal, call);
  }
}

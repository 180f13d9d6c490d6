import type { GetRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import { classify, errorName } from '../errors.ts';
import { type RetryDeps, untilDone } from '../retry.ts';
import { KinesisReader, type KinesisSender } from './kinesis-reader.ts';

/** Kinesis knows the shard or the record no more. */
const GONE = new Set(['ResourceNotFoundException', 'InvalidArgumentException']);

/** The bytes of one record, read again; undefined when retention took it.
 *  @throws `AbortError` when `signal` aborts; whatever is fatal. */
export async function readRecord(
  deps: RetryDeps & { readonly kinesis: KinesisSender },
  { stream, shardId }: { readonly stream: string; readonly shardId: string },
  sequenceNumber: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const reader = new KinesisReader(deps.kinesis, deps.clock);
  const place = { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber } as const;
  const read = async (): Promise<Uint8Array | undefined> => {
    try {
      let iterator: string | undefined = await reader.getShardIterator(
        { StreamName: stream, ShardId: shardId, ...place },
        signal,
      );
      while (iterator) {
        const answer: GetRecordsCommandOutput = await reader.getRecords(iterator, 1, signal);
        const record = answer.Records?.[0];
        if (record) return record.SequenceNumber === sequenceNumber ? record.Data : undefined;
        // An empty page while records are left is no proof.
        iterator = answer.MillisBehindLatest ? answer.NextShardIterator : undefined;
      }
      return undefined;
    } catch (error) {
      if (GONE.has(errorName(error))) return undefined;
      if (classify(error) === 'expired-iterator') return read();
      throw error;
    }
  };
  return untilDone(read, signal, deps);
}

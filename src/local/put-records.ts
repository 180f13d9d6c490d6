import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { MeterError } from '../errors.ts';
import { backoffMs, type Clock, type Random } from '../time.ts';

export interface OutgoingRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

export interface PutDeps {
  readonly kinesis: KinesisClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** Kinesis takes 500 records a call; the embedded engine is quicker with fewer. */
const RECORDS_PER_CALL_MAX = 100;
/** Kinesis takes 5 MB a call, keys included. */
const CALL_MAX_BYTES = 4_500_000;
const ATTEMPTS_MAX = 20;

function* batches(records: readonly OutgoingRecord[], recordsMax: number): Generator<OutgoingRecord[]> {
  let batch: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.data.length + record.partitionKey.length;
    if (batch.length > 0 && (batch.length >= recordsMax || bytes + size > CALL_MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Answers how many went in: all, unless it was told to stop. */
async function putBatch(
  deps: PutDeps,
  stream: string,
  batch: OutgoingRecord[],
  signal?: AbortSignal,
): Promise<number> {
  let waiting = batch;
  for (let attempt = 0; waiting.length > 0 && !signal?.aborted; attempt += 1) {
    if (attempt === ATTEMPTS_MAX)
      throw new MeterError(
        'service-unreachable',
        `Kinesis refused ${waiting.length} record(s) ${ATTEMPTS_MAX} times.`,
      );
    if (attempt > 0) await deps.clock.sleep(backoffMs(attempt, deps.random, 100, 5_000), signal);
    const answer = await deps.kinesis.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: waiting.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
      }),
    );
    waiting = waiting.filter((_, index) => answer.Records?.[index]?.ErrorCode !== undefined);
  }
  return batch.length - waiting.length;
}

/** Puts records in order, in batches; what Kinesis refuses is put again. `onPut` hears of each batch.
 *  `ratePerSecond` bounds the pace; undefined is as fast as it goes.
 *  @throws MeterError `service-unreachable` when records are refused again and again. */
export async function putRecords(
  deps: PutDeps,
  stream: string,
  records: readonly OutgoingRecord[],
  options: {
    readonly signal?: AbortSignal;
    readonly ratePerSecond?: number;
    /** Default 100. */
    readonly recordsPerCallMax?: number;
    readonly onPut?: (count: number) => void;
  } = {},
): Promise<void> {
  const { signal, ratePerSecond, onPut } = options;
  const startedAtMs = deps.clock.monotonicMs();
  let done = 0;
  for (const batch of batches(records, options.recordsPerCallMax ?? RECORDS_PER_CALL_MAX)) {
    if (signal?.aborted) return;
    const count = await putBatch(deps, stream, batch, signal);
    done += count;
    onPut?.(count);
    const aheadMs = ratePerSecond
      ? (done / ratePerSecond) * 1000 - (deps.clock.monotonicMs() - startedAtMs)
      : 0;
    if (aheadMs > 0) await deps.clock.sleep(aheadMs, signal);
  }
}

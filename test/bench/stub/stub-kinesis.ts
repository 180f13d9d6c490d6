/** The part of Kinesis that reading needs, on the wire: records are kept as the JSON they are answered in, so that
 *  a page is a join of texts. Limits as AWS has them per shard: 5 reads and 2 MB a second.
 *  Source: Kinesis developer guide, "Quotas and limits"; API reference, GetRecords. */
import { systemClock } from '../../../src/time.ts';
import type { Load } from './make-load.ts';
import { WireError } from './wire-error.ts';

export interface KinesisOptions {
  readonly stream: string;
  /** Records that arrive in a second, over all shards; 0: all are there from the start. */
  readonly arrivalsPerSecond: number;
  /** Those that are there from the start came evenly within this time before it. */
  readonly backlogSeconds: number;
  readonly isLimited: boolean;
}

interface StubRecord {
  readonly index: number;
  /** JSON up to the arrival's value. */
  readonly head: string;
  readonly bytes: number;
}

interface StubShard {
  readonly id: string;
  readonly records: readonly StubRecord[];
  /** What may still be read now; below 0 after a large page. */
  budgetBytes: number;
  budgetAtMs: number;
  readAtMs: number[];
  /** Wall ms of the first and the last page that held records. */
  firstPageAtMs: number | undefined;
  lastPageAtMs: number;
  bytesRead: number;
  lastPageBytes: number;
}

type Input = Readonly<Record<string, unknown>>;

export const FIRST_SEQUENCE_NUMBER = 49590338271490256608559692538361571095921575989136588898n;
const HASH_KEYS = 2n ** 128n;
export const RECORDS_MAX = 10_000;
export const PAGE_BYTES_MAX = 10 * 1024 * 1024;
const BYTES_PER_SECOND = 2 * 1024 * 1024;
const READS_PER_SECOND = 5;

export const sequenceNumber = (index: number): string => String(FIRST_SEQUENCE_NUMBER + BigInt(index));
export const shardIdOf = (number: number): string => `shardId-${String(number).padStart(12, '0')}`;

export class StubKinesis {
  /** Wall ms of the first page that held records. */
  firstReadAtMs: number | undefined;
  recordsRead = 0;
  refusedReads = 0;
  /** Of all records, keys included. */
  readonly bytes: number;
  private readonly options: KinesisOptions;
  private readonly records: number;
  private readonly shards: readonly StubShard[];
  private readonly createdAtMs = systemClock.wallMs();
  private readonly arrivalsFromMs: () => number;
  private startedAtMs: number | undefined;

  constructor(load: Load, options: KinesisOptions) {
    this.options = options;
    this.records = load.records;
    // Records begin to arrive when somebody first asks for some.
    this.arrivalsFromMs = () => {
      this.startedAtMs ??= systemClock.wallMs();
      return this.startedAtMs;
    };
    this.shards = load.shards.map((records, number) => ({
      id: shardIdOf(number),
      records: records.map(({ index, partitionKey, text }) => ({
        index,
        head: `{"Data":"${Buffer.from(text).toString('base64')}","PartitionKey":"${partitionKey}","SequenceNumber":"${sequenceNumber(index)}","ApproximateArrivalTimestamp":`,
        bytes: Buffer.byteLength(text) + partitionKey.length,
      })),
      budgetBytes: BYTES_PER_SECOND,
      budgetAtMs: systemClock.monotonicMs(),
      readAtMs: [],
      firstPageAtMs: undefined,
      lastPageAtMs: 0,
      bytesRead: 0,
      lastPageBytes: 0,
    }));
    this.bytes = this.shards.reduce(
      (sum, { records }) => records.reduce((inShard, { bytes }) => inShard + bytes, sum),
      0,
    );
  }

  /** The answer's JSON. @throws WireError */
  perform(operation: string, input: Input): string {
    switch (operation) {
      case 'GetRecords':
        return this.getRecords(input);
      case 'GetShardIterator':
        return this.getShardIterator(input);
      case 'ListShards':
        return this.listShards(input);
      case 'DescribeStreamSummary':
        return this.describe(input);
      default:
        throw new WireError('UnknownOperationException', `the stub of Kinesis knows no ${operation}`);
    }
  }

  /** When a record came or will come. Wall ms. */
  arrivedAtMs(index: number): number {
    const { arrivalsPerSecond, backlogSeconds } = this.options;
    if (arrivalsPerSecond === 0)
      return this.createdAtMs - Math.round(backlogSeconds * 1_000 * (1 - index / this.records));
    return this.arrivalsFromMs() + (index * 1_000) / arrivalsPerSecond;
  }

  private shard(id: unknown): StubShard {
    const shard = this.shards.find((each) => each.id === id);
    if (!shard) throw new WireError('ResourceNotFoundException', `there is no shard ${String(id)}`);
    return shard;
  }

  private requireStream(name: unknown): void {
    if (name !== this.options.stream)
      throw new WireError('ResourceNotFoundException', `there is no stream ${String(name)}`);
  }

  private describe({ StreamName }: Input): string {
    this.requireStream(StreamName);
    return JSON.stringify({
      StreamDescriptionSummary: {
        StreamName,
        StreamARN: `arn:aws:kinesis:us-east-1:123456789012:stream/${String(StreamName)}`,
        StreamStatus: 'ACTIVE',
        RetentionPeriodHours: 24,
        StreamCreationTimestamp: this.createdAtMs / 1_000,
        EnhancedMonitoring: [],
        OpenShardCount: this.shards.length,
      },
    });
  }

  private listShards({ StreamName }: Input): string {
    this.requireStream(StreamName);
    const width = HASH_KEYS / BigInt(this.shards.length);
    return JSON.stringify({
      Shards: this.shards.map(({ id }, number) => ({
        ShardId: id,
        HashKeyRange: {
          StartingHashKey: String(BigInt(number) * width),
          EndingHashKey: String(
            number === this.shards.length - 1 ? HASH_KEYS - 1n : BigInt(number + 1) * width - 1n,
          ),
        },
        SequenceNumberRange: { StartingSequenceNumber: String(FIRST_SEQUENCE_NUMBER) },
      })),
    });
  }

  private getShardIterator({ StreamName, ShardId, ...input }: Input): string {
    this.requireStream(StreamName);
    const shard = this.shard(ShardId);
    return JSON.stringify({ ShardIterator: `${shard.id}|${this.startOf(shard, input)}` });
  }

  /** Place in the shard's records. */
  private startOf({ records }: StubShard, input: Input): number {
    const after = (isBefore: (record: StubRecord) => boolean): number => {
      let [low, high] = [0, records.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (isBefore(records[middle] as StubRecord)) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const isPast = ({ index }: StubRecord, atMs: number): boolean => this.arrivedAtMs(index) < atMs;
    switch (input['ShardIteratorType']) {
      case 'TRIM_HORIZON':
        return 0;
      case 'LATEST':
        return after((record) => isPast(record, systemClock.wallMs()));
      case 'AT_TIMESTAMP':
        return after((record) => isPast(record, Number(input['Timestamp']) * 1_000));
      default: {
        const from = Number(BigInt(String(input['StartingSequenceNumber'])) - FIRST_SEQUENCE_NUMBER);
        const isAfter = input['ShardIteratorType'] === 'AFTER_SEQUENCE_NUMBER';
        return after(({ index }) => (isAfter ? index <= from : index < from));
      }
    }
  }

  private getRecords({ ShardIterator, Limit = RECORDS_MAX }: Input): string {
    const [id, from] = String(ShardIterator).split('|');
    const shard = this.shard(id);
    this.limit(shard);
    const nowMs = systemClock.wallMs();
    const end = Math.min(shard.records.length, Number(from) + Math.min(Number(Limit), RECORDS_MAX));
    const page: string[] = [];
    let at = Number(from);
    let bytes = 0;
    for (; at < end; at += 1) {
      const { index, head, bytes: size } = shard.records[at] as StubRecord;
      const arrivedAtMs = this.arrivedAtMs(index);
      if (arrivedAtMs > nowMs || bytes + size > PAGE_BYTES_MAX) break;
      bytes += size;
      page.push(`${head}${arrivedAtMs / 1_000}}`);
    }
    shard.budgetBytes -= bytes;
    if (page.length > 0) this.note(shard, page.length, bytes, nowMs);
    return `{"Records":[${page.join(',')}],"NextShardIterator":"${shard.id}|${at}","MillisBehindLatest":${this.lagMs(shard, at, nowMs)}}`;
  }

  private note(shard: StubShard, count: number, bytes: number, nowMs: number): void {
    this.firstReadAtMs ??= nowMs;
    this.recordsRead += count;
    shard.firstPageAtMs ??= nowMs;
    shard.lastPageAtMs = nowMs;
    shard.bytesRead += bytes;
    shard.lastPageBytes = bytes;
  }

  /** Bytes read a second, of each shard that gave more than one page. */
  get bytesPerSecondOfShards(): readonly number[] {
    // The last page is not paid for with time any more.
    return this.shards
      .filter(({ firstPageAtMs, lastPageAtMs }) => lastPageAtMs > (firstPageAtMs ?? lastPageAtMs))
      .map(
        ({ firstPageAtMs = 0, lastPageAtMs, bytesRead, lastPageBytes }) =>
          ((bytesRead - lastPageBytes) * 1_000) / (lastPageAtMs - firstPageAtMs),
      );
  }

  private lagMs({ records }: StubShard, at: number, nowMs: number): number {
    const next = records[at];
    if (!next || this.arrivedAtMs(next.index) > nowMs) return 0;
    return Math.max(1, Math.round(nowMs - this.arrivedAtMs(next.index)));
  }

  /** @throws WireError as AWS does when a shard is read too much. */
  private limit(shard: StubShard): void {
    if (!this.options.isLimited) return;
    const nowMs = systemClock.monotonicMs();
    const refill = ((nowMs - shard.budgetAtMs) / 1_000) * BYTES_PER_SECOND;
    shard.budgetBytes = Math.min(BYTES_PER_SECOND, shard.budgetBytes + refill);
    shard.budgetAtMs = nowMs;
    shard.readAtMs = shard.readAtMs.filter((atMs) => atMs > nowMs - 1_000);
    if (shard.budgetBytes > 0 && shard.readAtMs.length < READS_PER_SECOND) {
      shard.readAtMs.push(nowMs);
      return;
    }
    this.refusedReads += 1;
    throw new WireError('ProvisionedThroughputExceededException', `Rate exceeded for shard ${shard.id}`);
  }
}

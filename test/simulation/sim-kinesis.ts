/** Kinesis in memory: shards, records, iterators that expire, reshards, retention. It answers at once what the
 *  service would answer; delays and faults are its callers' matter. Time is the given clock's.
 *  test/contract/simulation holds it against a real engine. */
import {
  type _Record,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandInput,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  ListShardsCommand,
  type ListShardsCommandInput,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { Clock } from '../../src/time.ts';

const ITERATOR_LIVES_MS = 300_000;
const FIRST_SEQUENCE_NUMBER = 49590338271490256608559692538361571095921575989136588898n;
const HASH_KEYS = 2n ** 128n;
const READS_PER_SECOND_MAX = 5;
const RECORDS_PER_READ_MAX = 10_000;

export type StoredRecord = _Record & { readonly SequenceNumber: string };

export interface SimShard {
  readonly id: string;
  readonly parents: readonly string[];
  readonly range: readonly [bigint, bigint];
  readonly startsAt: bigint;
  endsAt?: bigint;
  /** Oldest first. */
  records: StoredRecord[];
  /** Of `records`. */
  numbers: bigint[];
  /** Monotonic ms of the last reads. */
  readAtMs: number[];
}

/** What an engine may leave out, by seed. */
export interface KinesisHabits {
  readonly stream: string;
  readonly shards: number;
  /** Most records of a page, whatever the caller's limit. */
  pageMax: number;
  /** Most shards of one listed page. */
  shardsPerPage: number;
  /** False: as engines that never name children at a shard's end. */
  namesChildren: boolean;
  /** False: as engines that know no MillisBehindLatest. */
  knowsLag: boolean;
  /** True: as engines that compute the lag from arrival times, so that a full page of one ms has none. */
  lagIsAlwaysZero: boolean;
  /** True: 5 GetRecords a second per shard, as on AWS. */
  isLimited: boolean;
}

export const HABITS: KinesisHabits = {
  stream: 'supersim-events',
  shards: 1,
  pageMax: RECORDS_PER_READ_MAX,
  shardsPerPage: 100,
  namesChildren: true,
  knowsLag: true,
  lagIsAlwaysZero: false,
  isLimited: false,
};

const NAMES_OF_SERVER_FAULTS = new Set(['InternalFailureException', 'ServiceUnavailable']);

/** An error as the SDK would throw it. */
export const awsError = (name: string, extra: object = {}): Error =>
  Object.assign(new Error(`simulated ${name}`), {
    name,
    $metadata: {},
    $fault: NAMES_OF_SERVER_FAULTS.has(name) ? 'server' : 'client',
    ...extra,
  });

/** Index of the first number that is not less than `from`. */
function firstNotLess(numbers: readonly bigint[], from: bigint): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as bigint) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class SimKinesis {
  readonly habits: KinesisHabits;
  private readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  private readonly createdAtMs: number;
  private readonly byId = new Map<string, SimShard>();
  private nextSequenceNumber = FIRST_SEQUENCE_NUMBER;
  private nextShardNumber = 0;

  constructor(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>, habits: Partial<KinesisHabits> = {}) {
    this.clock = clock;
    this.habits = { ...HABITS, ...habits };
    this.createdAtMs = clock.wallMs();
    const count = BigInt(this.habits.shards);
    const width = HASH_KEYS / count;
    for (let n = 0n; n < count; n += 1n)
      this.addShard([], [n * width, n === count - 1n ? HASH_KEYS - 1n : (n + 1n) * width - 1n]);
  }

  shardId(number: number): string {
    return `shardId-${String(number).padStart(12, '0')}`;
  }

  /** Every shard within retention, closed ones too. */
  shards(): readonly SimShard[] {
    return [...this.byId.values()];
  }

  /** @throws ResourceNotFoundException. */
  shard(shardId: string): SimShard {
    const shard = this.byId.get(shardId);
    if (!shard) throw awsError('ResourceNotFoundException');
    return shard;
  }

  /** Where the shard begins. */
  firstSequenceNumber(shardId: string): string {
    return String(this.shard(shardId).startsAt);
  }

  /** Appends a record and returns its sequence number. */
  put(data: string | Uint8Array, shardId = this.shardId(0), partitionKey = 'key'): string {
    const shard = this.shard(shardId);
    if (shard.endsAt !== undefined) throw new Error(`${shardId} is closed`);
    const number = this.takeSequenceNumber();
    shard.numbers.push(number);
    shard.records.push({
      SequenceNumber: String(number),
      PartitionKey: partitionKey,
      ApproximateArrivalTimestamp: new Date(this.clock.wallMs()),
      Data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
    });
    return String(number);
  }

  /** Closes the shard in favour of two halves; returns their ids. */
  split(shardId: string): string[] {
    const shard = this.shard(shardId);
    const [from, to] = shard.range;
    const middle = (from + to) / 2n;
    shard.endsAt = this.takeSequenceNumber();
    return [this.addShard([shardId], [from, middle]), this.addShard([shardId], [middle + 1n, to])];
  }

  /** Closes two neighbours in favour of one; returns its id. */
  merge(shardId: string, adjacentShardId: string): string {
    const [left, right] = [this.shard(shardId), this.shard(adjacentShardId)];
    left.endsAt = this.takeSequenceNumber();
    right.endsAt = this.takeSequenceNumber();
    return this.addShard([shardId, adjacentShardId], [left.range[0], right.range[1]]);
  }

  /** Forgets the oldest `count` records, as retention does. */
  trim(shardId: string, count: number): StoredRecord[] {
    const shard = this.shard(shardId);
    shard.numbers.splice(0, count);
    return shard.records.splice(0, count);
  }

  /** The shard's retention ended: it is in no listing and no call knows it. */
  expireShard(shardId: string): void {
    this.byId.delete(shardId);
  }

  /** Answers a command of the SDK's at once. `isEmptyPage`: a page without records although there are some. */
  apply(command: unknown, { isEmptyPage = false } = {}): object {
    if (command instanceof GetRecordsCommand) return this.getRecords(command.input, isEmptyPage);
    if (command instanceof GetShardIteratorCommand) return this.getShardIterator(command.input);
    if (command instanceof ListShardsCommand) return this.listShards(command.input);
    if (command instanceof DescribeStreamSummaryCommand) return this.describe(command.input.StreamName);
    throw new Error(`the simulated Kinesis knows no ${(command as object).constructor.name}`);
  }

  /** Which shard an iterator reads. */
  shardOf(iterator: string | undefined): string {
    return (iterator ?? '').split('|')[0] ?? '';
  }

  private describe(name: string | undefined): object {
    if (name !== this.habits.stream) throw awsError('ResourceNotFoundException');
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: `arn:aws:kinesis:us-east-1:123456789012:stream/${name}`,
        StreamStatus: 'ACTIVE',
        StreamCreationTimestamp: new Date(this.createdAtMs),
        OpenShardCount: this.shards().filter(({ endsAt }) => endsAt === undefined).length,
      },
      $metadata: {},
    };
  }

  private getShardIterator(input: GetShardIteratorCommandInput): {
    ShardIterator: string;
    $metadata: object;
  } {
    const shard = this.shard(input.ShardId ?? '');
    return { ShardIterator: this.iteratorAt(shard, this.startOf(shard, input)), $metadata: {} };
  }

  /** The least sequence number that the iterator may return. */
  private startOf(shard: SimShard, input: GetShardIteratorCommandInput): bigint {
    const { ShardIteratorType: type, StartingSequenceNumber, Timestamp } = input;
    if (type === 'TRIM_HORIZON') return 0n;
    if (type === 'LATEST') return this.nextSequenceNumber;
    if (type === 'AT_TIMESTAMP') {
      const atMs = Timestamp?.getTime() ?? Number.NaN;
      const found = shard.records.find(
        (record) => (record.ApproximateArrivalTimestamp?.getTime() ?? 0) >= atMs,
      );
      return found ? BigInt(found.SequenceNumber) : this.nextSequenceNumber;
    }
    const from = BigInt(StartingSequenceNumber ?? '-1');
    if (from < shard.startsAt || from >= (shard.endsAt ?? this.nextSequenceNumber))
      throw awsError('InvalidArgumentException');
    return type === 'AT_SEQUENCE_NUMBER' ? from : from + 1n;
  }

  private getRecords(input: GetRecordsCommandInput, isEmptyPage: boolean): GetRecordsCommandOutput {
    const { ShardIterator, Limit = RECORDS_PER_READ_MAX } = input;
    const [shardId = '', from = '', madeAt = ''] = (ShardIterator ?? '').split('|');
    const shard = this.shard(shardId);
    const { habits } = this;
    if (this.clock.monotonicMs() - Number(madeAt) > ITERATOR_LIVES_MS)
      throw awsError('ExpiredIteratorException');
    if (habits.isLimited && !this.mayRead(shard)) throw awsError('ProvisionedThroughputExceededException');
    const start = firstNotLess(shard.numbers, BigInt(from));
    const to = isEmptyPage ? start : start + Math.min(Limit, habits.pageMax);
    const records = shard.records.slice(start, to);
    const next = shard.records[start + records.length];
    const isEnd = shard.endsAt !== undefined && next === undefined;
    const continued = records.length > 0 ? (shard.numbers[start + records.length - 1] as bigint) + 1n : from;
    return {
      Records: records,
      ...(isEnd ? {} : { NextShardIterator: this.iteratorAt(shard, continued) }),
      ...(habits.knowsLag ? { MillisBehindLatest: habits.lagIsAlwaysZero ? 0 : this.lagMs(next) } : {}),
      ...(isEnd && habits.namesChildren ? { ChildShards: this.childrenOf(shardId) } : {}),
      $metadata: {},
    };
  }

  private lagMs(next: StoredRecord | undefined): number {
    if (!next) return 0;
    return Math.max(1, this.clock.wallMs() - (next.ApproximateArrivalTimestamp?.getTime() ?? 0));
  }

  private mayRead(shard: SimShard): boolean {
    const nowMs = this.clock.monotonicMs();
    shard.readAtMs = shard.readAtMs.filter((atMs) => atMs > nowMs - 1_000);
    shard.readAtMs.push(nowMs);
    return shard.readAtMs.length <= READS_PER_SECOND_MAX;
  }

  private listShards({ StreamName, NextToken }: ListShardsCommandInput): ListShardsCommandOutput {
    if ((StreamName === undefined) === (NextToken === undefined)) throw awsError('InvalidArgumentException');
    if (StreamName !== undefined && StreamName !== this.habits.stream)
      throw awsError('ResourceNotFoundException');
    const from = Number(NextToken ?? 0);
    const all = this.shards();
    const to = from + this.habits.shardsPerPage;
    return {
      Shards: all.slice(from, to).map(describeShard),
      ...(to < all.length ? { NextToken: String(to) } : {}),
      $metadata: {},
    };
  }

  private childrenOf(shardId: string) {
    return this.shards()
      .filter(({ parents }) => parents.includes(shardId))
      .map((child) => ({
        ShardId: child.id,
        ParentShards: [...child.parents],
        HashKeyRange: { StartingHashKey: String(child.range[0]), EndingHashKey: String(child.range[1]) },
      }));
  }

  private iteratorAt(shard: SimShard, from: bigint | string): string {
    return `${shard.id}|${from}|${this.clock.monotonicMs()}`;
  }

  private addShard(parents: readonly string[], range: readonly [bigint, bigint]): string {
    const id = this.shardId(this.nextShardNumber++);
    const startsAt = this.takeSequenceNumber();
    this.byId.set(id, { id, parents, range, startsAt, records: [], numbers: [], readAtMs: [] });
    return id;
  }

  private takeSequenceNumber(): bigint {
    this.nextSequenceNumber += 1n;
    return this.nextSequenceNumber - 1n;
  }
}

const describeShard = ({ id, parents, range, startsAt, endsAt }: SimShard): Shard => ({
  ShardId: id,
  ParentShardId: parents[0],
  AdjacentParentShardId: parents[1],
  HashKeyRange: { StartingHashKey: String(range[0]), EndingHashKey: String(range[1]) },
  SequenceNumberRange: {
    StartingSequenceNumber: String(startsAt),
    ...(endsAt === undefined ? {} : { EndingSequenceNumber: String(endsAt) }),
  },
});

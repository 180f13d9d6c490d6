/** Kinesis in memory: shards, records, iterators that expire, reshards, and faults on demand. Time is the given
 *  clock's. It answers GetShardIterator, GetRecords and ListShards as the SDK's client would. */
import {
  type _Record,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  ListShardsCommand,
  type ListShardsCommandInput,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { KinesisSender } from '../../src/source/kinesis-reader.ts';
import type { Clock } from '../../src/time.ts';

const ITERATOR_LIVES_MS = 300_000;
const FIRST_SEQUENCE_NUMBER = 49590338271490256608559692538361571095921575989136588898n;
const HASH_KEYS = 2n ** 128n;

export type Operation = 'GetShardIterator' | 'GetRecords' | 'ListShards';

export interface Call {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

interface FakeShard {
  readonly id: string;
  readonly parents: readonly string[];
  readonly range: readonly [bigint, bigint];
  readonly startsAt: bigint;
  endsAt?: bigint;
  records: (_Record & { SequenceNumber: string })[];
}

export const awsError = (name: string, extra: object = {}): Error =>
  Object.assign(new Error(`fake ${name}`), { name, $metadata: {}, $fault: 'client', ...extra });

export class FakeKinesis {
  readonly calls: Call[] = [];
  /** Most records of a page, whatever the caller's limit. */
  pageMax = 10_000;
  /** Most shards of one listed page. */
  shardsPerPage = 100;
  /** False: as engines that never name children at a shard's end. */
  namesChildren = true;
  /** False: as engines that know no MillisBehindLatest. */
  knowsLag = true;
  /** True: as engines that compute the lag from arrival times, so that a full page of one ms has none. */
  lagIsAlwaysZero = false;
  /** True: 5 GetRecords a second per shard, as on AWS. */
  isLimited = false;
  private readonly clock: Clock;
  private readonly stream: string;
  private readonly shards = new Map<string, FakeShard>();
  private readonly faults: { operation: Operation; error: Error | 'hang' | 'empty-page' | 'no-iterator' }[] =
    [];
  private nextSequenceNumber = FIRST_SEQUENCE_NUMBER;

  constructor(clock: Clock, { stream = 'supersim-events', shards = 1 } = {}) {
    this.clock = clock;
    this.stream = stream;
    const width = HASH_KEYS / BigInt(shards);
    for (let n = 0n; n < shards; n += 1n)
      this.addShard([], [n * width, n === BigInt(shards) - 1n ? HASH_KEYS - 1n : (n + 1n) * width - 1n]);
  }

  /** The client to hand to the code under test. */
  get client(): KinesisSender {
    return this as unknown as KinesisSender;
  }

  shardId(number: number): string {
    return `shardId-${String(number).padStart(12, '0')}`;
  }

  /** Where the shard begins. */
  firstSequenceNumber(shardId: string): string {
    return String(this.shard(shardId).startsAt);
  }

  /** Appends a record and returns its sequence number. */
  put(data: string | Uint8Array, shardId = this.shardId(0), partitionKey = 'key'): string {
    const shard = this.shard(shardId);
    if (shard.endsAt !== undefined) throw new Error(`${shardId} is closed`);
    const sequenceNumber = String(this.takeSequenceNumber());
    shard.records.push({
      SequenceNumber: sequenceNumber,
      PartitionKey: partitionKey,
      ApproximateArrivalTimestamp: new Date(this.clock.wallMs()),
      Data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
    });
    return sequenceNumber;
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
  trim(shardId: string, count: number): void {
    this.shard(shardId).records.splice(0, count);
  }

  /** The shard's retention ended: it is in no listing and no call knows it. */
  expireShard(shardId: string): void {
    this.shards.delete(shardId);
  }

  /** The next call of `operation` goes wrong in this way; faults queue up. */
  failNext(operation: Operation, ...errors: (Error | 'hang' | 'empty-page' | 'no-iterator')[]): void {
    this.faults.push(...errors.map((error) => ({ operation, error })));
  }

  callsOf(operation: Operation): Call[] {
    return this.calls.filter((call) => call.operation === operation);
  }

  async send(command: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<unknown> {
    await Promise.resolve();
    if (abortSignal?.aborted) throw awsError('AbortError');
    if (command instanceof GetShardIteratorCommand)
      return this.run('GetShardIterator', command.input, abortSignal, () =>
        this.getShardIterator(command.input),
      );
    if (command instanceof GetRecordsCommand)
      return this.run('GetRecords', command.input, abortSignal, (fault) =>
        this.getRecords(command.input, fault),
      );
    if (command instanceof ListShardsCommand)
      return this.run('ListShards', command.input, abortSignal, () => this.listShards(command.input));
    throw new Error('the fake knows no such command');
  }

  private async run<T>(
    operation: Operation,
    input: object,
    abortSignal: AbortSignal | undefined,
    answer: (fault: 'empty-page' | 'no-iterator' | undefined) => T,
  ): Promise<T> {
    this.calls.push({ operation, input: { ...input }, atMs: this.clock.monotonicMs() });
    const at = this.faults.findIndex((fault) => fault.operation === operation);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.error;
    if (fault === 'hang')
      return new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(awsError('AbortError')), { once: true }),
      );
    if (fault instanceof Error) throw fault;
    return answer(fault);
  }

  private getShardIterator(input: GetShardIteratorCommandInput): { ShardIterator: string } {
    const shard = this.shard(input.ShardId ?? '');
    return { ShardIterator: this.iteratorAt(shard, this.startOf(shard, input)) };
  }

  /** The least sequence number that the iterator may return. */
  private startOf(shard: FakeShard, input: GetShardIteratorCommandInput): bigint {
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

  private getRecords(
    { ShardIterator, Limit = 10_000 }: { ShardIterator?: string | undefined; Limit?: number | undefined },
    fault: 'empty-page' | 'no-iterator' | undefined,
  ): GetRecordsCommandOutput {
    const [shardId = '', from = '', madeAt = ''] = (ShardIterator ?? '').split('|');
    const shard = this.shard(shardId);
    const nowMs = this.clock.monotonicMs();
    if (nowMs - Number(madeAt) > ITERATOR_LIVES_MS) throw awsError('ExpiredIteratorException');
    if (this.isLimited && this.readsWithin(shardId, 1000) > 5)
      throw awsError('ProvisionedThroughputExceededException');
    const left = shard.records.filter(({ SequenceNumber }) => BigInt(SequenceNumber) >= BigInt(from));
    const records = fault === 'empty-page' ? [] : left.slice(0, Math.min(Limit, this.pageMax));
    const last = records.at(-1);
    const next = left[records.length];
    const isEnd = (shard.endsAt !== undefined && next === undefined) || fault === 'no-iterator';
    const lagMs = next
      ? Math.max(1, this.clock.wallMs() - (next.ApproximateArrivalTimestamp?.getTime() ?? 0))
      : 0;
    const continued = last ? BigInt(last.SequenceNumber) + 1n : BigInt(from);
    return {
      Records: records,
      ...(isEnd ? {} : { NextShardIterator: this.iteratorAt(shard, continued) }),
      ...(this.knowsLag ? { MillisBehindLatest: this.lagIsAlwaysZero ? 0 : lagMs } : {}),
      ...(isEnd && this.namesChildren && fault === undefined
        ? { ChildShards: this.childrenOf(shardId) }
        : {}),
      $metadata: {},
    };
  }

  private listShards({ StreamName, NextToken }: ListShardsCommandInput): ListShardsCommandOutput {
    if ((StreamName === undefined) === (NextToken === undefined)) throw awsError('InvalidArgumentException');
    if (StreamName !== undefined && StreamName !== this.stream) throw awsError('ResourceNotFoundException');
    const from = Number(NextToken ?? 0);
    const all = [...this.shards.values()].map(describe);
    const to = from + this.shardsPerPage;
    return {
      Shards: all.slice(from, to),
      ...(to < all.length ? { NextToken: String(to) } : {}),
      $metadata: {},
    };
  }

  private childrenOf(shardId: string) {
    return [...this.shards.values()]
      .filter(({ parents }) => parents.includes(shardId))
      .map((child) => ({
        ShardId: child.id,
        ParentShards: [...child.parents],
        HashKeyRange: { StartingHashKey: String(child.range[0]), EndingHashKey: String(child.range[1]) },
      }));
  }

  private readsWithin(shardId: string, ms: number): number {
    const sinceMs = this.clock.monotonicMs() - ms;
    return this.callsOf('GetRecords').filter(
      ({ input, atMs }) => atMs > sinceMs && String(input['ShardIterator']).startsWith(`${shardId}|`),
    ).length;
  }

  private iteratorAt(shard: FakeShard, from: bigint): string {
    return `${shard.id}|${from}|${this.clock.monotonicMs()}`;
  }

  private shard(shardId: string): FakeShard {
    const shard = this.shards.get(shardId);
    if (!shard) throw awsError('ResourceNotFoundException');
    return shard;
  }

  private addShard(parents: readonly string[], range: readonly [bigint, bigint]): string {
    const id = this.shardId(this.shards.size);
    this.shards.set(id, { id, parents, range, startsAt: this.takeSequenceNumber(), records: [] });
    return id;
  }

  private takeSequenceNumber(): bigint {
    this.nextSequenceNumber += 1n;
    return this.nextSequenceNumber - 1n;
  }
}

const describe = ({ id, parents, range, startsAt, endsAt }: FakeShard): Shard => ({
  ShardId: id,
  ParentShardId: parents[0],
  AdjacentParentShardId: parents[1],
  HashKeyRange: { StartingHashKey: String(range[0]), EndingHashKey: String(range[1]) },
  SequenceNumberRange: {
    StartingSequenceNumber: String(startsAt),
    ...(endsAt === undefined ? {} : { EndingSequenceNumber: String(endsAt) }),
  },
});

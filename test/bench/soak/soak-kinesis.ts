/** A stream that does not end until it is told to: one load in cycles, each with other sids. All of it is there to be
 *  read, as a backlog of records that came a second ago, but no shard may be more than a few cycles ahead of the
 *  oldest that is not yet checked: what is stored of them is what the stub must hold. */
import { systemClock } from '../../../src/time.ts';
import type { Load } from '../stub/make-load.ts';
import {
  FIRST_SEQUENCE_NUMBER,
  PAGE_BYTES_MAX,
  RECORDS_MAX,
  StubKinesis,
  sequenceNumber,
  shardIdOf,
} from '../stub/stub-kinesis.ts';
import { WireError } from '../stub/wire-error.ts';
import { cutAtCycle, inCycle } from './cycle-sids.ts';

interface CycledRecord {
  readonly index: number;
  readonly pieces: readonly string[];
  readonly keyPieces: readonly string[];
  readonly bytes: number;
}

type Input = Readonly<Record<string, unknown>>;

/** One that is being checked, one that is being read, one that fast shards have begun. */
const OPEN_CYCLES_MAX = 3;
const LAG_MS = 1_000;

export class SoakKinesis {
  /** Wall ms of the first page that held records. */
  firstReadAtMs: number | undefined;
  recordsRead = 0;
  /** Those before it are checked and gone. */
  oldestCycle = 0;
  /** The first that nobody has read of. */
  nextCycle = 0;
  private isEnding = false;
  private readonly records: number;
  private readonly shards: ReadonlyMap<string, readonly CycledRecord[]>;
  /** What the cycles do not change. */
  private readonly stream: StubKinesis;

  constructor(load: Load, stream: string) {
    this.records = load.records;
    this.shards = new Map(
      load.shards.map((records, number) => [
        shardIdOf(number),
        records.map(({ index, partitionKey, text }) => ({
          index,
          pieces: cutAtCycle(text),
          keyPieces: cutAtCycle(partitionKey),
          bytes: Buffer.byteLength(text) + partitionKey.length,
        })),
      ]),
    );
    const empty = { ...load, shards: load.shards.map(() => []) };
    this.stream = new StubKinesis(empty, {
      stream,
      arrivalsPerSecond: 0,
      backlogSeconds: 0,
      isLimited: false,
    });
  }

  /** Cycles that somebody has read of are the last. */
  end(): void {
    this.isEnding = true;
  }

  /** Whether a shard's checkpoint, a position or one of the lease table's words, is past all of the cycle. */
  isPast(shardId: string, checkpoint: string | undefined, cycle: number): boolean {
    const last = this.shards.get(shardId)?.at(-1);
    if (!last) return true;
    if (checkpoint === undefined || !/^\d+$/.test(checkpoint)) return false;
    return BigInt(checkpoint) >= BigInt(this.sequenceOf(cycle, last));
  }

  get shardIds(): readonly string[] {
    return [...this.shards.keys()];
  }

  /** The answer's JSON. @throws WireError */
  perform(operation: string, input: Input): string {
    if (operation === 'GetRecords') return this.getRecords(input);
    if (operation === 'GetShardIterator') return this.getShardIterator(input);
    return this.stream.perform(operation, input);
  }

  private shard(id: unknown): readonly CycledRecord[] {
    const shard = this.shards.get(String(id));
    if (!shard) throw new WireError('ResourceNotFoundException', `there is no shard ${String(id)}`);
    return shard;
  }

  private sequenceOf(cycle: number, { index }: CycledRecord): string {
    return sequenceNumber(cycle * this.records + index);
  }

  private getShardIterator({ ShardId, ShardIteratorType: type, ...input }: Input): string {
    const records = this.shard(ShardId);
    if (type === 'TRIM_HORIZON') return iterator(ShardId, 0);
    if (type !== 'AFTER_SEQUENCE_NUMBER' && type !== 'AT_SEQUENCE_NUMBER')
      throw new WireError('InvalidArgumentException', `the soak's stream knows no ${String(type)}`);
    const place = Number(BigInt(String(input['StartingSequenceNumber'])) - FIRST_SEQUENCE_NUMBER);
    const [cycle, from] = [Math.floor(place / this.records), place % this.records];
    const isBefore = ({ index }: CycledRecord): boolean =>
      type === 'AFTER_SEQUENCE_NUMBER' ? index <= from : index < from;
    return iterator(ShardId, cycle * records.length + records.filter(isBefore).length);
  }

  private mayBegin(cycle: number): boolean {
    if (cycle < this.nextCycle) return true;
    return !this.isEnding && cycle < this.oldestCycle + OPEN_CYCLES_MAX;
  }

  private getRecords({ ShardIterator, Limit = RECORDS_MAX }: Input): string {
    const [id, from] = String(ShardIterator).split('|');
    const records = this.shard(id);
    const nowMs = systemClock.wallMs();
    const end = Number(from) + Math.min(Number(Limit), RECORDS_MAX);
    const page: string[] = [];
    let bytes = 0;
    let at = Number(from);
    for (; at < end && records.length > 0; at += 1) {
      const cycle = Math.floor(at / records.length);
      const record = records[at % records.length] as CycledRecord;
      if (!this.mayBegin(cycle) || bytes + record.bytes > PAGE_BYTES_MAX) break;
      this.nextCycle = Math.max(this.nextCycle, cycle + 1);
      bytes += record.bytes;
      page.push(this.textOf(record, cycle, nowMs));
    }
    if (page.length > 0) this.firstReadAtMs ??= nowMs;
    this.recordsRead += page.length;
    return `{"Records":[${page.join(',')}],"NextShardIterator":"${id}|${at}","MillisBehindLatest":${this.lagMs(records, at)}}`;
  }

  private textOf(record: CycledRecord, cycle: number, nowMs: number): string {
    const data = Buffer.from(inCycle(record.pieces, cycle)).toString('base64');
    return `{"Data":"${data}","PartitionKey":"${inCycle(record.keyPieces, cycle)}","SequenceNumber":"${this.sequenceOf(cycle, record)}","ApproximateArrivalTimestamp":${(nowMs - LAG_MS) / 1_000}}`;
  }

  /** 0, that is caught up, only where the stream ends. */
  private lagMs(records: readonly CycledRecord[], at: number): number {
    const isEnd = records.length === 0 || (this.isEnding && at >= this.nextCycle * records.length);
    return isEnd ? 0 : LAG_MS;
  }
}

const iterator = (shardId: unknown, at: number): string =>
  JSON.stringify({ ShardIterator: `${String(shardId)}|${at}` });

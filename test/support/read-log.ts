/** Who read which shard when: the Kinesis calls of all workers, understood. */
import type { Shard } from '@aws-sdk/client-kinesis';
import type { Json, RecordedCall } from './recorded-call.ts';

/** What the log needs of a recorded call. */
export type LoggedCall = Pick<
  RecordedCall,
  'caller' | 'operation' | 'startedAtMs' | 'endedAtMs' | 'status' | 'isAnswered' | 'request' | 'response'
>;

/** One GetShardIterator and the reads that follow from its iterator. */
export interface Opening {
  readonly worker: string;
  readonly shardId: string;
  readonly startedAtMs: number;
  readonly type: string;
  /** Of AT_ and AFTER_SEQUENCE_NUMBER. */
  readonly sequenceNumber: string | undefined;
  readonly reads: ShardRead[];
}

/** One GetRecords that was answered. */
export interface ShardRead {
  readonly opening: Opening;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly sequenceNumbers: readonly string[];
  readonly isShardEnd: boolean;
}

/** A record that came to a worker after another one, or the same, had been given it. */
export interface Redelivery {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly from: string;
  readonly to: string;
  /** It is the record that the checkpoint names: reading resumes at it, and drops it uncounted (KCL's rule). */
  readonly isCheckpoint: boolean;
  /** It came to the reader before in its last page: such a page is left unread. */
  readonly isLastPage: boolean;
}

/** The time in which nobody read a shard because it changed hands. */
export interface Silence {
  readonly shardId: string;
  readonly from: string;
  readonly to: string;
  /** End of the old reader's last answered GetRecords. Monotonic ms. */
  readonly fromMs: number;
  /** Start of the new one's first. Monotonic ms. */
  readonly toMs: number;
  /** Between the two; negative when both read at once. Unit: ms. */
  readonly ms: number;
}

const text = (json: Json, name: string): string => String(json[name] ?? '');

export class ReadLog {
  readonly openings: readonly Opening[];

  /** `calls`: in any order, also of other operations. */
  constructor(calls: readonly LoggedCall[]) {
    const openings: Opening[] = [];
    const openingOf = new Map<string, Opening>();
    const answered = calls.filter(({ isAnswered, status }) => isAnswered && status === 200);
    for (const call of answered.sort((a, b) => a.endedAtMs - b.endedAtMs)) {
      const { request, response, caller } = call;
      if (call.operation === 'GetShardIterator') {
        const opening = openingFrom(call);
        openings.push(opening);
        openingOf.set(`${caller} ${text(response, 'ShardIterator')}`, opening);
      } else if (call.operation === 'GetRecords') {
        const opening = openingOf.get(`${caller} ${text(request, 'ShardIterator')}`);
        if (!opening) throw new Error(`${caller} read with an iterator that it was not given`);
        opening.reads.push(readFrom(opening, call));
        const next = response['NextShardIterator'];
        if (typeof next === 'string') openingOf.set(`${caller} ${next}`, opening);
      }
    }
    this.openings = openings;
  }

  /** Answered reads of one shard, by start. */
  readsOf(shardId: string): readonly ShardRead[] {
    return this.openings
      .filter((opening) => opening.shardId === shardId)
      .flatMap(({ reads }) => reads)
      .sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  get shardIds(): readonly string[] {
    return [...new Set(this.openings.map(({ shardId }) => shardId))].sort();
  }

  /** Distinct records that somebody got. */
  get recordCount(): number {
    const all = this.openings.flatMap(({ reads, shardId }) =>
      reads.flatMap(({ sequenceNumbers }) => sequenceNumbers.map((number) => `${shardId} ${number}`)),
    );
    return new Set(all).size;
  }

  /** Between the reads of one stay: what a shard waits for when nothing happens to it. Sorted. Unit: ms. */
  pausesMs(): readonly number[] {
    const pauses = this.openings.flatMap(({ reads }) =>
      reads.slice(1).map((read, index) => read.startedAtMs - (reads[index]?.endedAtMs ?? Number.NaN)),
    );
    return pauses.sort((a, b) => a - b);
  }

  silences(): readonly Silence[] {
    return this.shardIds.flatMap((shardId) => {
      const reads = this.readsOf(shardId);
      return reads.flatMap((read, index) => {
        const before = reads[index - 1];
        if (!before || before.opening.worker === read.opening.worker) return [];
        const [fromMs, toMs] = [before.endedAtMs, read.startedAtMs];
        const [from, to] = [before.opening.worker, read.opening.worker];
        return [{ shardId, from, to, fromMs, toMs, ms: toMs - fromMs }];
      });
    });
  }

  redeliveries(): readonly Redelivery[] {
    return this.shardIds.flatMap((shardId) => {
      const lastReads = new Map<string, ShardRead>();
      return this.readsOf(shardId).flatMap((read) =>
        read.sequenceNumbers.flatMap((sequenceNumber) => {
          const before = lastReads.get(sequenceNumber);
          lastReads.set(sequenceNumber, read);
          return before ? [redelivery(sequenceNumber, before, read)] : [];
        }),
      );
    });
  }

  /** Shards that somebody began to read before each parent's end, by the reads alone. */
  childrenBeforeParents(shards: readonly Shard[]): readonly string[] {
    return this.childrenBefore(
      shards,
      (parent) => this.readsOf(parent).find(({ isShardEnd }) => isShardEnd)?.endedAtMs,
    );
  }

  /** Shards that somebody began to read before `endOf` each parent, or without it. */
  childrenBefore(
    shards: readonly Shard[],
    endOf: (parentShardId: string) => number | undefined,
  ): readonly string[] {
    return shards.flatMap(({ ShardId: shardId = '', ParentShardId, AdjacentParentShardId }) => {
      const began = this.readsOf(shardId)[0]?.startedAtMs;
      const parents = [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined);
      if (began === undefined) return [];
      return parents
        .filter((parent) => !((endOf(parent) ?? Number.POSITIVE_INFINITY) <= began))
        .map((parent) => `${shardId} before the end of ${parent}`);
    });
  }
}

function openingFrom({ caller, request, startedAtMs }: LoggedCall): Opening {
  const sequenceNumber = request['StartingSequenceNumber'];
  return {
    worker: caller,
    shardId: text(request, 'ShardId'),
    startedAtMs,
    type: text(request, 'ShardIteratorType'),
    sequenceNumber: typeof sequenceNumber === 'string' ? sequenceNumber : undefined,
    reads: [],
  };
}

function readFrom(opening: Opening, { response, startedAtMs, endedAtMs }: LoggedCall): ShardRead {
  const records = (response['Records'] ?? []) as readonly Json[];
  return {
    opening,
    startedAtMs,
    endedAtMs,
    sequenceNumbers: records.map((record) => text(record, 'SequenceNumber')),
    isShardEnd: typeof response['NextShardIterator'] !== 'string',
  };
}

const redelivery = (sequenceNumber: string, before: ShardRead, again: ShardRead): Redelivery => ({
  shardId: again.opening.shardId,
  sequenceNumber,
  from: before.opening.worker,
  to: again.opening.worker,
  isCheckpoint:
    again.opening.type === 'AT_SEQUENCE_NUMBER' && again.opening.sequenceNumber === sequenceNumber,
  isLastPage: before.opening.reads.filter((read) => read.sequenceNumbers.length > 0).at(-1) === before,
});

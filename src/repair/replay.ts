/** Reads all shards of one or more streams again, closed ones too, over a span of time. */
import { setMaxListeners } from 'node:events';
import { classify } from '../errors.ts';
import { mapLimit } from '../retry.ts';
import { listShards } from '../source/list-shards.ts';
import type { ReplayTally } from './replay-tally.ts';
import { type ReplaySpan, ShardReplay, type ShardReplayDeps, type ShardReplayEnd } from './shard-replay.ts';

/** Shards read at once, each with one page of at most 10 MB. */
const SHARDS_AT_ONCE = 8;

export interface ReplayDeps extends Omit<ShardReplayDeps, 'onProgress'> {
  readonly onProgress: (progress: ReplayProgress) => void;
}

export interface ReplayOptions extends ReplaySpan {
  readonly streams: readonly string[];
  /** Only events of these; undefined is all. */
  readonly simSids: ReadonlySet<string> | undefined;
  /** Of each shard. */
  readonly recordsPerSecond: number;
}

export interface ReplayProgress {
  readonly shards: number;
  readonly shardsDone: number;
  /** From 0 to 1, by arrival time. */
  readonly share: number;
  readonly tally: ReplayTally;
}

export interface ReplayResult {
  /** `stalled`: a shard brought no answer for long. Whatever was read is applied. */
  readonly end: ShardReplayEnd;
  readonly shards: number;
  readonly shardsDone: number;
}

/** Replays until the span's end, or until `stopping` aborts: then what was read is applied still. `closing` ends
 *  that too.
 *  @throws MeterError `stream-missing`; `AbortError` by `closing`; whatever is fatal. */
export async function replay(
  deps: ReplayDeps,
  options: ReplayOptions,
  stopping: AbortSignal,
  closing: AbortSignal,
): Promise<ReplayResult> {
  const shards = await shardsOf(deps, options, stopping);
  if (shards === 'stopped') return { end: 'stopped', shards: 0, shardsDone: 0 };
  const failed = new AbortController();
  const ending = AbortSignal.any([stopping, failed.signal]);
  // Each wait of each shard listens to it.
  setMaxListeners(0, ending);
  const shares = new Map<string, number>();
  let shardsDone = 0;
  const report = (): void => {
    const share = [...shares.values()].reduce((sum, each) => sum + each, 0) / Math.max(1, shards.length);
    deps.onProgress({ shards: shards.length, shardsDone, share, tally: deps.tally });
  };
  const onProgress = ({ name, share }: { readonly name: string; readonly share: number }): void => {
    shares.set(name, share);
    report();
  };
  const ends = await mapLimit(shards, SHARDS_AT_ONCE, async (shard) => {
    if (ending.aborted) return 'stopped';
    try {
      const end = await new ShardReplay({ ...deps, onProgress }, { ...options, ...shard }).run(
        ending,
        closing,
      );
      if (end === 'done') shardsDone += 1;
      if (end === 'stalled') failed.abort();
      report();
      return end;
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  return { end: worstOf(ends), shards: shards.length, shardsDone };
}

interface NamedShard {
  readonly stream: string;
  readonly shardId: string;
  readonly name: string;
}

/** Every shard whose data are there. Those that open later hold nothing of a span that is past. */
async function shardsOf(
  deps: ReplayDeps,
  { streams }: ReplayOptions,
  stopping: AbortSignal,
): Promise<readonly NamedShard[] | 'stopped'> {
  const shards: NamedShard[] = [];
  try {
    for (const stream of streams)
      for (const { shardId } of await listShards(deps, stream, stopping))
        shards.push({ stream, shardId, name: streams.length === 1 ? shardId : `${stream}:${shardId}` });
    return shards;
  } catch (error) {
    if (stopping.aborted && classify(error) === 'aborted') return 'stopped';
    throw error;
  }
}

const worstOf = (ends: readonly ShardReplayEnd[]): ShardReplayEnd =>
  (['stalled', 'stopped'] as const).find((end) => ends.includes(end)) ?? 'done';

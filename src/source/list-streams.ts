import type { StreamListing } from '../leases/index.ts';
import { untilDone } from '../retry.ts';
import { KinesisReader } from './kinesis-reader.ts';
import { type ListShardsDeps, listShards } from './list-shards.ts';

export interface ListStreamsDeps extends ListShardsDeps {
  /** Told how long a stream keeps records. Unit: ms. */
  readonly onRetention?: (stream: string, ms: number) => void;
}

const HOUR_MS = 3_600_000;

/** `arn:<partition>:kinesis:<region>:<account>:stream/<name>` → account. */
const accountOf = (streamArn: string): string => streamArn.split(':')[4] ?? '';

/** The streams with all their shards, as the leases know them. One stream alone has no id: its lease keys are its
 *  shards' ids, as with KCL. Several have KCL's multi-stream ids, `<account>:<stream>:<creation time in s>`.
 *  Source: KCL common/StreamIdentifier.java.
 *  @throws MeterError `stream-missing`. */
export async function listStreams(
  deps: ListStreamsDeps,
  streams: readonly string[],
  signal: AbortSignal,
): Promise<StreamListing[]> {
  const reader = new KinesisReader(deps.kinesis, deps.clock);
  const isAlone = streams.length === 1;
  return Promise.all(
    streams.map(async (stream) => {
      // First the shards: they tell a missing stream in our words.
      const shards = await listShards(deps, stream, signal);
      const summary = await untilDone(() => reader.describeStream(stream, signal), signal, deps);
      const { RetentionPeriodHours: hours } = summary;
      if (hours !== undefined) deps.onRetention?.(stream, hours * HOUR_MS);
      const createdAtMs = summary.StreamCreationTimestamp?.getTime();
      const createdAtS = Math.floor((createdAtMs ?? 0) / 1000);
      const streamId = isAlone ? undefined : `${accountOf(summary.StreamARN ?? '')}:${stream}:${createdAtS}`;
      return { streamId, createdAtMs, shards };
    }),
  );
}

/** The stream's name in an id that `listStreams` made. */
export const streamNameOf = (streamId: string): string => streamId.split(':')[1] ?? '';

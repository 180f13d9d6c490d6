import type { Log } from '../ops/log.ts';
import type { ReadMetrics } from '../ops/metrics.ts';
import type { Clock, Random } from '../time.ts';
import type { KinesisSender } from './kinesis-reader.ts';
import type { NextPage } from './record.ts';
import type { SubscriptionSender } from './shard-subscription.ts';
import type { ReadPosition } from './start-position.ts';
import type { StreamConsumer } from './stream-consumer.ts';

/** Three events that did not come. Unit: ms. */
export const SILENCE_MS_DEFAULT = 15_000;
/** Sooner, the same consumer and shard are refused with ResourceInUse. Source: SubscribeToShard reference. */
export const RESUBSCRIBE_AFTER_MS_DEFAULT = 5_000;

export interface FanOutDeps {
  /** For ListShards and GetRecords. */
  readonly kinesis: KinesisSender;
  /** For SubscribeToShard: over HTTP/2. */
  readonly kinesisStreaming: SubscriptionSender;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ReadMetrics;
}

export interface FanOutOptions {
  readonly stream: string;
  readonly shardId: string;
  /** See `ShardPollerOptions.leaseKey`. */
  readonly leaseKey?: string;
  readonly startAt: ReadPosition;
  readonly consumer: Pick<StreamConsumer, 'arn' | 'forget'>;
  /** So long without an event, and the subscription is opened anew. Unit: ms. Default 15,000. */
  readonly silenceMs?: number;
  /** So long without an event whatever was tried, and the shard is given up here. Unit: ms. Default 60,000. */
  readonly stallAfterMs?: number;
  /** Least time between two SubscribeToShard calls. Unit: ms. Default 5,000. */
  readonly resubscribeAfterMs?: number;
  /** How often a shard without records is looked up, in case it is closed. Unit: ms. Default 300,000. */
  readonly endCheckEveryMs?: number;
}

export type PollReason = 'shard-closed' | 'subscribing-refused' | 'no-http2' | 'nothing-pushed';
export type FanOutOutcome = NextPage | { readonly pollInstead: PollReason };

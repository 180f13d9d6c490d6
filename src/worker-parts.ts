/** The worker's adapters, built from its settings. */
import { type Config, personalFieldsOf, streamsOf } from './config.ts';
import { createDecoder, type RecordDecoder } from './decode/decode-record.ts';
import { EventBudget } from './event-budget.ts';
import type { HeldLease, InitialPosition, ShardHandler } from './leases/index.ts';
import type { PageStoreDeps } from './page-store.ts';
import { ShardConsumer } from './shard-consumer.ts';
import { streamNameOf } from './source/list-streams.ts';
import { openReader } from './source/open-reader.ts';
import { Prefetch, PrefetchBudget } from './source/prefetch.ts';
import { readRecord } from './source/read-record.ts';
import { ReadSlots } from './source/read-slots.ts';
import { gunzip, md5 } from './source/record-codec.ts';
import type { StartPosition } from './source/start-position.ts';
import { StreamConsumer } from './source/stream-consumer.ts';
import type { PartsDeps, Stores } from './stores.ts';
import { Turns } from './turns.ts';

/** Events being written at once, while none is held back: a little more than all batches under way take. More would
 *  only wait, and be in the garbage collector's way: 1,000 took a twelfth more CPU. */
const PROMPT_EVENTS_MAX = 500;

export function buildDecoder(config: Config): RecordDecoder {
  return createDecoder({
    recordMaxBytes: config.recordMaxBytes,
    unzippedMaxBytes: config.unzippedMaxBytes,
    ...(config.accounts.length > 0 ? { accountSids: new Set(config.accounts) } : {}),
    personalFields: personalFieldsOf(config),
    keepsSims: config.projections.includes('sims'),
    md5,
    gunzip,
  });
}

/** Reads one record of a lease's shard again. */
const recordReader =
  (deps: PartsDeps, config: Config) =>
  (lease: HeldLease, sequenceNumber: string): Promise<Uint8Array | undefined> =>
    readRecord(
      { ...deps, kinesis: deps.clients.kinesis },
      { stream: streamOf(lease, config), shardId: lease.shardId },
      sequenceNumber,
      lease.lost,
    );

const streamOf = ({ streamId }: HeldLease, config: Config): string =>
  streamId === undefined ? config.stream : streamNameOf(streamId);

/** Where a shard without a lease starts, in the lease table's words. */
export const startPositionOf = ({
  initialPosition,
}: Config): { readonly initialPosition: InitialPosition; readonly initialTimestampMs?: number } =>
  typeof initialPosition === 'object'
    ? { initialPosition: 'AT_TIMESTAMP', initialTimestampMs: initialPosition.timestampMs }
    : { initialPosition };

/** Where to read a lease's shard from. */
function startOf(lease: HeldLease): StartPosition {
  const { startAt, startTimestampMs } = lease;
  if (startAt === 'SHARD_END') throw new Error(`a finished shard was handed out: ${lease.leaseKey}`);
  if (startAt !== 'AT_TIMESTAMP' && startAt !== 'LATEST') return startAt;
  if (startTimestampMs !== undefined) return { timestampMs: startTimestampMs };
  // A row that KCL made AT_TIMESTAMP, whose time only its settings knew, while ours name none: rather too much.
  return startAt === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON';
}

/** The registered consumer of each stream; none when shards are polled. */
export const fanOutConsumers = (deps: PartsDeps, config: Config): ReadonlyMap<string, StreamConsumer> =>
  new Map(
    (config.fanOutConsumer === '' ? [] : streamsOf(config)).map((stream) => [
      stream,
      new StreamConsumer(
        { ...deps, kinesis: deps.clients.kinesis },
        { stream, consumerName: config.fanOutConsumer },
      ),
    ]),
  );

/** Reads a lease's shard ahead of its consumer. */
function pageOpener(
  deps: PartsDeps,
  config: Config,
  consumers: ReadonlyMap<string, StreamConsumer>,
): (lease: HeldLease) => Prefetch {
  const budget = new PrefetchBudget(config.prefetchMaxBytes);
  const slots = new ReadSlots(deps.clock);
  return (lease) => {
    const stream = streamOf(lease, config);
    const { kinesis, kinesisStreaming } = deps.clients;
    return new Prefetch(
      openReader(
        { ...deps, kinesis, kinesisStreaming, slots },
        {
          stream,
          consumer: consumers.get(stream),
          shardId: lease.shardId,
          leaseKey: lease.leaseKey,
          startAt: startOf(lease),
          recordsPerReadMax: config.recordsPerReadMax,
          idleBetweenReadsMs: config.idleBetweenReadsMs,
          stallAfterMs: config.stallAfterMs,
        },
      ),
      budget,
    );
  };
}

export interface HandlerParts {
  readonly stores: Stores;
  readonly consumers: ReadonlyMap<string, StreamConsumer>;
  readonly onApplied: PageStoreDeps['onApplied'];
}

/** What reads and stores each shard. */
export function buildHandler(
  deps: PartsDeps,
  config: Config,
  { stores, consumers, onApplied }: HandlerParts,
): ShardHandler {
  const { sessions, deadLetters } = stores;
  const held: EventBudget = new EventBudget(config.pendingEventsMax, () =>
    sessions.makeRoom(() => held.isFull),
  );
  return new ShardConsumer(
    {
      ...deps,
      sessions,
      deadLetters,
      onApplied,
      budgets: {
        prompt: new EventBudget(Math.min(PROMPT_EVENTS_MAX, config.pendingEventsMax), () => undefined),
        held,
      },
      turns: new Turns(deps.clock),
      openPages: pageOpener(deps, config, consumers),
      readRecord: recordReader(deps, config),
      decode: buildDecoder(config),
    },
    { checkpointEveryMs: config.checkpointEveryMs },
  );
}

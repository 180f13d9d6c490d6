/** The worker's adapters, built from its settings. */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import type { AwsClients } from './aws-clients.ts';
import { type Config, streamsOf } from './config.ts';
import { createDecoder, type RecordDecoder } from './decode/decode-record.ts';
import { EventBudget } from './event-budget.ts';
import type { HeldLease, InitialPosition, ShardHandler } from './leases/index.ts';
import type { Log } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import type { PersonalField } from './reduce/last-values.ts';
import { ShardConsumer } from './shard-consumer.ts';
import { streamNameOf } from './source/list-streams.ts';
import { openReader } from './source/open-reader.ts';
import { Prefetch, PrefetchBudget } from './source/prefetch.ts';
import { readRecord } from './source/read-record.ts';
import { gunzip, md5 } from './source/record-codec.ts';
import type { StartPosition } from './source/start-position.ts';
import { StreamConsumer } from './source/stream-consumer.ts';
import { ChosenWriter } from './store/chosen-writer.ts';
import { type DeadLetterStore, DynamoDeadLetterStore } from './store/dead-letters.ts';
import { DedupPages } from './store/dedup-pages.ts';
import { DynamoSessionStore } from './store/dynamo-session-store.ts';
import { reportRetries } from './store/report-retries.ts';
import { SessionLoader } from './store/session-loader.ts';
import type { SessionStore } from './store/session-store.ts';
import { tableNames } from './store/tables.ts';
import type { Clock, Random } from './time.ts';

export interface PartsDeps {
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const FIELD_OF = {
  imsi: 'imsi',
  imei: 'imei',
  ip_address: 'ipAddress',
  location: 'location',
} as const satisfies Record<string, PersonalField>;

export function buildDecoder(config: Config): RecordDecoder {
  return createDecoder({
    recordMaxBytes: config.recordMaxBytes,
    unzippedMaxBytes: config.unzippedMaxBytes,
    ...(config.accounts.length > 0 ? { accountSids: new Set(config.accounts) } : {}),
    md5,
    gunzip,
  });
}

export interface Stores {
  readonly sessions: SessionStore;
  readonly deadLetters: DeadLetterStore;
  /** Finds out how to write, before the first write. @throws MeterError `batch-writes-refused`. */
  open(): Promise<void>;
  /** Ends all that is under way. */
  close(): void;
}

export function buildStores({ clients, clock, random, log, metrics }: PartsDeps, config: Config): Stores {
  const names = tableNames(config);
  const closing = new AbortController();
  // Each wait of each call listens to it.
  setMaxListeners(0, closing.signal);
  const onRetry = reportRetries(log, metrics, clock);
  const shared = { client: clients.data, clock, random, log, metrics, onRetry, closing: closing.signal };
  const writer = new ChosenWriter(shared, { mode: config.writeMode, tableName: names.sessions });
  const loader = new SessionLoader(names.sessions, shared);
  const pages = new DedupPages({
    ...shared,
    writer,
    tableName: names.dedup,
    horizonDays: config.dedupHorizonDays,
  });
  return {
    sessions: new DynamoSessionStore(
      {
        ...shared,
        tableName: names.sessions,
        writer,
        loader,
        pages,
        hash16: (text) => sha256(text).slice(0, 32),
      },
      {
        dedupRingSize: config.dedupRingSize,
        personalFields: new Set(config.personalFields.map((field) => FIELD_OF[field])),
        cacheMaxBytes: config.sessionCacheMaxBytes,
        holdBackMs: config.holdBackMs,
      },
    ),
    deadLetters: new DynamoDeadLetterStore({
      ...shared,
      tableName: names.deadLetters,
      keepDays: config.deadLetterKeepDays,
      gzip: (bytes) => gzipSync(bytes),
      sha256,
    }),
    open: () => writer.open(),
    close: () => closing.abort(),
  };
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
  return (lease) => {
    const stream = streamOf(lease, config);
    const { kinesis, kinesisStreaming } = deps.clients;
    return new Prefetch(
      openReader(
        { ...deps, kinesis, kinesisStreaming },
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

/** What reads and stores each shard. */
export function buildHandler(
  deps: PartsDeps,
  config: Config,
  { stores, consumers }: { readonly stores: Stores; readonly consumers: ReadonlyMap<string, StreamConsumer> },
): ShardHandler {
  const { sessions, deadLetters } = stores;
  return new ShardConsumer(
    {
      ...deps,
      sessions,
      deadLetters,
      budget: new EventBudget(config.pendingEventsMax, () => sessions.flush()),
      openPages: pageOpener(deps, config, consumers),
      readRecord: recordReader(deps, config),
      decode: buildDecoder(config),
    },
    { checkpointEveryMs: config.checkpointEveryMs },
  );
}

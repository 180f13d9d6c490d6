/** The tables' side of a worker, built from its settings. */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { gzipSync } from 'node:zlib';
import type { AwsClients } from './aws-clients.ts';
import { type Config, personalFieldsOf } from './config.ts';
import type { Log } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import { buildProjections } from './store/build-projections.ts';
import { ChosenWriter } from './store/chosen-writer.ts';
import { type DeadLetterStore, DynamoDeadLetterStore } from './store/dead-letters.ts';
import { DedupPages } from './store/dedup-pages.ts';
import { ErasedSims } from './store/erased-sims.ts';
import { ErasingDeadLetters } from './store/erasing-dead-letters.ts';
import type { ItemWriter, StoreDeps } from './store/item-writer.ts';
import { reportRetries } from './store/report-retries.ts';
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

export interface Stores {
  readonly sessions: SessionStore;
  readonly deadLetters: DeadLetterStore;
  /** Finds out how to write, before the first write. @throws MeterError `batch-writes-refused`. */
  open(): Promise<void>;
  /** Ends all that is under way. */
  close(): void;
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

type SharedDeps = StoreDeps & Pick<PartsDeps, 'log' | 'metrics'>;

function buildSessions(shared: SharedDeps, writer: ItemWriter, config: Config): SessionStore {
  const names = tableNames(config);
  const { dedupHorizonDays: horizonDays } = config;
  return buildProjections(
    {
      ...shared,
      writer,
      pages: new DedupPages({ ...shared, writer, tableName: names.dedup, horizonDays }),
      erased: new ErasedSims(names.dedup, shared),
      hash16: (text) => sha256(text).slice(0, 32),
    },
    {
      names,
      projections: config.projections,
      keepDays: {
        sessions: config.sessionKeepDays,
        sims: config.simKeepDays,
        usage: config.usageKeepDays,
      },
      personalFields: personalFieldsOf(config),
      cacheMaxBytes: config.sessionCacheMaxBytes,
      dedupRingSize: config.dedupRingSize,
      holdBackMs: config.holdBackMs,
      heldBackMax: config.pendingEventsMax,
    },
  );
}

function buildDeadLetters(shared: SharedDeps, config: Config): DeadLetterStore {
  const names = tableNames(config);
  const letters = new DynamoDeadLetterStore({
    ...shared,
    tableName: names.deadLetters,
    keepDays: config.deadLetterKeepDays,
    gzip: (bytes) => gzipSync(bytes),
    sha256,
  });
  return new ErasingDeadLetters({
    letters,
    erased: new ErasedSims(names.dedup, shared),
    onWithheld: ({ shardId, sequenceNumber }) =>
      shared.log.info('dead-letter.erased', 'a dead letter names an erased SIM: kept without its bytes', {
        shardId,
        sequenceNumber,
      }),
  });
}

export function buildStores({ clients, clock, random, log, metrics }: PartsDeps, config: Config): Stores {
  const names = tableNames(config);
  const closing = new AbortController();
  // Each wait of each call listens to it.
  setMaxListeners(0, closing.signal);
  const onRetry = reportRetries(log, metrics, clock);
  const shared = { client: clients.data, clock, random, log, metrics, onRetry, closing: closing.signal };
  const writer = new ChosenWriter(shared, { mode: config.writeMode, tableName: names.sessions });
  return {
    sessions: buildSessions(shared, writer, config),
    deadLetters: buildDeadLetters(shared, config),
    open: () => writer.open(),
    close: () => closing.abort(),
  };
}

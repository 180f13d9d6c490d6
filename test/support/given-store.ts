/** The session store with its parts, as the worker builds it. */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { BatchWriter } from '../../src/store/batch-writer.ts';
import { buildProjections, type ProjectionsOptions } from '../../src/store/build-projections.ts';
import { DedupPages } from '../../src/store/dedup-pages.ts';
import { PutWriter } from '../../src/store/put-writer.ts';
import type { StoreMetrics } from '../../src/store/session-store.ts';
import type { tableNames } from '../../src/store/tables.ts';
import { type Clock, type Random, systemRandom } from '../../src/time.ts';

export const WRITERS = ['put', 'batch'] as const;
export type WriterName = (typeof WRITERS)[number];

export interface GivenStore {
  readonly client: DynamoDBDocumentClient;
  readonly names: ReturnType<typeof tableNames>;
  readonly clock: Clock;
  readonly random?: Random;
  readonly writer: WriterName;
  readonly options?: Partial<ProjectionsOptions>;
  readonly closing?: AbortSignal;
  readonly metrics?: StoreMetrics;
}

export function givenStore({ client, names, clock, writer, options = {}, ...more }: GivenStore) {
  const closing = more.closing ?? new AbortController().signal;
  // As the worker does: each wait of each call listens to it.
  setMaxListeners(0, closing);
  const shared = { client, clock, random: more.random ?? systemRandom, closing };
  const itemWriter = writer === 'put' ? new PutWriter(shared) : new BatchWriter('comma', shared);
  return buildProjections(
    {
      ...shared,
      ...(more.metrics ? { metrics: more.metrics } : {}),
      writer: itemWriter,
      pages: new DedupPages({ ...shared, writer: itemWriter, tableName: names.dedup, horizonDays: 32 }),
      erased: { isErased: () => Promise.resolve(false) },
      hash16: (text) => createHash('sha256').update(text).digest('hex').slice(0, 32),
    },
    {
      names,
      projections: ['sessions'],
      dedupRingSize: 16,
      personalFields: new Set(),
      cacheMaxBytes: 1_000_000,
      holdBackMs: 1_000,
      heldBackMax: 50_000,
      ...options,
    },
  );
}

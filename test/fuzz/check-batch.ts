/** A page of records through the production flow of a shard: consumer, store, dead letters, counters and log, with
 *  only DynamoDB in memory. */
import { readConfig } from '../../src/config.ts';
import type { RecordDecoder } from '../../src/decode/decode-record.ts';
import { EventBudget } from '../../src/event-budget.ts';
import type { HeldLease } from '../../src/leases/index.ts';
import { createLog } from '../../src/ops/pino-log.ts';
import { PrometheusMetrics } from '../../src/ops/prometheus-metrics.ts';
import { ShardConsumer } from '../../src/shard-consumer.ts';
import type { DeadLetter } from '../../src/store/dead-letters.ts';
import type { WriteStamp } from '../../src/store/item-kind.ts';
import { unpackPrivateState } from '../../src/store/private-state.ts';
import { sessionToItem } from '../../src/store/session-attributes.ts';
import { sessionFromItem } from '../../src/store/session-item.ts';
import { simFromItem, simToItem } from '../../src/store/sim-item.ts';
import { tableNames } from '../../src/store/tables.ts';
import { usageFromItem, usageToItem } from '../../src/store/usage-item.ts';
import { buildStores } from '../../src/stores.ts';
import { fromIso, systemClock, systemRandom } from '../../src/time.ts';
import { Turns } from '../../src/turns.ts';
import { expectNoCanary } from './check-record.ts';
import type { FuzzedRecord } from './make-record.ts';
import { MemoryDynamoDb } from './memory-dynamodb.ts';

const { config } = readConfig({});
const SHARD = 'shardId-000000000000';

/** The four ways of an event, as the worker counts them. */
export interface Books {
  read: number;
  applied: number;
  duplicate: number;
  ignored: number;
  deadLettered: number;
}

/** Any SID of Twilio's: a label of one would be a series for each SIM, session or account. */
const SID = /\b[A-Z]{2}[0-9a-f]{32}\b/i;

export class BatchFlow {
  readonly books: Books = { read: 0, applied: 0, duplicate: 0, ignored: 0, deadLettered: 0 };
  private readonly decode: RecordDecoder;
  private dynamodb = new MemoryDynamoDb();
  private lines: string[] = [];

  constructor(decode: RecordDecoder) {
    this.decode = decode;
  }

  /** Forgets what is stored, so that a long run needs no more memory than a short one. */
  forget(): void {
    this.dynamodb = new MemoryDynamoDb();
  }

  /** @throws when the flow does, or its books, log, counters or items are not as they must be. */
  async run(records: readonly FuzzedRecord[], expectedItems: number): Promise<void> {
    const metrics = new PrometheusMetrics({ clock: systemClock, stream: 's', version: '0', node: '0' });
    const log = createLog({
      level: 'debug',
      version: '0',
      clock: systemClock,
      destination: { write: (line) => this.lines.push(line) },
    });
    const letters: DeadLetter[] = [];
    const clients = { data: this.dynamodb.client } as never;
    const { sessions } = buildStores(
      { clients, clock: systemClock, random: systemRandom, log, metrics },
      config,
    );
    const pages = [pageOf(records)];
    const consumer = new ShardConsumer(
      {
        openPages: () => ({ next: async () => pages.shift() ?? 'aborted', close: () => undefined }),
        decode: this.decode,
        sessions,
        deadLetters: { put: async (put) => void letters.push(...put) },
        budgets: {
          prompt: new EventBudget(100_000, () => undefined),
          held: new EventBudget(100_000, () => sessions.flush()),
        },
        turns: new Turns(systemClock),
        readRecord: async () => undefined,
        metrics,
        log,
        clock: systemClock,
      },
      { checkpointEveryMs: 0 },
    );
    const outcome = await consumer.run(leaseOf());
    if (outcome.kind !== 'stopped' && outcome.kind !== 'parked')
      throw new Error(`the flow ended ${outcome.kind}`);
    this.balance(metrics, expectedItems, letters);
    this.checkTexts((await metrics.render()).body, letters);
  }

  private balance(metrics: PrometheusMetrics, expectedItems: number, letters: readonly DeadLetter[]): void {
    const { read, applied, duplicate, ignored, deadLettered } = metrics.snapshot();
    if (read !== expectedItems) throw new Error(`${expectedItems} items, ${read} read`);
    if (read !== applied + duplicate + ignored + deadLettered) throw new Error('the books do not balance');
    if (letters.length !== deadLettered) throw new Error('a dead letter that is not counted, or not kept');
    if (letters.some(({ reason }) => reason === 'refused-by-store'))
      throw new Error('DynamoDB refused a session');
    for (const [name, count] of Object.entries({ read, applied, duplicate, ignored, deadLettered }))
      this.books[name as keyof Books] += count;
  }

  private checkTexts(exposition: string, letters: readonly DeadLetter[]): void {
    expectNoCanary(this.lines.join(''), 'the log');
    expectNoCanary(exposition, 'the metrics');
    const sid = SID.exec(exposition);
    if (sid) throw new Error(`the metrics name a SIM, a session or an account: ${sid[0]}`);
    for (const line of this.lines) JSON.parse(line);
    for (const { reason, field } of letters) expectNoCanary(`${reason} ${field}`, 'a dead letter');
    this.lines = [];
  }

  private checkTable(table: string, rewrite: Rewrite): number {
    const items = this.dynamodb.items(table);
    for (const item of items) {
      const { writer } = unpackPrivateState(item['dedup'] as Uint8Array);
      const updatedAtMs = fromIso(String(item['updated_at']));
      const again = rewrite(item, { updatedAtMs, ...(writer === undefined ? {} : { writer }) });
      if (textOf(again) !== textOf(item))
        throw new Error(`an item of ${table} is not written as it was read`);
    }
    return items.length;
  }

  /** Every stored item is read back to exactly what was written. */
  checkItems(): number {
    const names = tableNames(config);
    const sessions = this.checkTable(names.sessions, (item, stamp) =>
      sessionToItem(sessionFromItem(item), stamp),
    );
    this.checkTable(names.sims, (item, stamp) => simToItem(simFromItem(item), stamp));
    this.checkTable(names.usage, (item, stamp) => usageToItem(usageFromItem(item), stamp));
    return sessions;
  }
}

type Rewrite = (item: Record<string, unknown>, stamp: WriteStamp) => object;

const pageOf = (records: readonly FuzzedRecord[]) => ({
  records: records.map(({ index, data, arrivedAtMs, partitionKey }) => ({
    sequenceNumber: String(index),
    data,
    arrivedAtMs,
    partitionKey,
  })),
  millisBehindLatest: 1_000,
  isAtTip: false,
  bytes: 0,
});

const leaseOf = (): HeldLease => ({
  leaseKey: SHARD,
  shardId: SHARD,
  streamId: undefined,
  startTimestampMs: undefined,
  startAt: 'TRIM_HORIZON',
  hashRange: undefined,
  lost: new AbortController().signal,
  stopping: new AbortController().signal,
  isValid: () => true,
  waitUntilValid: () => Promise.resolve('valid'),
  checkpoint: () => Promise.resolve({ kind: 'stored' }),
  finish: () => Promise.resolve({ kind: 'finished' }),
  setReadToTip: () => undefined,
});

/** Names in order, numbers as their digits, bytes in base64. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, entry: unknown) => {
    if (entry instanceof Uint8Array) return Buffer.from(entry).toString('base64');
    if (typeof entry === 'bigint' || typeof entry === 'number') return String(entry);
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    if ('value' in entry && 'toBigInt' in entry) return String(entry.value);
    return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** Records that can never be decoded or stored, kept with where they were and why, so that they can be
 *  looked at and run again. Holds raw personal data: own table, own TTL. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { mapLimit, type RetryDeps, untilDone } from '../retry.ts';
import { type Clock, toIso } from '../time.ts';
import { type ItemMap, itemSizeBytes, writeUnits } from './item-size.ts';
import type { StoreMetrics } from './session-store.ts';

export interface DeadLetter {
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Place inside the Kinesis record: aggregates and arrays hold several events. */
  readonly index: number;
  /** Place inside `raw`, where that is known: a redrive then takes this element only. */
  readonly element?: number;
  /** Why: a reason code of `decode` or of the session store. */
  readonly reason: string;
  /** Path of the field that was refused, never its value. */
  readonly field?: string;
  readonly arrivedAtMs: number;
  readonly raw: Uint8Array;
}

export interface DeadLetterStore {
  /** Resolves when all are durable. Storing one again changes nothing. */
  put(letters: readonly DeadLetter[], signal: AbortSignal): Promise<void>;
}

/** DynamoDB refuses items over 400 KB; what is larger after compression is kept by its digest alone. */
const RAW_MAX_BYTES = 350 * 1024;
const WRITES_IN_FLIGHT_MAX = 8;
const SECONDS_PER_DAY = 86_400;

export interface DeadLetterDeps extends RetryDeps {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly clock: Clock;
  /** Unit: days. Default 30. */
  readonly keepDays: number;
  readonly gzip: (bytes: Uint8Array) => Uint8Array;
  readonly sha256: (bytes: Uint8Array) => string;
  readonly metrics?: StoreMetrics;
}

export class DynamoDeadLetterStore implements DeadLetterStore {
  private readonly deps: DeadLetterDeps;
  constructor(deps: DeadLetterDeps) {
    this.deps = deps;
  }

  async put(letters: readonly DeadLetter[], signal: AbortSignal): Promise<void> {
    await mapLimit(letters, WRITES_IN_FLIGHT_MAX, (letter) =>
      untilDone(() => this.putOne(letter), signal, this.deps),
    );
  }

  private async putOne(letter: DeadLetter): Promise<void> {
    try {
      const item = this.itemOf(letter);
      await this.deps.client.send(
        new PutCommand({
          TableName: this.deps.tableName,
          Item: item,
          ConditionExpression: 'attribute_not_exists(shard_id)',
        }),
      );
      this.deps.metrics?.wrote('dead-letter', writeUnits(itemSizeBytes(item)));
    } catch (error) {
      // Kept by an earlier reading of the same record: the first one stands.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  private itemOf(letter: DeadLetter): ItemMap {
    const nowMs = this.deps.clock.wallMs();
    const gzipped = this.deps.gzip(letter.raw);
    const isGzip = gzipped.length < letter.raw.length;
    const raw = isGzip ? gzipped : letter.raw;
    return {
      shard_id: letter.shardId,
      record_id: `${letter.sequenceNumber}#${letter.index}`,
      sequence_number: letter.sequenceNumber,
      index: letter.index,
      reason: letter.reason,
      ...(letter.element === undefined ? {} : { element: letter.element }),
      ...(letter.field === undefined ? {} : { field: letter.field }),
      arrived_at: toIso(letter.arrivedAtMs),
      recorded_at: toIso(nowMs),
      raw_bytes: letter.raw.length,
      raw_sha256: this.deps.sha256(letter.raw),
      ...(raw.length <= RAW_MAX_BYTES ? { raw, raw_encoding: isGzip ? 'gzip' : 'identity' } : {}),
      expires_at: Math.floor(nowMs / 1000) + this.deps.keepDays * SECONDS_PER_DAY,
    };
  }
}

/** The obvious design, written well: one transaction per event puts a marker that may not exist yet and adds the
 *  event's bytes to its session. Events of a session follow each other, so that no two transactions meet on an
 *  item; 16 sessions are in flight. It keeps sums only: a sum needs no read, a maximum would. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { mapLimit, type RetryDeps, untilDone } from '../../../src/retry.ts';
import type { ApplyOptions, EventOutcome, SessionStore } from '../../../src/store/session-store.ts';
import { backoffMs, toIso } from '../../../src/time.ts';
import { type GroupedEvent, groupBySession } from './group-events.ts';

const IN_FLIGHT_MAX = 16;
const SECONDS_PER_DAY = 86_400;

/** Attributes that this design keeps as the truth has them. */
export const TRANSACTION_TRUTH = [
  'account_sid',
  'sim_sid',
  'started_at',
  'counted_download_bytes',
  'counted_upload_bytes',
  'event_count',
  'update_count',
] as const;

export interface TransactionStoreDeps extends RetryDeps {
  readonly client: DynamoDBDocumentClient;
  readonly sessionsTable: string;
  readonly markersTable: string;
  readonly hash16: (text: string) => string;
  /** Unit: days. */
  readonly horizonDays: number;
}

export class TransactionStore implements SessionStore {
  private readonly deps: TransactionStoreDeps;

  constructor(deps: TransactionStoreDeps) {
    this.deps = deps;
  }

  async apply(
    events: readonly DataSessionEvent[],
    signal: AbortSignal,
    { tell }: ApplyOptions<DataSessionEvent> = {},
  ): Promise<readonly EventOutcome[]> {
    const outcomes = new Array<EventOutcome>(events.length);
    await mapLimit(groupBySession(events, this.deps.hash16), IN_FLIGHT_MAX, async (group) => {
      for (const entry of group.events) {
        const outcome = await this.count(entry, signal);
        outcomes[entry.index] = outcome;
        tell?.(entry.event, outcome, entry.index);
      }
    });
    return outcomes;
  }

  /** Nothing is ever held back. */
  flush(): void {}
  makeRoom(): void {}

  private async count(entry: GroupedEvent, signal: AbortSignal): Promise<EventOutcome> {
    const { clock, random } = this.deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await untilDone(() => this.deps.client.send(this.transaction(entry)), signal, this.deps);
        return { kind: 'applied' };
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        if (error.CancellationReasons?.[0]?.Code === 'ConditionalCheckFailed') return { kind: 'duplicate' };
        // Another transaction was on the item.
        await clock.sleep(backoffMs(attempt, random, 10, 1000), signal);
      }
    }
  }

  private transaction({ event, id }: GroupedEvent): TransactWriteCommand {
    const { sessionsTable, markersTable, clock, horizonDays } = this.deps;
    return new TransactWriteCommand({
      TransactItems: [
        {
          Put: {
            TableName: markersTable,
            Item: {
              item_key: id,
              page_id: 'event',
              expires_at: Math.floor(clock.wallMs() / 1000) + horizonDays * SECONDS_PER_DAY,
            },
            ConditionExpression: 'attribute_not_exists(item_key)',
          },
        },
        {
          Update: {
            TableName: sessionsTable,
            Key: { data_session_sid: event.dataSessionSid },
            UpdateExpression:
              'SET account_sid = :account, sim_sid = :sim, started_at = :started, rat_type = :rat, updated_at = :now' +
              ' ADD counted_download_bytes :down, counted_upload_bytes :up, event_count :one, update_count :updates',
            ExpressionAttributeValues: {
              ':account': event.accountSid,
              ':sim': event.simSid,
              ':started': toIso(event.sessionStartMs ?? 0),
              ':rat': event.ratType ?? '',
              ':now': toIso(clock.wallMs()),
              ':down': event.downloadBytes ?? 0n,
              ':up': event.uploadBytes ?? 0n,
              ':one': 1,
              ':updates': event.verb === 'updated' ? 1 : 0,
            },
          },
        },
      ],
    });
  }
}

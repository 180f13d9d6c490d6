/** The other obvious design, written well: for each event read the session's item, fold the event, put the item back
 *  if its version is still the same. The product's item, fold and dedup memory, without its grouping: events of a
 *  session follow each other, 16 sessions are in flight. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { DataSessionEvent } from '../../../src/decode/event.ts';
import { EMPTY_MEMORY, judge, remember, spill } from '../../../src/reduce/dedup-memory.ts';
import { emptySession, foldEvent } from '../../../src/reduce/session.ts';
import { mapLimit, type RetryDeps, throwIfAborted, untilDone } from '../../../src/retry.ts';
import type { DedupPages } from '../../../src/store/dedup-pages.ts';
import { sessionToItem } from '../../../src/store/session-attributes.ts';
import { sessionFromItem } from '../../../src/store/session-item.ts';
import type { ApplyOptions, EventOutcome, SessionStore } from '../../../src/store/session-store.ts';
import type { StoredSession } from '../../../src/store/stored-session.ts';
import { type GroupedEvent, groupBySession } from './group-events.ts';

const IN_FLIGHT_MAX = 16;
const NO_FIELDS: ReadonlySet<never> = new Set();

export interface PutPerEventStoreDeps extends RetryDeps {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly pages: DedupPages;
  readonly hash16: (text: string) => string;
  readonly dedupRingSize: number;
}

export class PutPerEventStore implements SessionStore {
  private readonly deps: PutPerEventStoreDeps;

  constructor(deps: PutPerEventStoreDeps) {
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
        let outcome: EventOutcome | undefined;
        while (outcome === undefined) {
          throwIfAborted(signal);
          outcome = await this.count(entry, signal);
        }
        outcomes[entry.index] = outcome;
        tell?.(entry.event, outcome, entry.index);
      }
    });
    return outcomes;
  }

  /** Nothing is ever held back. */
  flush(): void {}
  makeRoom(): void {}

  /** Undefined: another was faster. */
  private async count({ event, id }: GroupedEvent, signal: AbortSignal): Promise<EventOutcome | undefined> {
    const { pages, clock } = this.deps;
    const stored = await this.load(event.dataSessionSid, signal);
    let verdict = judge(stored.memory, id, event.timestampMs);
    if (verdict === 'ask-pages') {
      const ids = await pages.read(keyOf(event));
      verdict = ids.has(id) ? 'duplicate' : 'new';
    }
    if (verdict === 'duplicate') return { kind: 'duplicate' };
    const memory = remember(await this.room(stored.memory, event), [{ id, event }]);
    const session = foldEvent(stored.session, event, NO_FIELDS);
    const next = { ...stored, session, memory, version: stored.version + 1 };
    const item = sessionToItem(next, { updatedAtMs: clock.wallMs() });
    try {
      await untilDone(() => this.put(item, stored.version), signal, this.deps);
      return { kind: 'applied' };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  private async load(sid: string, signal: AbortSignal): Promise<StoredSession> {
    const get = new GetCommand({
      TableName: this.deps.tableName,
      Key: { data_session_sid: sid },
      ConsistentRead: true,
    });
    const { Item } = await untilDone(() => this.deps.client.send(get), signal, this.deps);
    if (Item) return sessionFromItem(Item);
    return { session: emptySession(sid), memory: EMPTY_MEMORY, version: 0, unknown: {} };
  }

  private async room(memory: StoredSession['memory'], event: DataSessionEvent) {
    if (memory.ring.length < this.deps.dedupRingSize) return memory;
    const spilled = spill(memory);
    await this.deps.pages.write(keyOf(event), spilled.ids);
    return spilled.memory;
  }

  private put(item: ReturnType<typeof sessionToItem>, version: number): Promise<unknown> {
    const condition =
      version === 0
        ? { ConditionExpression: 'attribute_not_exists(data_session_sid)' }
        : { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };
    return this.deps.client.send(
      new PutCommand({ TableName: this.deps.tableName, Item: item, ...condition }),
    );
  }
}

const keyOf = ({ dataSessionSid }: DataSessionEvent): string => `session#${dataSessionSid}`;

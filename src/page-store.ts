/** Records of a shard: decode them, make what they hold durable, and say what became of each event. */
import type { DecodedItem, RecordDecoder } from './decode/decode-record.ts';
import type { ConnectionEvent } from './decode/event.ts';
import type { EventBudget } from './event-budget.ts';
import type { HeldLease } from './leases/index.ts';
import type { Log } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import type { ReadGap, RecordPage, StreamRecord } from './source/record.ts';
import type { DeadLetter, DeadLetterStore } from './store/dead-letters.ts';
import type { SessionStore, Tell } from './store/session-store.ts';
import { Tally } from './tally.ts';
import type { Clock } from './time.ts';
import type { Turns } from './turns.ts';

export interface PageStoreDeps {
  readonly decode: RecordDecoder;
  readonly sessions: SessionStore;
  readonly deadLetters: DeadLetterStore;
  /** The bytes of one record, read again; undefined when retention took it. */
  readonly readRecord: (lease: HeldLease, sequenceNumber: string) => Promise<Uint8Array | undefined>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'madeDurable'>;
  readonly clock: Clock;
  /** For events that are written at once, and for those that may be held back. Shared by all shards of the worker. */
  readonly budgets: Readonly<Record<'prompt' | 'held', EventBudget>>;
  /** Shared likewise. */
  readonly turns: Turns;
  /** Told of each distinct event that was counted, perhaps just before it is durable. */
  readonly onApplied?: ((event: ConnectionEvent) => void) | undefined;
}

export interface Position {
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
}

/** Where an event was. Without its record's bytes, which would be most of what waits in memory. */
interface Place {
  readonly sequenceNumber: string;
  readonly arrivedAtMs: number;
  readonly index: number;
}

/** What some records of a page hold. */
interface DecodedRecords {
  readonly events: ConnectionEvent[];
  /** Of the events, in their order. */
  readonly places: Place[];
  readonly letters: DeadLetter[];
  /** Counts what is decided already: ignored and poison. */
  readonly tally: Tally;
  /** Of the last record. */
  last: Position | undefined;
}

/** A page of which everything is being stored. */
export interface BegunPage {
  readonly parts: readonly Promise<Tally>[];
  readonly last: Position | undefined;
}

/** A gap is no record: its dead letter's index is of none. */
const GAP_INDEX = -1;
/** Decoded and folded in one turn of the event loop: a few milliseconds. */
const RECORDS_PER_PART = 50;

export class PageStore {
  private readonly deps: PageStoreDeps;

  constructor(deps: PageStoreDeps) {
    this.deps = deps;
  }

  /** Decodes a page and begins to store it, part by part, as there is room for what they hold. `mayWait`: its events
   *  may be held back. */
  async begin(page: RecordPage, lease: HeldLease, mayWait: boolean): Promise<BegunPage | 'lost'> {
    const { budgets, turns } = this.deps;
    const { records } = page;
    const parts: Promise<Tally>[] = [];
    let last: Position | undefined;
    let { gap } = page;
    for (let from = 0; from < records.length || parts.length === 0; from += RECORDS_PER_PART) {
      const part = records.slice(from, from + RECORDS_PER_PART);
      const room = await budgets[mayWait ? 'held' : 'prompt'].take(part.length);
      await turns.next();
      const decoded = this.decode(part, lease);
      room.resize(decoded.places.length);
      // A lease that we cannot renew suspends the shard; only a lost one ends it.
      if ((await lease.waitUntilValid()) === 'lost') {
        room.leave();
        return 'lost';
      }
      const storing = this.store(decoded, lease, { mayWait, gap }).finally(room.leave);
      // When the lease is lost meanwhile, nobody waits for it.
      storing.catch(() => undefined);
      parts.push(storing);
      last = decoded.last ?? last;
      gap = undefined;
    }
    return { parts, last };
  }

  /** Resumes by KCL's rule: reading starts at the checkpointed record, and what it covers is dropped.
   *  Source: KCL ProcessTask.java. */
  private decode(records: readonly StreamRecord[], lease: HeldLease): DecodedRecords {
    const { startAt, leaseKey } = lease;
    const decoded: DecodedRecords = {
      events: [],
      places: [],
      letters: [],
      tally: new Tally(),
      last: undefined,
    };
    for (const record of records) {
      const isCheckpointed = typeof startAt === 'object' && record.sequenceNumber === startAt.sequenceNumber;
      const { items, lastSubSequenceNumber } = this.deps.decode(
        record,
        isCheckpointed ? startAt.subSequenceNumber : undefined,
      );
      for (const item of items) this.add(decoded, record, item, leaseKey);
      decoded.last = { sequenceNumber: record.sequenceNumber, subSequenceNumber: lastSubSequenceNumber };
    }
    return decoded;
  }

  /** Makes it durable: the events, the dead letters, the gap before them. */
  private async store(
    { events, places, letters, tally }: DecodedRecords,
    lease: HeldLease,
    { mayWait, gap }: { readonly mayWait: boolean; readonly gap: ReadGap | undefined },
  ): Promise<Tally> {
    const { sessions, deadLetters, onApplied, metrics } = this.deps;
    const refused: { readonly at: number; readonly reason: string }[] = [];
    const tell: Tell<ConnectionEvent> = (event, outcome, at) => {
      if (outcome.kind === 'ignored') tally.ignore(outcome.reason);
      else if (outcome.kind === 'refused') refused.push({ at, reason: outcome.reason });
      else tally.settle(event, outcome.kind);
      if (outcome.kind === 'applied') onApplied?.(event);
    };
    const applied = sessions.apply(events, lease.lost, { mayWait, tell });
    // The store has them: here they would only wait too.
    events.length = 0;
    await Promise.all([
      applied,
      letters.length > 0 && deadLetters.put(letters, lease.lost),
      gap && this.keepGap(gap, lease),
    ]);
    metrics.madeDurable(places);
    for (const { at, reason } of refused) {
      await this.buryRefused(places[at] as Place, reason, lease);
      tally.deadLetter(reason);
    }
    return tally;
  }

  private add(page: DecodedRecords, record: StreamRecord, item: DecodedItem, shardId: string): void {
    const { sequenceNumber, arrivedAtMs } = record;
    const { index } = item;
    if (item.kind === 'event') {
      page.events.push(item.event);
      page.places.push({ sequenceNumber, arrivedAtMs, index });
    } else if (item.kind === 'poison') {
      const { reason, raw, field } = item;
      page.letters.push({
        shardId,
        sequenceNumber,
        index,
        reason,
        arrivedAtMs,
        raw,
        // A plain record's index is the place in its own array; in an aggregate other user records come before.
        ...(raw === record.data ? { element: index } : {}),
        ...(field ? { field } : {}),
      });
      page.tally.deadLetter(reason);
    } else {
      page.tally.ignore(item.reason);
      // Operators validate a sink with the id that its test event carries.
      if (item.reason === 'test-event')
        this.deps.log.info('event.test', 'a sink test event arrived', { shardId, testId: item.testId });
    }
  }

  private async buryRefused(place: Place, reason: string, lease: HeldLease): Promise<void> {
    const raw = await this.deps.readRecord(lease, place.sequenceNumber);
    const letter = { ...place, shardId: lease.leaseKey, reason, raw: raw ?? new Uint8Array() };
    await this.deps.deadLetters.put([letter], lease.lost);
  }

  /** What retention took before we read it is kept as a dead letter without a record: it counts nowhere, since
   *  nobody knows what was in it, but it is there for who reconciles. */
  private async keepGap({ after, firstSequenceNumber }: ReadGap, lease: HeldLease): Promise<void> {
    const letter = {
      shardId: lease.leaseKey,
      sequenceNumber: after,
      index: GAP_INDEX,
      reason: 'gap',
      arrivedAtMs: this.deps.clock.wallMs(),
      raw: new TextEncoder().encode(firstSequenceNumber ?? ''),
    };
    await this.deps.deadLetters.put([letter], lease.lost);
    this.deps.log.error(
      'shard.gap',
      'the checkpoint is past the retention: records after it may be lost. Reading goes on with the oldest',
      { shardId: lease.leaseKey, checkpoint: after, sequenceNumber: firstSequenceNumber },
    );
  }
}

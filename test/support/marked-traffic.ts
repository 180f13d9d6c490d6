/** Puts marked events into a stream at an even pace, and keeps the books of where each one went. */
import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../src/time.ts';
import { EVENTS_A_SESSION, type MarkedEvent, textOf, type Wrapping } from './marked-events.ts';
import { aggregateOf } from './realistic-event.ts';

/** `events[i]` is user record i; a plain record holds one. */
export interface PutRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly events: readonly MarkedEvent[];
}

/** What a consumer gets to see: a record, or a part of an aggregate. */
export interface UserRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
  readonly event: MarkedEvent;
}

export const userRecordsOf = (records: readonly PutRecord[]): UserRecord[] =>
  records.flatMap(({ shardId, sequenceNumber, events }) =>
    events.map((event, subSequenceNumber) => ({ shardId, sequenceNumber, subSequenceNumber, event })),
  );

interface Waiting {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly events: readonly MarkedEvent[];
}

const RECORDS_A_CALL = 10;
const EVERY_MS = 250;
/** Each so many records, one is a KPL aggregate of three events. */
const AGGREGATE_EVERY = 10;
/** Each so many records, one event comes again in another vendor's envelope. */
const AGAIN_EVERY = 12;
/** Sessions that are alive at the same time, so that their events lie in all shards. */
const SESSIONS_AT_ONCE = 20;

export class MarkedTraffic {
  readonly records: PutRecord[] = [];
  private readonly kinesis: KinesisClient;
  private readonly stream: string;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private made = 0;
  private recordsMade = 0;

  constructor(kinesis: KinesisClient, stream: string) {
    this.kinesis = kinesis;
    this.stream = stream;
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the last record is in. @throws what putting threw. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.put(Array.from({ length: RECORDS_A_CALL }, () => this.make()));
      await systemClock.sleep(EVERY_MS);
    }
  }

  private nextEvent(): MarkedEvent {
    const number = this.made++;
    const block = Math.floor(number / (SESSIONS_AT_ONCE * EVENTS_A_SESSION));
    const session = block * SESSIONS_AT_ONCE + (number % SESSIONS_AT_ONCE);
    return {
      session: `session ${session}`,
      n: 1 + (Math.floor(number / SESSIONS_AT_ONCE) % EVENTS_A_SESSION),
    };
  }

  private make(): Waiting {
    const number = this.recordsMade++;
    const wrapping = (number % 3) as Wrapping;
    if (number % AGGREGATE_EVERY === AGGREGATE_EVERY - 1) {
      const events = [this.nextEvent(), this.nextEvent(), this.nextEvent()];
      // The aggregate's own partition key, as the KPL would have chosen the shard.
      return {
        partitionKey: 'a',
        data: aggregateOf(...events.map((event) => textOf(event, wrapping))),
        events,
      };
    }
    const again = number % AGAIN_EVERY === AGAIN_EVERY - 1 ? this.records.at(-1)?.events[0] : undefined;
    const event = again ?? this.nextEvent();
    return {
      partitionKey: `key ${number}`,
      data: new TextEncoder().encode(textOf(event, wrapping)),
      events: [event],
    };
  }

  private async put(records: readonly Waiting[]): Promise<void> {
    let waiting = records;
    while (waiting.length > 0) {
      const { Records: answers = [] } = await this.kinesis.send(
        new PutRecordsCommand({
          StreamName: this.stream,
          Records: waiting.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
        }),
      );
      this.records.push(
        ...waiting.flatMap(({ events }, index) => {
          const { ShardId: shardId, SequenceNumber: sequenceNumber } = answers[index] ?? {};
          return shardId && sequenceNumber ? [{ shardId, sequenceNumber, events }] : [];
        }),
      );
      waiting = waiting.filter((_, index) => !answers[index]?.SequenceNumber);
    }
  }
}

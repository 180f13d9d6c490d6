/** The independent recount: reads the stream from TRIM_HORIZON and keeps the books of what is in it, without the
 *  product's reader, decoder or fold. */
import { createHash } from 'node:crypto';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { Happening } from '../../src/local/fleet-session.ts';
import { type GroundTruth, TruthKeeper } from '../../src/local/ground-truth.ts';
import { eventKey, letterKey } from '../support/apply-log.ts';
import type { StreamedRecord } from '../support/apply-order.ts';
import type { Json } from '../support/recorded-call.ts';

export interface Recount {
  readonly truth: GroundTruth;
  /** By shard, in order. */
  readonly records: ReadonlyMap<string, readonly StreamedRecord[]>;
  readonly recordCount: number;
  /** Keys of the dead letters that there must be. */
  readonly letters: ReadonlySet<string>;
}

/** The embedded engine stands still for seconds over larger pages. */
const RECORDS_A_READ = 500;
const FAMILY = '.supersim.connection.';
const TEST_TYPES = ['com.twilio.eventstreams.test-event', 'com.kore.eventstreams.test.event'];

export async function allShards(kinesis: KinesisClient, stream: string): Promise<readonly Shard[]> {
  const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName: stream }));
  return Shards ?? [];
}

interface RawRecord {
  readonly sequenceNumber: string;
  readonly text: string;
}

async function readShard(kinesis: KinesisClient, stream: string, shardId: string): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  const opened = await kinesis.send(
    new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  for (let iterator = opened.ShardIterator; iterator; ) {
    const page = await kinesis.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_A_READ }),
    );
    for (const { SequenceNumber = '', Data = new Uint8Array() } of page.Records ?? [])
      records.push({ sequenceNumber: SequenceNumber, text: Buffer.from(Data).toString() });
    // An open shard never ends: nothing is put any more, so an empty page at the tip is its end.
    if (page.Records?.length === 0 && page.MillisBehindLatest === 0) break;
    iterator = page.NextShardIterator;
  }
  return records;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What one element of a record is, judged by the vendors' documents. */
type Reading =
  | { readonly kind: 'happening'; readonly happening: Happening }
  | { readonly kind: 'test-event' | 'other-type' | 'poison' };

function read(element: unknown): Reading {
  if (!isObject(element)) return { kind: 'poison' };
  const { type } = element;
  if (typeof type !== 'string') return { kind: 'poison' };
  if (TEST_TYPES.includes(type)) return { kind: 'test-event' };
  const at = type.indexOf(FAMILY);
  if (at < 0) return { kind: 'other-type' };
  const data = typeof element['data'] === 'string' ? parsed(element['data']) : element['data'];
  if (!isObject(data) || typeof data['event_sid'] !== 'string') return { kind: 'poison' };
  const suffix = type.slice(at + FAMILY.length);
  const happening = { atMs: 0, schema: 2 as const, suffix, data: data as Happening['data'] };
  return { kind: 'happening', happening };
}

const EZ = /^EZ([0-9a-f]{32})$/;

/** The 16 bytes by which the product remembers an event. */
const idOf = (eventSid: string): string =>
  EZ.exec(eventSid)?.[1] ?? createHash('sha256').update(eventSid).digest('hex').slice(0, 32);

class Bookkeeper {
  readonly truth = new TruthKeeper();
  readonly letters = new Set<string>();

  /** What must be durable once the record is checkpointed. */
  keep(shardId: string, { sequenceNumber, text }: RawRecord): StreamedRecord {
    const value = parsed(text);
    const elements: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
    const keys = elements.flatMap((element, index) => {
      const reading =
        Array.isArray(value) && value.length === 0 ? { kind: 'poison' as const } : read(element);
      return this.keepOne(reading, letterKey(shardId, `${sequenceNumber}#${index}`));
    });
    return { sequenceNumber, effects: keys.map((key) => ({ subSequenceNumber: 0, key })) };
  }

  private keepOne(reading: Reading, letter: string): string[] {
    if (reading.kind === 'poison') {
      this.truth.deliverPoison();
      this.letters.add(letter);
      return [letter];
    }
    if (reading.kind !== 'happening') {
      this.truth.deliverIgnored(reading.kind);
      return [];
    }
    const { data } = reading.happening;
    this.truth.deliver(reading.happening);
    // The log of writes knows sessions; a SIM's state is held against the books at the end.
    if (data['data_session_sid'] === undefined) return [];
    return [eventKey(String(data['data_session_sid']), idOf(String(data['event_sid'])))];
  }
}

/** Nothing may be put meanwhile. */
export async function recount(kinesis: KinesisClient, stream: string): Promise<Recount> {
  const books = new Bookkeeper();
  const records = new Map<string, readonly StreamedRecord[]>();
  let recordCount = 0;
  for (const { ShardId: shardId = '' } of await allShards(kinesis, stream)) {
    const raw = await readShard(kinesis, stream, shardId);
    recordCount += raw.length;
    records.set(
      shardId,
      raw.map((record) => books.keep(shardId, record)),
    );
  }
  return { truth: books.truth.finish(), records, recordCount, letters: books.letters };
}

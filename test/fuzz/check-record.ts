/** What holds for every record, whatever its bytes. Throws where it does not; the message holds no word of it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { DecodedRecord, RecordDecoder } from '../../src/decode/decode-record.ts';
import { type DecodedItem, IGNORED_REASONS, POISON_REASONS } from '../../src/decode/decoded-item.ts';
import type { DataSessionEvent } from '../../src/decode/event.ts';
import { PERSONAL_FIELDS } from '../../src/decode/event.ts';
import { EMPTY_MEMORY, eventIdOf, remember } from '../../src/reduce/dedup-memory.ts';
import { emptySession, foldEvent } from '../../src/reduce/session.ts';
import { DynamoDeadLetterStore } from '../../src/store/dead-letters.ts';
import { itemSizeBytes } from '../../src/store/item-size.ts';
import { sessionToItem } from '../../src/store/session-attributes.ts';
import { sessionFromItem } from '../../src/store/session-item.ts';
import { systemRandom } from '../../src/time.ts';
import { isSchemaField } from '../support/schema-fields.ts';
import { CANARIES } from './corpus.ts';
import type { FuzzedRecord } from './make-record.ts';

/** What one Kinesis record may cost at most, whatever is in it. */
export interface WorkLimits {
  readonly itemsMax: number;
  /** Unit: bytes. */
  readonly unzippedMax: number;
}

export interface Decoders {
  /** The worker's own. */
  readonly decode: RecordDecoder;
  /** One with the same settings that counts what it unzips. */
  readonly measured: RecordDecoder;
  /** Bytes unzipped since the last call. */
  readonly takeUnzippedBytes: () => number;
  readonly limits: WorkLimits;
}

/** A record of a thousand elements shows no more in its last than in its first. */
const ITEMS_LOOKED_AT_MAX = 4;
/** Far below DynamoDB's 400 KB: the longest texts of all fields, each of 3 bytes a character. */
const SESSION_ITEM_MAX_BYTES = 24_000;

function expectThat(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Error(what);
}

const holdsCanary = (text: string): boolean =>
  Object.values(CANARIES).some((canary) => text.includes(canary));

export function expectNoCanary(text: string, where: string): void {
  expectThat(!holdsCanary(text), `a personal canary is in ${where}`);
}

function checkItem(item: DecodedItem, record: FuzzedRecord): void {
  if (item.kind === 'event') return;
  if (item.kind === 'ignored') {
    expectThat(IGNORED_REASONS.includes(item.reason), 'an unknown reason to ignore');
    expectNoCanary(item.testId ?? '', 'a test id, which is logged');
    return;
  }
  expectThat(item.reason !== 'undecodable', 'the decoder itself failed');
  expectThat(POISON_REASONS.includes(item.reason), 'an unknown reason of a dead letter');
  expectThat(item.field === undefined || isSchemaField(item.field), 'a field that is not of the schema');
  expectThat(item.raw.buffer === record.data.buffer, 'a dead letter copied the record’s bytes');
}

function checkDecoded(record: FuzzedRecord, decoders: Decoders): DecodedRecord {
  const decoded = decoders.decode(record);
  decoders.takeUnzippedBytes();
  const again = decoders.measured(record);
  const unzipped = decoders.takeUnzippedBytes();
  const { items, lastSubSequenceNumber: last } = decoded;
  expectThat(items.length > 0, 'no item');
  expectThat(items.length <= decoders.limits.itemsMax, `${items.length} items of one record`);
  expectThat(unzipped <= decoders.limits.unzippedMax, `${unzipped} bytes unzipped of one record`);
  expectThat(
    items.every(({ index }, at) => index === at),
    'indexes with a hole',
  );
  expectThat(Number.isSafeInteger(last) && last >= 0, 'no position');
  expectThat(kindsOf(again) === kindsOf(decoded), 'decoded twice, two answers');
  if (last > 0 || record.index % 10 === 0) checkResumed(decoded, record, decoders);
  for (const item of items) checkItem(item, record);
  return decoded;
}

/** A worker that goes on after a part of an aggregate meets the same things at the same places. */
function checkResumed(
  { items, lastSubSequenceNumber }: DecodedRecord,
  record: FuzzedRecord,
  { decode }: Decoders,
): void {
  const rest = decode(record, Math.floor(lastSubSequenceNumber / 2)).items;
  const expected = items.slice(items.length - rest.length);
  expectThat(
    rest.every(({ kind, index }, at) => expected[at]?.kind === kind && expected[at]?.index === index),
    'resumed in the middle, another answer',
  );
}

const kindsOf = ({ items }: DecodedRecord): string => items.map(outcomeOf).join();

export const outcomeOf = (item: DecodedItem): string => (item.kind === 'event' ? 'applied' : item.reason);

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Folds events into one session and takes it through the item and back. */
function checkSession(events: readonly DataSessionEvent[], isPersonal: boolean, atMs: number): void {
  const fields = new Set(isPersonal ? PERSONAL_FIELDS : []);
  let session = emptySession(events[0]?.dataSessionSid ?? '');
  let memory = EMPTY_MEMORY;
  for (const event of events) {
    session = foldEvent(session, event, fields);
    const id = eventIdOf(event.eventSid, (text) => sha256(text).slice(0, 32));
    memory = remember(memory, [{ id, event }]);
    const stored = { session, memory, version: session.eventCount, unknown: {} };
    const item = sessionToItem(stored, { updatedAtMs: atMs });
    expectThat(itemSizeBytes(item) <= SESSION_ITEM_MAX_BYTES, 'a session item too large');
    const kept = unmarshall(marshall(item, { removeUndefinedValues: true }), { wrapNumbers: true });
    expectThat(isDeepStrictEqual(sessionFromItem(kept), stored), 'a session is not what was stored of it');
  }
  expectThat(session.eventCount === events.length, 'a fold that does not count');
}

/** The dead letter as it is put into the table. */
async function letterItem(item: DecodedItem & { kind: 'poison' }, record: FuzzedRecord) {
  let written: Record<string, unknown> = {};
  const client = {
    send: async ({ input }: { input: { Item: Record<string, unknown> } }) => {
      written = input.Item;
    },
  };
  const store = new DynamoDeadLetterStore({
    client: client as never,
    tableName: 'dead-letters',
    clock: { wallMs: () => record.arrivedAtMs } as never,
    random: systemRandom,
    keepDays: 30,
    gzip: (bytes) => gzipSync(bytes),
    sha256,
  });
  const { index, reason, field, raw } = item;
  const letter = {
    shardId: 'shardId-0',
    sequenceNumber: '1',
    index,
    reason,
    arrivedAtMs: record.arrivedAtMs,
    raw,
  };
  await store.put([field === undefined ? letter : { ...letter, field }], new AbortController().signal);
  return written;
}

async function checkLetter(item: DecodedItem & { kind: 'poison' }, record: FuzzedRecord): Promise<void> {
  const { raw, ...named } = await letterItem(item, record);
  marshall({ raw, ...named });
  expectThat(itemSizeBytes({ ...named, raw } as never) < 400_000, 'a dead letter too large');
  expectNoCanary(JSON.stringify(named), 'a dead letter’s named attributes');
  expectThat(named['raw_sha256'] === sha256(item.raw), 'a dead letter of other bytes');
  if (!(raw instanceof Uint8Array)) return;
  const kept = named['raw_encoding'] === 'gzip' ? gunzipSync(raw) : raw;
  expectThat(Buffer.compare(kept, item.raw) === 0, 'a dead letter that lost bytes');
}

/** Checks one record; answers what became of each of its items. */
export async function checkRecord(record: FuzzedRecord, decoders: Decoders): Promise<readonly string[]> {
  const { items } = checkDecoded(record, decoders);
  const looked = items.slice(0, ITEMS_LOOKED_AT_MAX);
  const events = looked.flatMap((item) =>
    item.kind === 'event' && item.event.kind === 'data-session' ? [item.event] : [],
  );
  const isPersonal = record.index % 2 === 0;
  if (events.length > 0) checkSession(events, isPersonal, record.arrivedAtMs);
  for (const item of looked) if (item.kind === 'poison') await checkLetter(item, record);
  expectThat(
    !('isPolluted' in {}) && Object.keys(Object.prototype).length === 0,
    'Object.prototype is polluted',
  );
  return items.map(outcomeOf);
}

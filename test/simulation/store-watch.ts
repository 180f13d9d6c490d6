/** Looks at every write to the data tables as it is applied, and knows which records are durable: invariants I1,
 *  I2, I3, I7 and I10 of docs/reliability.md. */
import { gunzipSync } from 'node:zlib';
import { type ClosedUsage, closedUsageOf, isCountedIn } from '../../src/store/open-usage.ts';
import { unpackPrivateState } from '../../src/store/private-state.ts';
import type { SimKinesis, StoredRecord } from './sim-kinesis.ts';
import type { Part, SimRecord } from './workload.ts';

type Item = Readonly<Record<string, unknown>>;

interface SessionBooks {
  /** Each event counted, and the version of the item that did. */
  readonly ids: Map<string, number>;
  /** What the last change closed and no day has yet. */
  closed: readonly ClosedUsage[];
  version: number;
  downloadBytes: number;
  uploadBytes: number;
}

const text = (item: Item | undefined, name: string): string => String(item?.[name] ?? '');
const number = (item: Item | undefined, name: string): number =>
  Number((item?.[name] as { value?: string } | undefined)?.value ?? item?.[name] ?? 0);

/** Its identity: `EZ` and 32 hex digits. */
const idOf = ({ happening }: Part): string => String(happening?.data['event_sid']).slice(2).toLowerCase();
const sessionOf = ({ happening }: Part): string | undefined =>
  happening?.data['data_session_sid'] as string | undefined;

/** Whether it touches its SIM's item. */
const isOfSim = ({ happening }: Part): boolean => happening?.suffix !== 'data-session.updated';

export class StoreWatch {
  /** Shard → its records in order, with what they hold. */
  readonly delivered = new Map<string, { readonly number: bigint; readonly record: SimRecord }[]>();
  /** Records taken by retention while nobody had counted them. */
  readonly trimmed: SimRecord[] = [];
  private readonly books = new Map<string, SessionBooks>();
  private readonly ofSims = new Set<string>();
  private readonly letters = new Map<string, Item>();
  private readonly byId = new Map<string, Part>();
  private readonly durableTo = new Map<string, number>();
  private readonly violate: (invariant: string, what: string) => void;

  constructor(violate: (invariant: string, what: string) => void) {
    this.violate = violate;
  }

  put(shardId: string, sequenceNumber: string, record: SimRecord): void {
    const list = this.delivered.get(shardId) ?? [];
    list.push({ number: BigInt(sequenceNumber), record });
    this.delivered.set(shardId, list);
    for (const part of record.parts) if (part.happening) this.byId.set(idOf(part), part);
  }

  /** A session item was written. Its ring names what was counted since the last page: each id's window must be in
   *  the counters, once. */
  sessionChanged(before: Item | undefined, after: Item | undefined): void {
    const sid = text(after, 'data_session_sid');
    if (after === undefined) {
      this.violate('I1', `a session item was deleted: ${text(before, 'data_session_sid')}`);
      return;
    }
    if (number(after, 'version') !== number(before, 'version') + 1)
      this.violate(
        'I2',
        `${sid}: version ${number(before, 'version')} was followed by ${number(after, 'version')}`,
      );
    const books = this.books.get(sid) ?? {
      ids: new Map(),
      closed: [],
      version: 0,
      downloadBytes: 0,
      uploadBytes: 0,
    };
    this.books.set(sid, books);
    books.version = number(after, 'version');
    for (const id of unpackPrivateState(after['dedup'] as Uint8Array).memory.ring) this.count(sid, books, id);
    if (books.closed.length > 0)
      this.violate('I1', `${sid} was changed while hours that it had closed were in no day`);
    books.closed = closedUsageOf(after);
    this.checkSession(sid, books, before, after);
  }

  /** Its ring names what was counted since the last page. */
  simChanged(after: Item | undefined): void {
    if (after)
      for (const id of unpackPrivateState(after['dedup'] as Uint8Array).memory.ring) this.ofSims.add(id);
  }

  /** A day was written: what sessions had closed of it is there, or is still to come. */
  dayChanged(after: Item | undefined): void {
    if (after === undefined) return;
    const isOfDay = ({ entries }: ClosedUsage): boolean =>
      dayName(entries[0]?.hourMs ?? 0, entries[0]?.fleetSid) === text(after, 'day_fleet');
    for (const books of this.books.values())
      if (books.closed.length > 0)
        books.closed = books.closed.filter((closed) => !isOfDay(closed) || !isCountedIn(after, closed));
  }

  letterWritten(after: Item | undefined): void {
    if (after) this.letters.set(`${text(after, 'shard_id')}|${text(after, 'record_id')}`, after);
  }

  /** The first record up to and with `through` that is not durable; undefined when all are. */
  firstUndurable(shardId: string, through: bigint | undefined): string | undefined {
    const list = this.delivered.get(shardId) ?? [];
    let at = this.durableTo.get(shardId) ?? 0;
    for (; at < list.length; at += 1) {
      const { number: sequence, record } = list[at] as (typeof list)[number];
      if (through !== undefined && sequence > through) break;
      if (!this.isDurable(shardId, sequence, record) && !this.trimmed.includes(record))
        return String(sequence);
    }
    this.durableTo.set(shardId, at);
    return undefined;
  }

  /** Retention takes the oldest records of a shard. */
  trim(kinesis: SimKinesis, shardId: string, count: number): void {
    const gone = new Set(
      kinesis.trim(shardId, count).map(({ SequenceNumber }: StoredRecord) => SequenceNumber),
    );
    for (const { number: sequence, record } of this.delivered.get(shardId) ?? [])
      if (gone.has(String(sequence)) && !this.isDurable(shardId, sequence, record)) this.trimmed.push(record);
  }

  /** Parts of which the truth is made: all that were put, but for those that retention took first. What it took after
   *  a worker was killed between the writes of an event may be in the one table and not in the other. */
  *expectedParts(table: 'sessions' | 'sims' | 'usage'): Iterable<Part> {
    const lost = new Set(this.trimmed);
    for (const list of this.delivered.values())
      for (const { record } of list)
        for (const part of record.parts) if (!lost.has(record) || this.isKept(part, table)) yield part;
  }

  /** Every poison part has its dead letter, byte for byte, and nothing else has one. */
  checkLetters(): void {
    const expected = new Map<string, Part>();
    for (const [shardId, list] of this.delivered)
      for (const { number: sequence, record } of list)
        for (const [index, part] of record.parts.entries())
          if (part.kind === 'poison') expected.set(`${shardId}|${sequence}#${index}`, part);
    const lost = new Set(this.trimmed.flatMap(({ parts }) => parts));
    for (const [key, part] of expected) {
      const letter = this.letters.get(key);
      if (!letter && !lost.has(part)) this.violate('I10', `no dead letter for ${key}`);
      else if (letter && !rawOf(letter).equals(part.raw ?? new Uint8Array()))
        this.violate('I10', `the dead letter of ${key} is not its record`);
    }
    for (const [key, letter] of this.letters)
      if (!expected.has(key) && letter['reason'] !== 'gap')
        this.violate('I10', `a dead letter too many: ${key}`);
  }

  get gaps(): number {
    return [...this.letters.values()].filter(({ reason }) => reason === 'gap').length;
  }

  private count(sid: string, books: SessionBooks, id: string): void {
    if (books.ids.has(id)) return;
    books.ids.set(id, books.version);
    const part = this.byId.get(id);
    if (!part || sessionOf(part) !== sid) {
      this.violate('I2', `${sid} remembers an event that is not its own`);
      return;
    }
    books.downloadBytes += Number(part.happening?.data['data_download'] ?? 0);
    books.uploadBytes += Number(part.happening?.data['data_upload'] ?? 0);
  }

  private checkSession(sid: string, books: SessionBooks, before: Item | undefined, after: Item): void {
    for (const [name, expected] of [
      ['counted_download_bytes', books.downloadBytes],
      ['counted_upload_bytes', books.uploadBytes],
      ['event_count', books.ids.size],
    ] as const) {
      const got = number(after, name);
      if (got < expected) this.violate('I1', `${sid}: ${name} is ${got}, less than ${expected}`);
      if (got > expected) this.violate('I2', `${sid}: ${name} is ${got}, more than ${expected}`);
    }
    if (text(after, 'usage_through') < text(before, 'usage_through'))
      this.violate('I7', `${sid}: usage_through went back`);
    if (before?.['started_at'] && text(after, 'started_at') > text(before, 'started_at'))
      this.violate('I7', `${sid}: started_at went forward`);
  }

  private isCounted(part: Part): boolean {
    if (part.happening === undefined) return part.kind === 'ignored';
    const sid = sessionOf(part);
    const isInSession = sid === undefined || isWhole(this.books.get(sid), idOf(part));
    return isInSession && (!isOfSim(part) || this.ofSims.has(idOf(part)));
  }

  private isKept(part: Part, table: 'sessions' | 'sims' | 'usage'): boolean {
    if (part.happening === undefined) return part.kind === 'ignored';
    const [sid, id] = [sessionOf(part), idOf(part)];
    if (sid === undefined || (table === 'sims' && isOfSim(part))) return this.ofSims.has(id);
    const books = this.books.get(sid);
    return table === 'usage' ? isWhole(books, id) : books?.ids.has(id) === true;
  }

  private isDurable(shardId: string, sequence: bigint, { parts }: SimRecord): boolean {
    return parts.every((part, index) => {
      if (part.kind === 'poison') return this.letters.has(`${shardId}|${sequence}#${index}`);
      return this.isCounted(part);
    });
  }
}

const dayName = (hourMs: number, fleetSid = '-'): string =>
  `${new Date(hourMs).toISOString().slice(0, 10)}#${fleetSid}`;

/** Counted, and what was closed by it is in its day: earlier changes' hours were handed on before the next change. */
function isWhole(books: SessionBooks | undefined, id: string): boolean {
  const countedAt = books?.ids.get(id);
  if (!books || countedAt === undefined) return false;
  return countedAt < books.version || books.closed.length === 0;
}

function rawOf(letter: Item): Buffer {
  const raw = letter['raw'] as Uint8Array;
  return Buffer.from(letter['raw_encoding'] === 'gzip' ? gunzipSync(raw) : raw);
}

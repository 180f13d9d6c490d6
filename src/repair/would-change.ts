/** What events would change that are not counted yet: by session, and in all. Keeps no more than it is allowed to. */
import type { DataSessionEvent, PersonalField } from '../decode/event.ts';
import type { EventId } from '../reduce/dedup-memory.ts';
import { foldEvent, type SessionAggregate, type SessionUsage, usageOf } from '../reduce/session.ts';

/** One session, as it would change. */
export interface SessionChange {
  readonly dataSessionSid: string;
  readonly simSid: string;
  readonly events: number;
  /** By how much the session's total would grow. A cumulative counter that was seen already makes it 0. */
  readonly totalBytes: bigint;
  /** By how much its counted bytes would: the sum of the new events' windows. */
  readonly countedBytes: bigint;
}

export interface WouldChangeLimits {
  /** Sessions kept at once, about 2 KB each. */
  readonly sessionsMax: number;
  /** Event ids kept at once, about 100 bytes each. */
  readonly idsMax: number;
  /** Sessions in the list, those of most bytes first. */
  readonly topMax: number;
}

const LIMITS: WouldChangeLimits = { sessionsMax: 20_000, idsMax: 500_000, topMax: 10 };

interface Entry {
  readonly ids: Set<EventId>;
  readonly simSid: string;
  readonly before: SessionUsage;
  readonly countedBefore: bigint;
  session: SessionAggregate;
}

const countedOf = ({ download, upload }: SessionAggregate): bigint => download.counted + upload.counted;

export class WouldChange {
  /** False once something was let go of: a later copy of an event that went would be taken for new. */
  isExact = true;
  private readonly personalFields: ReadonlySet<PersonalField>;
  private readonly limits: WouldChangeLimits;
  private readonly entries = new Map<string, Entry>();
  private idCount = 0;
  private finished: SessionChange[] = [];
  private finishedSessions = 0;
  private events = 0;
  private totalBytes = 0n;
  private countedBytes = 0n;

  constructor(personalFields: ReadonlySet<PersonalField>, limits: WouldChangeLimits = LIMITS) {
    this.personalFields = personalFields;
    this.limits = limits;
  }

  /** An event that `stored` does not hold; `duplicate` when it was told before. */
  add(stored: SessionAggregate, id: EventId, event: DataSessionEvent): 'applied' | 'duplicate' {
    const sid = stored.dataSessionSid;
    const entry: Entry = this.entries.get(sid) ?? {
      ids: new Set(),
      simSid: event.simSid,
      before: usageOf(stored),
      countedBefore: countedOf(stored),
      session: stored,
    };
    if (entry.ids.has(id)) return 'duplicate';
    entry.ids.add(id);
    entry.session = foldEvent(entry.session, event, this.personalFields);
    this.entries.set(sid, entry);
    this.idCount += 1;
    this.events += 1;
    while (this.entries.size > this.limits.sessionsMax || this.idCount > this.limits.idsMax) this.letGo();
    return 'applied';
  }

  /** All of it so far. */
  summary() {
    const open = [...this.entries.values()].map(changeOf);
    return {
      isExact: this.isExact,
      events: this.events,
      sessions: this.finishedSessions + open.length,
      totalBytes: this.totalBytes + sumOf(open, 'totalBytes'),
      countedBytes: this.countedBytes + sumOf(open, 'countedBytes'),
      top: this.topOf([...this.finished, ...open]),
    };
  }

  /** The oldest session's change is final. */
  private letGo(): void {
    const oldest = this.entries.entries().next().value;
    if (oldest === undefined) return;
    const [sid, entry] = oldest;
    const change = changeOf(entry);
    this.entries.delete(sid);
    this.idCount -= entry.ids.size;
    this.isExact = false;
    this.finishedSessions += 1;
    this.totalBytes += change.totalBytes;
    this.countedBytes += change.countedBytes;
    this.finished = this.topOf([...this.finished, change]);
  }

  private topOf(changes: readonly SessionChange[]): SessionChange[] {
    const byBytes = [...changes].sort((a, b) =>
      a.totalBytes === b.totalBytes
        ? compare(b.countedBytes, a.countedBytes)
        : compare(b.totalBytes, a.totalBytes),
    );
    return byBytes.slice(0, this.limits.topMax);
  }
}

export type WouldChangeSummary = ReturnType<WouldChange['summary']>;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const changeOf = ({ ids, simSid, before, countedBefore, session }: Entry): SessionChange => ({
  dataSessionSid: session.dataSessionSid,
  simSid,
  events: ids.size,
  totalBytes: usageOf(session).totalBytes - before.totalBytes,
  countedBytes: countedOf(session) - countedBefore,
});

const sumOf = (changes: readonly SessionChange[], name: 'totalBytes' | 'countedBytes'): bigint =>
  changes.reduce((sum, change) => sum + change[name], 0n);

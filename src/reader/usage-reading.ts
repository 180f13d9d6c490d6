/** Usage of a SIM or a fleet: the usage table, and what open sessions hold that is not in it yet.
 *
 *  A session's item holds the hour that it is in (open) and the hours that its last change closed, which a worker adds
 *  to their day afterwards and before the item's next change; the day remembers what it was given. So, in this order:
 *  1. the sessions; 2. the table; 3. the sessions again. What was open at 1 and 3 was not in the table at 2. What was
 *  closed is asked of the day that it goes to. What has gone in between is in its day by now: that is read again, and
 *  then 3 is repeated. */
import type { ClosedUsage, OpenUsageEntry } from '../store/open-usage.ts';
import { toIso } from '../time.ts';
import { type Item, type ItemReader, type Key, texts } from './item-reader.ts';
import { parseUsage } from './parse-item.ts';
import { OPEN_BY_SIM, type ReaderTables } from './reader-tables.ts';
import {
  HOUR_MS,
  type HourRange,
  hourRangeOf,
  isWithin,
  type UsageRange,
  type UsageRow,
  UsageTally,
} from './usage-tally.ts';

export type UsageSubject = { readonly simSid: string } | { readonly fleetSid: string };

/** What the session's and the day's private attributes say: `store/open-usage.ts`. */
export interface HeldUsage {
  readonly openUsageOf: (session: Item) => readonly OpenUsageEntry[];
  readonly closedUsageOf: (session: Item) => readonly ClosedUsage[];
  readonly isCountedIn: (day: Item, closed: ClosedUsage) => boolean;
}

export interface UsageReadingDeps {
  readonly items: ItemReader;
  readonly tables: ReaderTables;
  readonly heldUsage: HeldUsage;
}

/** What a session holds of one day and fleet. */
interface Held {
  readonly sessionSid: string;
  /** The same as long as the session holds it. */
  readonly id: string;
  /** Where it goes, or has gone. */
  readonly day: Key;
  readonly entries: readonly OpenUsageEntry[];
  /** Absent: still open. */
  readonly closed?: ClosedUsage;
}

/** An hour leaves a session once; that a second one of the same session follows meanwhile takes a worker that
 *  catches up at that moment. */
const ROUNDS_MAX = 3;

const idOfDay = (key: Item): string => `${key['sim_sid']} ${key['day_fleet']}`;
const idOfSession = (key: Item): string => String(key['data_session_sid']);
const dayOf = (epochMs: number): string => toIso(epochMs).slice(0, 10);

export class UsageReading {
  private readonly deps: UsageReadingDeps;
  private readonly subject: UsageSubject;
  private readonly range: HourRange;
  private readonly tally: UsageTally;
  private readonly hasOpen: boolean;
  /** Days that may change while being read: those that held usage goes to. */
  private readonly watched = new Map<string, Item | undefined>();

  constructor(deps: UsageReadingDeps, subject: UsageSubject, range: UsageRange) {
    this.deps = deps;
    this.subject = subject;
    this.range = hourRangeOf(range);
    this.tally = new UsageTally(range.by, this.range);
    this.hasOpen = range.includeOpen ?? true;
  }

  async rows(): Promise<UsageRow[]> {
    if (this.range.fromMs < this.range.toMs) {
      const found = this.hasOpen ? await this.findHeld() : [];
      for (const { day } of found) this.watched.set(idOfDay(day), undefined);
      for await (const days of this.days())
        for (const day of days)
          if (this.watched.has(idOfDay(day))) this.watched.set(idOfDay(day), day);
          else this.tally.addDay(parseUsage(day));
      this.addHeld(await this.settled(found));
    }
    return this.tally.rows(this.subject);
  }

  private addHeld(held: readonly Held[]): void {
    for (const day of this.watched.values()) if (day) this.tally.addDay(parseUsage(day));
    for (const one of held)
      if (!this.isCounted(one))
        for (const entry of one.entries) this.tally.addHour(entry.hourMs, entry, entry);
  }

  private isCounted({ day, closed }: Held): boolean {
    if (!closed) return false;
    // Closed after the days were read, and of one that is not kept: the next reading has it.
    if (!this.watched.has(idOfDay(day))) return true;
    const item = this.watched.get(idOfDay(day));
    return item !== undefined && this.deps.heldUsage.isCountedIn(item, closed);
  }

  /** What sessions hold, as it agrees with the days that were read. */
  private async settled(found: readonly Held[]): Promise<Held[]> {
    let held = [...found];
    for (let round = 0; round < ROUNDS_MAX && held.length > 0; round += 1) {
      const now = await this.heldBy([...new Set(held.map(({ sessionSid }) => sessionSid))]);
      const still = new Set(now.map(({ id }) => id));
      const gone = held.filter(({ id }) => !still.has(id));
      const isWatched = ({ day }: Held): boolean => this.watched.has(idOfDay(day));
      // First seen after its day was read, and gone since: that reading of the day has it not yet.
      held = [...now, ...gone.filter((one) => !isWatched(one) && !one.closed)];
      const moved = gone.filter(isWatched).map(({ day }) => day);
      if (moved.length === 0) break;
      for (const day of moved) this.watched.set(idOfDay(day), undefined);
      for (const day of await this.deps.items.getAll(this.deps.tables.usage, moved, idOfDay))
        this.watched.set(idOfDay(day), day);
    }
    return held;
  }

  private async findHeld(): Promise<Held[]> {
    const { items, tables } = this.deps;
    const index = { TableName: tables.sessions, IndexName: OPEN_BY_SIM };
    const pages =
      'simSid' in this.subject
        ? items.query({
            ...index,
            KeyConditionExpression: 'sim_sid = :sim',
            ExpressionAttributeValues: texts({ ':sim': this.subject.simSid }),
          })
        : items.scan(index);
    const held: Held[] = [];
    for await (const page of pages) held.push(...(await this.heldBy(page.map(idOfSession))));
    return held;
  }

  /** Of these sessions, what belongs to the subject and the range. */
  private async heldBy(sids: readonly string[]): Promise<Held[]> {
    const keys = sids.map((sid) => ({ data_session_sid: sid }));
    const sessions = await this.deps.items.getAll(this.deps.tables.sessions, keys, idOfSession);
    return sessions.flatMap((session) => this.heldOf(session).filter((one) => this.isMine(one)));
  }

  private isMine({ entries }: Held): boolean {
    return entries.some(
      ({ hourMs, fleetSid }) =>
        ('simSid' in this.subject || fleetSid === this.subject.fleetSid) && isWithin(this.range, hourMs),
    );
  }

  private heldOf(session: Item): Held[] {
    const { openUsageOf, closedUsageOf } = this.deps.heldUsage;
    const sessionSid = idOfSession(session);
    const held = (id: string, entries: readonly OpenUsageEntry[]): Held[] =>
      entries.slice(0, 1).map(({ hourMs, fleetSid }) => ({
        sessionSid,
        id: `${sessionSid} ${id}`,
        entries,
        day: { sim_sid: String(session['sim_sid']), day_fleet: `${dayOf(hourMs)}#${fleetSid ?? '-'}` },
      }));
    return [
      ...openUsageOf(session).flatMap((entry) => held(`${entry.hourMs}#${entry.fleetSid ?? '-'}`, [entry])),
      ...closedUsageOf(session).flatMap((closed) =>
        held(closed.partId, closed.entries).map((one) => ({ ...one, closed })),
      ),
    ];
  }

  /** The usage table's items of the subject, page by page. */
  private async *days(): AsyncGenerator<Item[]> {
    const { items, tables } = this.deps;
    const [first, last] = [dayOf(this.range.fromMs), dayOf(this.range.toMs - HOUR_MS)];
    if ('simSid' in this.subject) {
      yield* items.query({
        TableName: tables.usage,
        ConsistentRead: true,
        KeyConditionExpression: 'sim_sid = :sim AND day_fleet BETWEEN :first AND :last',
        // `$` is the character after `#`: all fleets of the last day.
        ExpressionAttributeValues: texts({
          ':sim': this.subject.simSid,
          ':first': `${first}#`,
          ':last': `${last}$`,
        }),
      });
      return;
    }
    const pages = items.query({
      TableName: tables.usage,
      IndexName: 'by-fleet',
      KeyConditionExpression: 'fleet_sid = :fleet AND #day BETWEEN :first AND :last',
      ExpressionAttributeNames: { '#day': 'day' },
      ExpressionAttributeValues: texts({ ':fleet': this.subject.fleetSid, ':first': first, ':last': last }),
    });
    for await (const page of pages) {
      const keys = page.map((key) => ({
        sim_sid: String(key['sim_sid']),
        day_fleet: String(key['day_fleet']),
      }));
      yield await items.getAll(tables.usage, keys, idOfDay);
    }
  }
}

/** Typed reads of what the worker stores. Items are read consistently; indexes are eventually consistent, so a new
 *  session or day may be missing for a moment (usually under a second). Needs `dynamodb:GetItem`, `BatchGetItem`,
 *  `Query` and `Scan` on the tables and their indexes. */
import { closedUsageOf, isCountedIn, openUsageOf } from '../store/open-usage.ts';
import { type Clock, type Random, systemClock, systemRandom, toIso } from '../time.ts';
import { type DynamoDbSender, type Item, ItemReader, texts } from './item-reader.ts';
import { parseSession, parseSim } from './parse-item.ts';
import { BY_SIM, OPEN_BY_SIM, type ReaderTables, readerTables } from './reader-tables.ts';
import type { Session } from './session-item.ts';
import type { Sim } from './sim-item.ts';
import { type HeldUsage, UsageReading } from './usage-reading.ts';
import { timeOf, type UsageRange, type UsageRow } from './usage-tally.ts';

export interface ReaderOptions {
  /** A `DynamoDBDocumentClient` or `DynamoDBClient`. Its number settings don't matter: the reader is exact. */
  readonly client: DynamoDbSender;
  /** The worker's `SUPERSIM_TABLE_PREFIX`. Default `supersim-meter`. */
  readonly tablePrefix?: string;
}

export interface StartRange {
  /** Started at or after it. ISO 8601 with `Z`, or a day such as `2026-11-24`. */
  readonly from?: string;
  /** Started before it. ISO 8601 with `Z`, or a day. */
  readonly to?: string;
}

/** All reads throw `ReaderError` and the SDK's own errors. Generators read as they are asked: stop at any time. */
export interface Reader {
  session(dataSessionSid: string): Promise<Session | undefined>;
  /** Latest start first. Sessions whose start no event told are not among them: `allSessions` has them.
   *  @throws ReaderError `range-invalid` */
  sessionsOfSim(simSid: string, range?: StartRange): AsyncGenerator<Session>;
  /** In no order. */
  openSessionsOfSim(simSid: string): AsyncGenerator<Session>;
  /** Reads the whole table, in no order. */
  allSessions(): AsyncGenerator<Session>;
  sim(simSid: string): Promise<Sim | undefined>;
  /** In the order of time; periods without usage are left out.
   *  @throws ReaderError `range-invalid` */
  usageOfSim(simSid: string, range: UsageRange): Promise<UsageRow[]>;
  /** All SIMs of the fleet in one row per period. With `includeOpen` reads every open session of every fleet.
   *  @throws ReaderError `range-invalid` */
  usageOfFleet(fleetSid: string, range: UsageRange): Promise<UsageRow[]>;
}

/** What a test replaces. */
export interface ReaderParts {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly heldUsage?: HeldUsage;
}

const idOf = (item: Item): string => String(item['data_session_sid']);

/** The index's condition on `started_at`. BETWEEN has both ends: the time before `to` is its last. */
function startCondition({ from, to }: StartRange): { condition: string; values: Record<string, string> } {
  const [first, last] = [
    from === undefined ? undefined : toIso(timeOf('from', from)),
    to === undefined ? undefined : toIso(timeOf('to', to) - 1),
  ];
  const values = {
    ...(first === undefined ? {} : { ':from': first }),
    ...(last === undefined ? {} : { ':last': last }),
  };
  if (first !== undefined && last !== undefined)
    return { condition: ' AND started_at BETWEEN :from AND :last', values };
  if (first !== undefined) return { condition: ' AND started_at >= :from', values };
  return { condition: last === undefined ? '' : ' AND started_at <= :last', values };
}

class DynamoReader implements Reader {
  private readonly items: ItemReader;
  private readonly tables: ReaderTables;
  private readonly heldUsage: HeldUsage;
  constructor({ client, tablePrefix = 'supersim-meter' }: ReaderOptions, parts: ReaderParts) {
    const { clock = systemClock, random = systemRandom } = parts;
    this.items = new ItemReader({ client, clock, random });
    this.tables = readerTables(tablePrefix);
    this.heldUsage = parts.heldUsage ?? { openUsageOf, closedUsageOf, isCountedIn };
  }

  async session(dataSessionSid: string): Promise<Session | undefined> {
    const item = await this.items.get(this.tables.sessions, { data_session_sid: dataSessionSid });
    return item && parseSession(item);
  }

  async *sessionsOfSim(simSid: string, range: StartRange = {}): AsyncGenerator<Session> {
    const { condition, values } = startCondition(range);
    if (values[':from'] !== undefined && values[':last'] !== undefined && values[':from'] > values[':last'])
      return;
    const pages = this.items.query({
      TableName: this.tables.sessions,
      IndexName: BY_SIM,
      KeyConditionExpression: `sim_sid = :sim${condition}`,
      ExpressionAttributeValues: texts({ ':sim': simSid, ...values }),
      ScanIndexForward: false,
    });
    for await (const page of pages) yield* await this.load(page);
  }

  async *openSessionsOfSim(simSid: string): AsyncGenerator<Session> {
    const pages = this.items.query({
      TableName: this.tables.sessions,
      IndexName: OPEN_BY_SIM,
      KeyConditionExpression: 'sim_sid = :sim',
      ExpressionAttributeValues: texts({ ':sim': simSid }),
    });
    // The index may still name one that has just ended.
    for await (const page of pages)
      for (const session of await this.load(page)) if (session.status === 'open') yield session;
  }

  async *allSessions(): AsyncGenerator<Session> {
    for await (const page of this.items.scan({ TableName: this.tables.sessions, ConsistentRead: true }))
      yield* page.map(parseSession);
  }

  async sim(simSid: string): Promise<Sim | undefined> {
    const item = await this.items.get(this.tables.sims, { sim_sid: simSid });
    return item && parseSim(item);
  }

  usageOfSim(simSid: string, range: UsageRange): Promise<UsageRow[]> {
    return this.usage({ simSid }, range);
  }

  usageOfFleet(fleetSid: string, range: UsageRange): Promise<UsageRow[]> {
    return this.usage({ fleetSid }, range);
  }

  private async usage(
    subject: { readonly simSid: string } | { readonly fleetSid: string },
    range: UsageRange,
  ): Promise<UsageRow[]> {
    const { items, tables, heldUsage } = this;
    return new UsageReading({ items, tables, heldUsage }, subject, range).rows();
  }

  private async load(page: readonly Item[]): Promise<Session[]> {
    const keys = page.map((key) => ({ data_session_sid: idOf(key) }));
    return (await this.items.getAll(this.tables.sessions, keys, idOf)).map(parseSession);
  }
}

/** `parts`: for tests. */
export const createReader = (options: ReaderOptions, parts: ReaderParts = {}): Reader =>
  new DynamoReader(options, parts);

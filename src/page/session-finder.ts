/** Finds a session or a SIM, and what the SIM used by hour. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { errorName } from '../errors.ts';
import type { Reader } from '../reader/reader.ts';
import type { ReaderTables } from '../reader/reader-tables.ts';
import type { Session } from '../reader/session-item.ts';
import { HOUR_MS } from '../reader/usage-tally.ts';
import { type Clock, fromIso, toIso } from '../time.ts';
import { within } from './fleet-view.ts';
import { problemOf, READ_WITHIN_MS } from './read-problem.ts';
import { scanSome } from './scan-some.ts';
import { shapeSession, shapeSim } from './shape-session.ts';
import type { Found, FromTable, ShapedSim, UsagePart } from './shapes.ts';

/** Of a SIM, the latest. */
const SESSIONS_SHOWN = 20;
const USAGE_HOURS = 7 * 24;
/** An ICCID or a name has no index: so many pages of the SIMs' table are looked through. */
const PAGES_MAX = 20;
const QUERY_CHARS_MAX = 100;

export interface SessionFinderDeps {
  readonly client: DynamoDBDocumentClient;
  readonly reader: Reader;
  readonly tables: ReaderTables;
  readonly clock: Clock;
}

const isMissing = (error: unknown): boolean => errorName(error) === 'ResourceNotFoundException';

const NOTHING = (hint: string): Found => ({ kind: 'nothing', hint });

export class SessionFinder {
  private readonly deps: SessionFinderDeps;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(deps: SessionFinderDeps) {
    this.deps = deps;
  }

  /** One at a time: looking through a table costs.
   *  @throws what DynamoDB throws. */
  find(query: string): Promise<Found> {
    const work = this.turn.then(() => this.look(query.trim()));
    this.turn = work.catch(() => undefined);
    return work;
  }

  private async look(query: string): Promise<Found> {
    if (query === '' || query.length > QUERY_CHARS_MAX)
      return NOTHING('Give a session’s SID, a SIM’s SID (HS…), an ICCID or a SIM’s name.');
    const { reader, clock } = this.deps;
    const session = await within(clock, READ_WITHIN_MS, reader.session(query));
    if (session) return this.about(session.sim_sid, session);
    const bySid = await this.about(query, undefined);
    if (bySid.kind !== 'nothing' || query.startsWith('HS')) return bySid;
    const { simSid, hint } = await this.findSim(query);
    return simSid === undefined ? NOTHING(hint) : this.about(simSid, undefined);
  }

  /** By ICCID or name. */
  private async findSim(
    query: string,
  ): Promise<{ readonly simSid: string | undefined; readonly hint: string }> {
    const { client, tables } = this.deps;
    const none = 'No session, SIM, ICCID or SIM name is exactly this.';
    try {
      const { items, isPartial } = await scanSome(
        client,
        {
          TableName: tables.sims,
          FilterExpression: 'sim_iccid = :query OR sim_unique_name = :query',
          ExpressionAttributeValues: { ':query': query },
          ProjectionExpression: 'sim_sid',
        },
        { pagesMax: PAGES_MAX, itemsMax: 1 },
      );
      const simSid = items[0]?.['sim_sid'];
      if (typeof simSid === 'string') return { simSid, hint: '' };
      const more = ' The SIMs’ table is large, and only its first part was looked through: search by SID.';
      return { simSid: undefined, hint: `${none}${isPartial ? more : ''}` };
    } catch (error) {
      if (!isMissing(error)) throw error;
      return { simSid: undefined, hint: `${none} ICCIDs and names are not kept (SUPERSIM_PROJECTIONS).` };
    }
  }

  private async about(simSid: string, session: Session | undefined): Promise<Found> {
    const [sim, sessions] = await Promise.all([this.sim(simSid), this.sessions(simSid)]);
    if (!sim && !session && sessions.length === 0) return NOTHING(`Nothing is stored of the SIM ${simSid}.`);
    return {
      kind: session ? 'session' : 'sim',
      simSid,
      session: session ? shapeSession(session) : null,
      sim,
      sessions: sessions.map(shapeSession),
      usage: await this.usage(simSid, session ? [session] : sessions),
    };
  }

  private async sim(simSid: string): Promise<ShapedSim | null> {
    try {
      const sim = await this.deps.reader.sim(simSid);
      return sim ? shapeSim(sim) : null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  private async sessions(simSid: string): Promise<Session[]> {
    const sessions: Session[] = [];
    for await (const session of this.deps.reader.sessionsOfSim(simSid)) {
      sessions.push(session);
      if (sessions.length === SESSIONS_SHOWN) break;
    }
    return sessions;
  }

  /** The week that ends with the latest usage known, so that a silent SIM shows something too. */
  private async usage(simSid: string, sessions: readonly Session[]): Promise<FromTable<UsagePart>> {
    const times = sessions.flatMap(
      ({ usage_through: through, started_at: started }) => through ?? started ?? [],
    );
    const latestMs = Math.max(...times.map(fromIso));
    const endMs = Number.isFinite(latestMs) ? latestMs : this.deps.clock.wallMs();
    const toMs = (Math.floor(endMs / HOUR_MS) + 1) * HOUR_MS;
    const fromMs = toMs - USAGE_HOURS * HOUR_MS;
    try {
      const rows = await this.deps.reader.usageOfSim(simSid, {
        from: toIso(fromMs),
        to: toIso(toMs),
        by: 'hour',
      });
      const hours = rows.map(({ period, downloadBytes, uploadBytes }) => ({
        atMs: fromIso(period),
        downloadBytes: Number(downloadBytes),
        uploadBytes: Number(uploadBytes),
      }));
      return { value: { fromMs, toMs, hours }, problem: null };
    } catch (error) {
      const problem = isMissing(error)
        ? 'Usage by hour is not kept: SUPERSIM_PROJECTIONS leaves it out.'
        : problemOf(error, 'reading the usage table');
      return { value: null, problem };
    }
  }
}

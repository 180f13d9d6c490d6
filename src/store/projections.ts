/** All that is kept of an event: its session, which hands its usage on to the SIM's day; and the SIM's state, which only
 *  what changes it touches. Each is exact by itself; the outcome of an event is its session's, or its SIM's when it
 *  belongs to no session. */
import type { ConnectionEvent, DataSessionEvent } from '../decode/event.ts';
import { type SimNews, transitionOf } from '../reduce/sim.ts';
import type { AggregateStore } from './aggregate-store.ts';
import type { Blocking } from './item-kind.ts';
import type { ApplyOptions, EventOutcome, SessionStore, Tell } from './session-store.ts';
import type { StoredSim } from './sim-item.ts';
import type { StoredSession } from './stored-session.ts';

export interface ProjectionStores {
  readonly sessions: AggregateStore<DataSessionEvent, StoredSession>;
  /** Absent: no SIM's state is kept. */
  readonly sims?: AggregateStore<SimNews, StoredSim>;
}

const newsOf = (event: ConnectionEvent): SimNews => ({
  eventSid: event.eventSid,
  simSid: event.simSid,
  event,
  ...(event.timestampMs === undefined ? {} : { timestampMs: event.timestampMs }),
});

/** What a session that has been blocked knows of it, told with each of its events: updates do not touch the SIM's item
 *  otherwise, and the last one told is right. */
const blockingNews = (
  { eventSid, simSid, accountSid, timestampMs }: ConnectionEvent,
  blocking: Blocking,
): SimNews => ({
  eventSid: `${eventSid}/blocking`,
  simSid,
  accountSid,
  blocking,
  ...(timestampMs === undefined ? {} : { timestampMs }),
});

export class Projections implements SessionStore {
  private readonly stores: ProjectionStores;

  constructor(stores: ProjectionStores) {
    this.stores = stores;
  }

  async apply(
    events: readonly ConnectionEvent[],
    signal: AbortSignal,
    options: ApplyOptions<ConnectionEvent> = {},
  ): Promise<readonly EventOutcome[]> {
    const { sessions, sims } = this.stores;
    // The decoder gives no others then.
    if (!sims) return sessions.apply(events as readonly DataSessionEvent[], signal, options);
    return new BothKinds(events, options).apply({ sessions, sims }, signal);
  }

  flush(signal?: AbortSignal): void {
    this.stores.sessions.flush(signal);
    this.stores.sims?.flush(signal);
  }

  makeRoom(isWanted: () => boolean): void {
    this.stores.sessions.makeRoom(isWanted);
    this.stores.sims?.makeRoom(isWanted);
  }
}

/** Events of one `apply`, of which some concern a session, some a SIM, some both. */
class BothKinds {
  private readonly mayWait: boolean;
  private readonly tell: Tell<ConnectionEvent> | undefined;
  private readonly outcomes: EventOutcome[];
  private readonly ofSessions: DataSessionEvent[] = [];
  private readonly ofSims: ConnectionEvent[] = [];
  /** Places of those events among all. */
  private readonly sessionsAt: number[] = [];
  private readonly simsAt: number[] = [];
  /** What sessions leave to be told to SIMs. */
  private readonly news: SimNews[] = [];

  constructor(events: readonly ConnectionEvent[], { mayWait = false, tell }: ApplyOptions<ConnectionEvent>) {
    this.mayWait = mayWait;
    this.tell = tell;
    this.outcomes = new Array<EventOutcome>(events.length);
    for (const [index, event] of events.entries()) this.sort(event, index);
  }

  async apply(
    { sessions, sims }: Required<ProjectionStores>,
    signal: AbortSignal,
  ): Promise<readonly EventOutcome[]> {
    const { ofSessions, ofSims, simsAt, outcomes, mayWait, news } = this;
    const tell: Tell<DataSessionEvent> = (event, outcome, at) => this.settle(event, outcome, at);
    const ofStores = Promise.all([
      sessions.apply(ofSessions, signal, { mayWait, tell }),
      ofSims.length === 0 ? [] : sims.apply(ofSims.map(newsOf), signal, { mayWait }),
    ]);
    // The store gives each back: here they would only wait too.
    ofSessions.length = 0;
    const [, simOutcomes] = await ofStores;
    if (news.length > 0) await sims.apply(news, signal);
    for (const [at, event] of ofSims.entries()) {
      const index = simsAt[at] as number;
      const outcome = mergedOutcome(outcomes[index], simOutcomes[at] as EventOutcome);
      outcomes[index] = outcome;
      this.tell?.(event, outcome, index);
    }
    return outcomes;
  }

  private sort(event: ConnectionEvent, index: number): void {
    if (event.kind === 'data-session') {
      this.ofSessions.push(event);
      this.sessionsAt.push(index);
    }
    if (transitionOf(event) === undefined) return;
    this.ofSims.push(event);
    this.simsAt.push(index);
  }

  private settle(event: DataSessionEvent, outcome: EventOutcome, at: number): void {
    const { blocking } = outcome;
    if (blocking) this.news.push(blockingNews(event, blocking));
    const index = this.sessionsAt[at] as number;
    this.outcomes[index] = outcome;
    if (transitionOf(event) === undefined) this.tell?.(event, outcome, index);
  }
}

/** A SIM's item that cannot take an event makes a dead letter of it, as a session's does. */
const mergedOutcome = (session: EventOutcome | undefined, sim: EventOutcome): EventOutcome =>
  sim.kind === 'refused' ? sim : (session ?? sim);

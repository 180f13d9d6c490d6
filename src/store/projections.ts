/** All that is kept of an event: its session, which hands its usage on to the SIM's day; and the SIM's state, which only
 *  what changes it touches. Each is exact by itself; the outcome of an event is its session's, or its SIM's when it
 *  belongs to no session. */
import type { ConnectionEvent, DataSessionEvent } from '../decode/event.ts';
import { type SimNews, transitionOf } from '../reduce/sim.ts';
import type { AggregateStore } from './aggregate-store.ts';
import type { Blocking } from './item-kind.ts';
import type { EventOutcome, SessionStore } from './session-store.ts';
import type { StoredSim } from './sim-item.ts';
import type { StoredSession } from './stored-session.ts';

export interface ProjectionStores {
  readonly sessions: AggregateStore<DataSessionEvent, StoredSession>;
  /** Absent: no SIM's state is kept. */
  readonly sims?: AggregateStore<SimNews, StoredSim>;
}

type ApplyOptions = { readonly mayWait?: boolean };

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
    options: ApplyOptions = {},
  ): Promise<readonly EventOutcome[]> {
    const { sessions, sims } = this.stores;
    // The decoder gives no others then.
    if (!sims) return sessions.apply(events as readonly DataSessionEvent[], signal, options);
    const ofSessions: DataSessionEvent[] = [];
    const ofSims: ConnectionEvent[] = [];
    for (const event of events) {
      if (event.kind === 'data-session') ofSessions.push(event);
      if (transitionOf(event) !== undefined) ofSims.push(event);
    }
    const [sessionOutcomes, simOutcomes] = await Promise.all([
      sessions.apply(ofSessions, signal, options),
      ofSims.length === 0 ? [] : sims.apply(ofSims.map(newsOf), signal, options),
    ]);
    await this.tellBlocking(ofSessions, sessionOutcomes, signal);
    return ofSims.length === 0 ? sessionOutcomes : outcomesOf(events, sessionOutcomes, simOutcomes);
  }

  flush(): void {
    this.stores.sessions.flush();
    this.stores.sims?.flush();
  }

  private async tellBlocking(
    events: readonly DataSessionEvent[],
    outcomes: readonly EventOutcome[],
    signal: AbortSignal,
  ): Promise<void> {
    const news: SimNews[] = [];
    for (let at = 0; at < events.length; at += 1) {
      const blocking = outcomes[at]?.blocking;
      if (blocking) news.push(blockingNews(events[at] as DataSessionEvent, blocking));
    }
    if (news.length > 0) await this.stores.sims?.apply(news, signal);
  }
}

/** One for each event; a SIM's item that cannot take an event makes a dead letter of it, as a session's does. */
function outcomesOf(
  events: readonly ConnectionEvent[],
  ofSessions: readonly EventOutcome[],
  ofSims: readonly EventOutcome[],
): EventOutcome[] {
  let [sessionAt, simAt] = [0, 0];
  return events.map((event) => {
    const session = event.kind === 'data-session' ? ofSessions[sessionAt++] : undefined;
    const sim = transitionOf(event) === undefined ? undefined : ofSims[simAt++];
    return (sim?.kind === 'refused' ? sim : (session ?? sim)) as EventOutcome;
  });
}

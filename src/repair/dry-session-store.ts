/** A store that decides like the real one, also by what it decided before, and writes nothing. */
import type { ConnectionEvent, DataSessionEvent } from '../decode/event.ts';
import type { EventId } from '../reduce/dedup-memory.ts';
import { type SimNews, transitionOf } from '../reduce/sim.ts';
import type { ApplyOptions, EventOutcome, SessionStore } from '../store/session-store.ts';
import type { StoredSim } from '../store/sim-item.ts';
import type { StoredSession } from '../store/stored-session.ts';
import { DryItems, type DryItemsDeps, type DryVerdict } from './dry-items.ts';
import type { WouldChange } from './would-change.ts';

type Deps<E extends ConnectionEvent | SimNews, S extends StoredSession | StoredSim> = Omit<
  DryItemsDeps<E, S>,
  'onNew'
>;

export interface DrySessionStoreDeps {
  readonly sessions: Deps<DataSessionEvent, StoredSession>;
  /** Absent: no SIM's state is kept. */
  readonly sims?: Deps<SimNews, StoredSim>;
  readonly changes: WouldChange;
}

/** Ids of events that only SIMs hold, told in this run; the oldest go first. */
const IDS_MAX = 500_000;

export class DrySessionStore implements SessionStore {
  private readonly sessions: DryItems<DataSessionEvent, StoredSession>;
  private readonly sims: DryItems<SimNews, StoredSim> | undefined;
  private readonly told = new Set<EventId>();

  constructor({ sessions, sims, changes }: DrySessionStoreDeps) {
    this.sessions = new DryItems({
      ...sessions,
      onNew: ({ session }, id, event) => changes.add(session, id, event),
    });
    this.sims = sims && new DryItems({ ...sims, onNew: (_, id) => this.tell(id) });
  }

  async apply(
    given: readonly ConnectionEvent[],
    signal: AbortSignal,
    { tell }: ApplyOptions<ConnectionEvent> = {},
  ): Promise<readonly EventOutcome[]> {
    const events = [...given];
    const outcomes = await this.decide(events, signal);
    for (const [at, event] of events.entries()) tell?.(event, outcomes[at] as EventOutcome, at);
    return outcomes;
  }

  flush(): void {
    // Nothing is held back.
  }

  makeRoom(): void {
    // Nor takes any.
  }

  private async decide(
    events: readonly ConnectionEvent[],
    signal: AbortSignal,
  ): Promise<readonly EventOutcome[]> {
    const ofSessions = events.filter((event) => event.kind === 'data-session');
    const ofSims = this.sims ? events.filter((event) => transitionOf(event) !== undefined) : [];
    const [sessions, sims] = await Promise.all([
      this.sessions.decide(ofSessions, signal),
      this.sims?.decide(ofSims.map(newsOf), signal) ?? [],
    ]);
    let [sessionAt, simAt] = [0, 0];
    return events.map((event) => {
      const session = event.kind === 'data-session' ? sessions[sessionAt++] : undefined;
      const sim = this.sims && transitionOf(event) !== undefined ? sims[simAt++] : undefined;
      // As `Projections` says it.
      if (sim === 'unreadable') return { kind: 'refused', reason: 'sim-item-unreadable' };
      return outcomeOf(session ?? sim ?? 'unreadable');
    });
  }

  private tell(id: EventId): 'applied' | 'duplicate' {
    if (this.told.has(id)) return 'duplicate';
    this.told.add(id);
    const [oldest] = this.told;
    if (this.told.size > IDS_MAX && oldest !== undefined) this.told.delete(oldest);
    return 'applied';
  }
}

const newsOf = (event: ConnectionEvent): SimNews => ({
  eventSid: event.eventSid,
  simSid: event.simSid,
  event,
  ...(event.timestampMs === undefined ? {} : { timestampMs: event.timestampMs }),
});

function outcomeOf(verdict: DryVerdict): EventOutcome {
  if (verdict === 'unreadable') return { kind: 'refused', reason: 'session-item-unreadable' };
  return verdict === 'erased' ? { kind: 'ignored', reason: 'sim-erased' } : { kind: verdict };
}

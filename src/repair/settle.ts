/** Books what became of events. */
import type { SessionStore } from '../store/session-store.ts';
import type { Tally } from '../tally.ts';

/** What a store takes. */
export type StoredEvent = Parameters<SessionStore['apply']>[0][number];

/** An `EventOutcome`, and what a store may say beside. */
interface Settled {
  readonly kind: 'applied' | 'duplicate' | 'ignored' | 'refused';
  readonly reason?: string;
}

/** Books each event's outcome; the number of those that are not durable. */
export function settleAll(
  tally: Tally,
  events: readonly StoredEvent[],
  outcomes: readonly Settled[],
): number {
  let refused = 0;
  for (const [at, event] of events.entries()) {
    const { kind, reason = 'refused-by-store' } = outcomes[at] ?? { kind: 'refused' };
    if (kind === 'applied' || kind === 'duplicate') tally.settle(event, kind);
    else if (kind === 'ignored') tally.ignore(reason);
    else {
      tally.deadLetter(reason);
      refused += 1;
    }
  }
  return refused;
}

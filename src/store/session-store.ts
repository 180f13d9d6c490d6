/** The port through which events become durable. Implementations: DynamoSessionStore. */
import type { DataSessionEvent } from '../decode/event.ts';

export type EventOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'duplicate' }
  /** The store can never take it: keep the event as a dead letter and go on. */
  | { readonly kind: 'refused'; readonly reason: 'session-item-unreadable' | 'refused-by-store' };

export interface SessionStore {
  /** Counts each event exactly once, whoever else applies it and however often. Outcomes are in the events'
   *  order. Resolves only when all of it is durable; rejects with an `AbortError` when `signal` aborts. */
  apply(events: readonly DataSessionEvent[], signal: AbortSignal): Promise<readonly EventOutcome[]>;
}

/** What the store tells about its work, to be counted. */
export interface StoreObserver {
  onWrite?(kind: 'session' | 'page' | 'dead-letter'): void;
  /** A swap found another version: somebody else wrote first. */
  onConflict?(): void;
  onPagesRead?(): void;
  onThrottle?(): void;
}

/** The port through which events become durable. Implementations: `Projections`. */
import type { ConnectionEvent } from '../decode/event.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Blocking, UnreadableReason } from './item-kind.ts';

/** Why the store can never take an event. */
export type SessionStoreRefusal = UnreadableReason | 'refused-by-store';

export type EventOutcome = (
  | { readonly kind: 'applied' }
  | { readonly kind: 'duplicate' }
  /** Not to be kept. */
  | { readonly kind: 'ignored'; readonly reason: 'sim-erased' }
  /** The store can never take it: keep the event as a dead letter and go on. */
  | { readonly kind: 'refused'; readonly reason: SessionStoreRefusal }
) & { readonly blocking?: Blocking };

/** Told what became of an event as soon as that is known; it is durable only when its `apply` resolves. */
export type Tell<E> = (event: E, outcome: EventOutcome, index: number) => void;

export interface ApplyOptions<E> {
  /** May be held back for a while, to be written together with later events of the same items. */
  readonly mayWait?: boolean;
  /** For who wants to keep no event: a store takes what it needs of the array before `apply` returns its promise,
   *  and gives an equal event back. Events come in any order. */
  readonly tell?: Tell<E>;
}

export interface SessionStore {
  /** Counts each event exactly once, whoever else applies it and however often. Outcomes are in the events'
   *  order. Resolves only when all of it is durable; rejects with an `AbortError` when `signal` aborts. */
  apply(
    events: readonly ConnectionEvent[],
    signal: AbortSignal,
    options?: ApplyOptions<ConnectionEvent>,
  ): Promise<readonly EventOutcome[]>;
  /** Writes at once what is held back of the shard that has this signal; without one, of all. */
  flush(signal?: AbortSignal): void;
  /** What is held back is to be written, that which waits longest first, for as long as room is wanted. */
  makeRoom(isWanted: () => boolean): void;
}

/** What the store counts of its own work. */
export type StoreMetrics = Pick<
  Metrics,
  'wrote' | 'missed' | 'conflicted' | 'sessionUsed' | 'dedupPagesRead'
>;

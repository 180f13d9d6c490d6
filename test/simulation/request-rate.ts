/** I13: how often one worker asks a lease table that does not answer. A healthy worker renews each lease three times
 *  per failover time; in an outage of any length the requests must stay within a few times that. */

const WINDOW_MS = 10_000;
/** Requests per lease and window: two attempts each, first in quick succession and then once per 2 s or so. */
const FAILED_PER_LEASE_MAX = 40;
/** The loops that ask although no lease is held. */
const LOOPS = 3;

export class RequestRate {
  private readonly violate: (invariant: string, what: string) => void;
  private readonly counts = new Map<string, { window: number; count: number }>();

  constructor(violate: (invariant: string, what: string) => void) {
    this.violate = violate;
  }

  /** A request of `worker`'s failed, while the stream had so many shards. */
  failed(worker: string, nowMs: number, shards: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    const entry = this.counts.get(worker);
    if (entry?.window !== window) {
      this.counts.set(worker, { window, count: 1 });
      return;
    }
    entry.count += 1;
    if (entry.count === FAILED_PER_LEASE_MAX * (shards + LOOPS))
      this.violate(
        'I13',
        `${worker} asked the lease table in vain ${entry.count} times within ${WINDOW_MS} ms`,
      );
  }
}

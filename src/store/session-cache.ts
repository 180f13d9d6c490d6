/** The sessions written last, so that in steady state nothing needs to be read. A stale one is harmless: its write
 *  fails on the version. But a failed write costs five times a read, so where sessions hop between workers the
 *  cache steps back and only measures. */
import { ByteRing } from './byte-ring.ts';
import { packSession, unpackSession } from './packed-session.ts';
import type { StoredSession } from './stored-session.ts';

/** Above this share of stale entries a read before the write is cheaper: it costs a fifth of a failed write. */
const STALE_SHARE_MAX = 0.2;
/** The share is an average over about so many sessions. */
const SAMPLES = 256;

export class SessionCache {
  private readonly ring: ByteRing;
  private staleShare = 0;

  /** A session takes 0.5 to 0.9 KB of `size`, and 0.1 KB of heap for its key. Unit: bytes. */
  constructor(size: number) {
    this.ring = new ByteRing(size);
  }

  /** Whether entries are to be used without a look at the table. */
  get isTrusted(): boolean {
    return this.staleShare <= STALE_SHARE_MAX;
  }

  get(sid: string): StoredSession | undefined {
    const entry = this.ring.get(sid);
    return entry && unpackSession(sid, entry);
  }

  /** `dedup`: the session's packed private state, as stored. */
  set(sid: string, stored: StoredSession, dedup: Uint8Array): void {
    const entry = packSession(stored, dedup);
    if (entry) this.ring.put(sid, entry);
    else this.ring.delete(sid);
  }

  delete(sid: string): void {
    this.ring.delete(sid);
  }

  /** What became of an entry that was used, or held against the table. */
  sample(wasStale: boolean): void {
    this.staleShare += (Number(wasStale) - this.staleShare) / SAMPLES;
  }
}

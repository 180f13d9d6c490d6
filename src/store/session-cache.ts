/** The sessions written last, so that in steady state nothing needs to be read. A stale one is harmless: its write
 *  fails on the version. But a failed write costs five times a read, so where sessions hop between workers the
 *  cache steps back and only measures. */
import type { ReadItem } from './item-writer.ts';
import type { StoredSession } from './session-item.ts';

/** A session and the item that it was read from, or written as. */
export interface CachedSession {
  readonly stored: StoredSession;
  readonly item: ReadItem;
}

/** An entry's objects and texts, and each id of its ring, in the heap: measured. Unit: bytes. */
const ENTRY_BYTES = 2_500;
const ID_BYTES = 80;

/** Above this share of stale entries a read before the write is cheaper: it costs a fifth of a failed write. */
const STALE_SHARE_MAX = 0.2;
/** The share is an average over about so many sessions. */
const SAMPLES = 256;

const sizeOf = ({ stored }: CachedSession): number => ENTRY_BYTES + ID_BYTES * stored.memory.ring.length;

export class SessionCache {
  private readonly bytesMax: number;
  /** Least recently used first. */
  private readonly entries = new Map<string, CachedSession>();
  private bytes = 0;
  private staleShare = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Whether entries are to be used without a look at the table. */
  get isTrusted(): boolean {
    return this.staleShare <= STALE_SHARE_MAX;
  }

  get(sid: string): CachedSession | undefined {
    return this.entries.get(sid);
  }

  set(sid: string, entry: CachedSession): void {
    this.delete(sid);
    this.entries.set(sid, entry);
    this.bytes += sizeOf(entry);
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.bytesMax) break;
      this.delete(oldest);
    }
  }

  delete(sid: string): void {
    const entry = this.entries.get(sid);
    if (!entry) return;
    this.entries.delete(sid);
    this.bytes -= sizeOf(entry);
  }

  /** What became of an entry that was used, or held against the table. */
  sample(wasStale: boolean): void {
    this.staleShare += (Number(wasStale) - this.staleShare) / SAMPLES;
  }
}

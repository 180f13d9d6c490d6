/** What one Kinesis record may still cost. An aggregate holds up to 10,000 user records, and each may be gzip or an
 *  array: without a common bound, 1 MiB of them could unzip to 10 GiB or become ten million dead letters, which
 *  blocks a worker for longer than its leases last, and then the next one. */

/** Most elements of all arrays of a record; an array over it is one dead letter. Single objects always count, so
 *  a record has at most so many items more as it has user records. */
export const RECORD_ELEMENTS_MAX = 10_000;
/** Most that a record's gzip may unzip to, as a multiple of what one user record's may. */
const UNZIPPED_SHARES = 16;
/** Deflate's greatest ratio. Source: zlib.net/zlib_tech.html, "Maximum Compression Factor". */
const DEFLATE_RATIO_MAX = 1_032;

export class RecordBudget {
  private elementsLeft = RECORD_ELEMENTS_MAX;
  private unzippedBytesLeft: number;

  /** `unzippedMaxBytes`: of one user record. */
  constructor(unzippedMaxBytes: number) {
    this.unzippedBytesLeft = UNZIPPED_SHARES * unzippedMaxBytes;
  }

  /** Whether an array of so many elements may be taken apart; then they are paid for. */
  takeElements(count: number): boolean {
    if (count > this.elementsLeft) return false;
    this.elementsLeft -= count;
    return true;
  }

  /** How much a user record may unzip to. Unit: bytes. */
  unzippable(unzippedMaxBytes: number): number {
    return Math.min(unzippedMaxBytes, this.unzippedBytesLeft);
  }

  /** Pays for an unzipping. What failed has cost as much as its bytes can at most. */
  payUnzipped(zipped: Uint8Array, outcome: Uint8Array | 'too-large' | 'corrupt', maxBytes: number): void {
    this.unzippedBytesLeft -=
      typeof outcome === 'string' ? Math.min(maxBytes, zipped.length * DEFLATE_RATIO_MAX) : outcome.length;
  }
}

/** The books of a replay. */
import { MeterError } from '../errors.ts';
import { sum, Tally } from '../tally.ts';

/** Always: read = applied + duplicate + ignored + dead-lettered + not asked for. */
export class ReplayTally {
  readonly outcomes = new Tally();
  /** Events of SIMs that were not named. */
  notAskedFor = 0;
  /** Items that the decoder gave: counted by itself, so that the identity proves something. */
  read = 0;
  /** Kinesis records, and their bytes. */
  records = 0;
  bytes = 0;

  /** @throws MeterError `invariant-broken` when an event is missing, or there twice. */
  summary() {
    const { applied, duplicate, downloadBytes, uploadBytes } = this.outcomes;
    const ignored = sum(this.outcomes.ignored);
    const deadLettered = sum(this.outcomes.deadLettered);
    if (this.read !== this.outcomes.read + this.notAskedFor)
      throw new MeterError('invariant-broken', `a replay of ${this.read} events does not add up`);
    return {
      read: this.read,
      applied,
      duplicate,
      ignored,
      deadLettered,
      notAskedFor: this.notAskedFor,
      ignoredByReason: Object.fromEntries(this.outcomes.ignored),
      deadLetteredByReason: Object.fromEntries(this.outcomes.deadLettered),
      downloadBytes,
      uploadBytes,
      records: this.records,
      recordBytes: this.bytes,
    };
  }
}

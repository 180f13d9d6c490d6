/** Write units of one kind of item, for the count of what is paid. To measure an item takes 2 µs, a twentieth of what
 *  an event costs; so one of eight is measured and stands for the next ones. */
import { writeUnits } from './item-size.ts';

const WRITES_PER_MEASURE = 8;

export class WriteUnits {
  private writes = 0;
  private lastUnits = 1;

  /** Of the next write. */
  next(sizeBytes: () => number): number {
    if (this.writes % WRITES_PER_MEASURE === 0) this.lastUnits = writeUnits(sizeBytes());
    this.writes += 1;
    return this.lastUnits;
  }
}

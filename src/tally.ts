import type { Anomaly, ConnectionEvent } from './decode/event.ts';

/** What became of every event of a batch. Always: read = applied + duplicate + ignored + dead-lettered. */
export class Tally {
  applied = 0;
  duplicate = 0;
  downloadBytes = 0n;
  uploadBytes = 0n;
  readonly ignored = new Map<string, number>();
  readonly deadLettered = new Map<string, number>();
  readonly anomalies = new Map<Anomaly, number>();

  get read(): number {
    return this.applied + this.duplicate + sum(this.ignored) + sum(this.deadLettered);
  }

  settle(event: ConnectionEvent, kind: 'applied' | 'duplicate'): void {
    this[kind] += 1;
    if (kind === 'duplicate') return;
    if (event.kind === 'data-session') {
      this.downloadBytes += event.downloadBytes ?? 0n;
      this.uploadBytes += event.uploadBytes ?? 0n;
    }
    for (const anomaly of event.anomalies) increment(this.anomalies, anomaly);
  }

  add(other: Tally): void {
    this.applied += other.applied;
    this.duplicate += other.duplicate;
    this.downloadBytes += other.downloadBytes;
    this.uploadBytes += other.uploadBytes;
    for (const [reason, count] of other.ignored) increment(this.ignored, reason, count);
    for (const [reason, count] of other.deadLettered) increment(this.deadLettered, reason, count);
    for (const [anomaly, count] of other.anomalies) increment(this.anomalies, anomaly, count);
  }

  ignore(reason: string): void {
    increment(this.ignored, reason);
  }

  deadLetter(reason: string): void {
    increment(this.deadLettered, reason);
  }
}

const increment = <K>(counts: Map<K, number>, key: K, by = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

export const sum = (counts: ReadonlyMap<string, number>): number => {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
};

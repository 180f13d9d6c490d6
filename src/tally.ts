import type { Anomaly, ConnectionEvent } from './decode/event.ts';

/** An event's type in a word, by kind and verb. Texts made once: it is asked for each event. */
const TYPES = {
  attachment: {
    accepted: 'attachment.accepted',
    rejected: 'attachment.rejected',
    failed: 'attachment.failed',
  },
  'data-session': {
    started: 'data-session.started',
    updated: 'data-session.updated',
    ended: 'data-session.ended',
    failed: 'data-session.failed',
  },
  'session-start': { failed: 'session-start.failed' },
} as const satisfies { readonly [E in ConnectionEvent as E['kind']]: { readonly [V in E['verb']]: string } };

/** Every type that an applied event can have. */
export const EVENT_TYPES: readonly string[] = Object.values(TYPES).flatMap((verbs) => Object.values(verbs));

const typeOf = ({ kind, verb }: ConnectionEvent): string =>
  (TYPES[kind] as Readonly<Record<string, string>>)[verb] as string;

/** What became of every event of a batch. Always: read = applied + duplicate + ignored + dead-lettered. */
export class Tally {
  applied = 0;
  duplicate = 0;
  downloadBytes = 0n;
  uploadBytes = 0n;
  readonly ignored = new Map<string, number>();
  readonly deadLettered = new Map<string, number>();
  readonly anomalies = new Map<Anomaly, number>();
  readonly appliedByType = new Map<string, number>();

  get read(): number {
    return this.applied + this.duplicate + sum(this.ignored) + sum(this.deadLettered);
  }

  settle(event: ConnectionEvent, kind: 'applied' | 'duplicate'): void {
    this[kind] += 1;
    if (kind === 'duplicate') return;
    increment(this.appliedByType, typeOf(event));
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
    for (const [type, count] of other.appliedByType) increment(this.appliedByType, type, count);
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

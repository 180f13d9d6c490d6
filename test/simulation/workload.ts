/** What the producers put into the stream, and what must come of it. */
import { gzipSync } from 'node:zlib';
import { generateFleet } from '../../src/local/fleet.ts';
import type { Happening } from '../../src/local/fleet-session.ts';
import { type GroundTruth, type IgnoredTruth, TruthKeeper } from '../../src/local/ground-truth.ts';
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { aggregateOf } from '../support/realistic-event.ts';
import { START_WALL_MS } from './sim-process.ts';

/** One thing inside a record. */
export interface Part {
  readonly kind: 'event' | 'ignored' | 'poison';
  /** Of an event: what the vendor says happened. */
  readonly happening?: Happening;
  readonly ignored?: IgnoredTruth;
  /** Of poison: the bytes, as a dead letter keeps them. */
  readonly raw?: Uint8Array;
}

/** One Kinesis record. */
export interface SimRecord {
  readonly data: Uint8Array;
  readonly parts: readonly Part[];
}

export interface WorkloadPlan {
  readonly devices: number;
  readonly eventsMax: number;
  readonly duplicateRate: number;
  readonly poisonRate: number;
  /** Records of a few lines each, as a KPL producer makes them, and gzipped ones. */
  readonly aggregateRate: number;
  readonly gzipRate: number;
  /** Share of records put once more, in another place of the stream. */
  readonly repeatRate: number;
  readonly mixedSchemaRate: number;
  readonly disorderMs: number;
}

const DAY_MS = 86_400_000;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Read apart from the product's decoder: the generator's own JSON, whose shapes are known. */
function partsOf(text: string, kind: string): Part[] {
  if (kind === 'poison') return [{ kind, raw: encode(text) }];
  const parsed = JSON.parse(text) as unknown;
  const elements = (Array.isArray(parsed) ? parsed : [parsed]) as { type: string; data: unknown }[];
  return elements.map(({ type, data: raw, ...envelope }) => {
    if (!type.includes('.supersim.connection.'))
      return { kind: 'ignored', ignored: /test.?event/.test(type) ? 'test-event' : 'other-type' };
    const data = (typeof raw === 'string' ? JSON.parse(raw) : raw) as Record<string, unknown>;
    const suffix = type.split('.supersim.connection.')[1] ?? '';
    const schema = String((envelope as { dataschema?: string }).dataschema).endsWith('/1') ? 1 : 2;
    return { kind: 'event', happening: { atMs: 0, suffix, schema, data } };
  });
}

/** The records in the order of their putting. */
export function makeWorkload(seed: number, plan: WorkloadPlan): SimRecord[] {
  const chance = new Chance(seededRandom(seed));
  const { lines } = generateFleet({
    ...plan,
    seed,
    hours: 12,
    startAtMs: START_WALL_MS - DAY_MS,
    arrayRate: 0.05,
    arrayElementsMax: 4,
    stringDataRate: 0.1,
    v1Rate: 0.1,
    lostEndedRate: 0.05,
    lostUpdateRate: 0.02,
  });
  const records: SimRecord[] = [];
  for (let at = 0; at < lines.length; ) {
    const isAggregate = chance.is(plan.aggregateRate);
    const group = lines.slice(at, at + (isAggregate ? chance.whole(2, 6) : 1));
    at += group.length;
    const parts = group.flatMap(({ data, kind }) => partsOf(data, kind));
    if (isAggregate) records.push({ data: aggregateOf(...group.map((line) => line.data)), parts });
    else {
      const plain = encode((group[0] as { data: string }).data);
      const data = chance.is(plan.gzipRate) ? gzipSync(plain) : plain;
      records.push({ data, parts: parts.map((part) => (part.raw ? { ...part, raw: data } : part)) });
    }
  }
  for (let count = Math.round(records.length * plan.repeatRate); count > 0; count -= 1) {
    const again = chance.whole(0, records.length - 1);
    records.splice(chance.whole(again, records.length), 0, records[again] as SimRecord);
  }
  return records;
}

/** What must be stored when just these parts were delivered, in any order. */
export function truthOf(parts: Iterable<Part>): GroundTruth {
  const truth = new TruthKeeper();
  for (const { kind, happening, ignored } of parts) {
    if (kind === 'poison') truth.deliverPoison();
    else if (happening) truth.deliver(happening);
    else if (ignored) truth.deliverIgnored(ignored);
  }
  return truth.finish();
}

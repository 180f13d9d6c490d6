/** A realistic fleet's records, by seed: what the vendors would deliver, in delivery order, and the truth. */
import { makeDevice } from './fleet-device.ts';
import { otherEvent, poisonLine, testEvent, wrap } from './fleet-envelope.ts';
import { DeviceLife } from './fleet-life.ts';
import { FLEET_DEFAULTS, type FleetOptions } from './fleet-options.ts';
import type { Happening } from './fleet-session.ts';
import { type GroundTruth, TruthKeeper } from './ground-truth.ts';
import { Chance, seededRandom } from './seeded-random.ts';

/** One Kinesis record. */
export interface GeneratedLine {
  readonly partitionKey: string;
  readonly data: string;
  readonly kind: 'event' | 'duplicate' | 'ignored' | 'poison';
  /** What the record holds: an array's elements, all of one kind; else 1. */
  readonly count: number;
}

export interface Fleet {
  readonly lines: readonly GeneratedLine[];
  readonly truth: GroundTruth;
}

/** Something on its way into the stream. */
interface Delivery {
  readonly atMs: number;
  readonly what: Happening | 'test-event' | 'other-type' | 'poison';
  readonly text: string;
}

const PROMPT_MS = 2_000;
const LATE_SHARE = 0.1;
/** The vendor retries for four hours. Source: Twilio Event Streams, at-least-once delivery. */
const REPEATED_WITHIN_MS = 4 * 3_600_000;

class FleetGenerator {
  private readonly options: FleetOptions;
  private readonly chance: Chance;
  private readonly deliveries: Delivery[] = [];

  constructor(options: FleetOptions) {
    this.options = options;
    this.chance = new Chance(seededRandom(options.seed));
  }

  run(): Fleet {
    const { chance, options } = this;
    const [accountSid, fleetSid] = [chance.sid('AC'), chance.sid('HF')];
    for (let number = 1; number <= options.devices; number += 1) {
      const device = makeDevice(chance, accountSid, fleetSid, number);
      for (const happening of new DeviceLife(chance, device, options).run()) this.deliver(happening);
    }
    this.deliverOthers(accountSid);
    return this.arrange();
  }

  private deliver(happening: Happening): void {
    const { chance, options } = this;
    const { suffix, atMs } = happening;
    // What happened before the span went into no stream of ours.
    if (atMs < options.startAtMs) return;
    const lossRate = suffix.endsWith('.ended')
      ? options.lostEndedRate
      : suffix.endsWith('.updated')
        ? options.lostUpdateRate
        : 0;
    if (chance.is(lossRate)) return;
    const vendor = chance.is(options.koreRate) ? 'kore' : 'twilio';
    const delayMs = chance.whole(0, chance.is(LATE_SHARE) ? options.disorderMs : PROMPT_MS);
    this.deliveries.push({
      atMs: atMs + delayMs,
      what: happening,
      text: wrap(vendor, happening, chance, options),
    });
    if (!chance.is(options.duplicateRate)) return;
    const again = chance.is(0.5) ? vendor : vendor === 'kore' ? 'twilio' : 'kore';
    const laterMs = chance.whole(0, chance.is(0.5) ? PROMPT_MS : REPEATED_WITHIN_MS);
    this.deliveries.push({
      atMs: atMs + laterMs,
      what: happening,
      text: wrap(again, happening, chance, options),
    });
  }

  private deliverOthers(accountSid: string): void {
    const { chance, options } = this;
    const spanMs = options.hours * 3_600_000;
    const anyTime = (): number => options.startAtMs + chance.whole(0, spanMs);
    // Sinks are tested before the first real event.
    for (let count = 0; count < options.testEvents; count += 1)
      this.deliveries.push({
        atMs: options.startAtMs,
        what: 'test-event',
        text: testEvent(chance, options.startAtMs, accountSid),
      });
    for (let count = 0; count < options.unknownTypes; count += 1)
      this.deliverAt(anyTime(), 'other-type', (atMs) => otherEvent(chance, atMs));
    const poison = Math.round(this.deliveries.length * options.poisonRate);
    for (let count = 0; count < poison; count += 1)
      this.deliverAt(anyTime(), 'poison', () => poisonLine(chance));
  }

  private deliverAt(atMs: number, what: Delivery['what'], textAt: (atMs: number) => string): void {
    this.deliveries.push({ atMs, what, text: textAt(atMs) });
  }

  private arrange(): Fleet {
    const { chance, options } = this;
    const truth = new TruthKeeper();
    const lines: GeneratedLine[] = [];
    let array: { readonly texts: string[]; readonly kind: string; room: number } | undefined;
    this.deliveries.sort((a, b) => a.atMs - b.atMs);
    for (const { what, text } of this.deliveries.slice(0, options.eventsMax)) {
      const kind = keep(truth, what);
      const partitionKey = chance.hex(12);
      if (array && array.room > 0 && array.kind === kind) {
        array.texts.push(text);
        array.room -= 1;
        lines[lines.length - 1] = { partitionKey, kind, ...arrayOf(array.texts) };
        continue;
      }
      // Only connection events: poison must stay as it is.
      const isArray = typeof what === 'object' && chance.is(options.arrayRate);
      array = isArray
        ? { texts: [text], kind, room: chance.whole(1, options.arrayElementsMax) - 1 }
        : undefined;
      lines.push({ partitionKey, kind, ...(isArray ? arrayOf([text]) : { data: text, count: 1 }) });
    }
    return { lines, truth: truth.finish() };
  }
}

const arrayOf = (texts: readonly string[]) => ({ data: `[${texts.join(',')}]`, count: texts.length });

function keep(truth: TruthKeeper, what: Delivery['what']): GeneratedLine['kind'] {
  if (typeof what === 'object') return truth.deliver(what);
  return what === 'poison' ? truth.deliverPoison() : truth.deliverIgnored(what);
}

/** Makes the fleet's records and their truth. The same options make the same fleet. */
export const generateFleet = (options: Partial<FleetOptions> = {}): Fleet =>
  new FleetGenerator({ ...FLEET_DEFAULTS, ...options }).run();

/** A realistic fleet's records, by seed: what the vendors would deliver, in delivery order, and the truth. */
import { makeDevice } from './fleet-device.ts';
import { otherEvent, poisonLine, testEvent, wrap } from './fleet-envelope.ts';
import { DeviceLife } from './fleet-life.ts';
import { FLEET_DEFAULTS, type FleetOptions } from './fleet-options.ts';
import type { Happening } from './fleet-session.ts';
import { type GroundTruth, TruthKeeper } from './ground-truth.ts';
import { Chance, seededRandom } from './seeded-random.ts';

export interface GeneratedLine {
  readonly partitionKey: string;
  readonly data: string;
  readonly kind: 'event' | 'duplicate' | 'ignored' | 'poison';
}

export interface Fleet {
  readonly lines: readonly GeneratedLine[];
  readonly truth: GroundTruth;
}

/** Something on its way into the stream. */
interface Delivery {
  readonly atMs: number;
  readonly happening?: Happening;
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
    this.deliverOthers();
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
    this.deliveries.push({ atMs: atMs + delayMs, happening, text: wrap(vendor, happening, chance, options) });
    if (!chance.is(options.duplicateRate)) return;
    const again = chance.is(0.5) ? vendor : vendor === 'kore' ? 'twilio' : 'kore';
    const laterMs = chance.whole(0, chance.is(0.5) ? PROMPT_MS : REPEATED_WITHIN_MS);
    this.deliveries.push({ atMs: atMs + laterMs, happening, text: wrap(again, happening, chance, options) });
  }

  private deliverOthers(): void {
    const { chance, options } = this;
    const spanMs = options.hours * 3_600_000;
    const anyTime = (): number => options.startAtMs + chance.whole(0, spanMs);
    // Sinks are tested before the first real event.
    for (let count = 0; count < options.testEvents; count += 1)
      this.deliveries.push({ atMs: options.startAtMs, text: testEvent(chance, options.startAtMs) });
    for (let count = 0; count < options.unknownTypes; count += 1)
      this.deliveries.push({ atMs: anyTime(), text: otherEvent(chance, anyTime()) });
    const poison = Math.round(this.deliveries.length * options.poisonRate);
    for (let count = 0; count < poison; count += 1)
      this.deliveries.push({ atMs: anyTime(), text: poisonLine(chance) });
  }

  private arrange(): Fleet {
    const truth = new TruthKeeper();
    this.deliveries.sort((a, b) => a.atMs - b.atMs);
    const lines = this.deliveries.slice(0, this.options.eventsMax).map(({ happening, text }) => ({
      partitionKey: this.chance.hex(12),
      data: text,
      kind: happening ? truth.deliver(happening) : truth.deliverOther(text),
    }));
    return { lines, truth: truth.finish() };
  }
}

/** Makes the fleet's records and their truth. The same options make the same fleet. */
export const generateFleet = (options: Partial<FleetOptions> = {}): Fleet =>
  new FleetGenerator({ ...FLEET_DEFAULTS, ...options }).run();

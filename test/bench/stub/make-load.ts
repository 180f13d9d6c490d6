/** The stream of a benchmark: a fleet's data-session events and the truth about them. The same options make the
 *  same load. Events and truth come from the demo's fleet, which was written apart from the product's fold. */
import { makeDevice } from '../../../src/local/fleet-device.ts';
import { wrap } from '../../../src/local/fleet-envelope.ts';
import { FLEET_DEFAULTS } from '../../../src/local/fleet-options.ts';
import { type Happening, SessionSimulation } from '../../../src/local/fleet-session.ts';
import { type GroundTruth, TruthKeeper } from '../../../src/local/ground-truth.ts';
import { Chance, seededRandom } from '../../../src/local/seeded-random.ts';

export interface LoadOptions {
  readonly seed: number;
  readonly shards: number;
  /** One session each. */
  readonly devices: number;
  /** Between its start and its end: one each six minutes. */
  readonly updatesPerSession: number;
  /** At most so many records, the earliest. */
  readonly recordsMax: number;
  /** Share of events delivered twice. */
  readonly duplicateRate: number;
  /** Share of events that are late, and by how much at most. */
  readonly lateRate: number;
  readonly lateMs: number;
}

export const LOAD_DEFAULTS: LoadOptions = {
  seed: 1,
  shards: 1,
  devices: 1_000,
  updatesPerSession: 10,
  recordsMax: Number.MAX_SAFE_INTEGER,
  duplicateRate: 0,
  lateRate: 0,
  lateMs: 0,
};

export interface LoadRecord {
  /** Place in the whole stream, in order of arrival. */
  readonly index: number;
  readonly partitionKey: string;
  readonly text: string;
}

export interface Load {
  readonly shards: readonly (readonly LoadRecord[])[];
  readonly records: number;
  readonly truth: GroundTruth;
  /** Session → indexes of the first copies of its events. */
  readonly firstCopies: ReadonlyMap<string, readonly number[]>;
}

const WINDOW_MS = 360_000;
/** A copy comes within this time. */
const REPEATED_WITHIN_MS = 600_000;
const PROMPT_MS = 1_000;
const HASH_SPACE = 2 ** 32;

interface Delivery {
  readonly atMs: number;
  readonly happening: Happening;
}

function deliveriesOf(options: LoadOptions, chance: Chance): Delivery[] {
  const deliveries: Delivery[] = [];
  const { startAtMs } = FLEET_DEFAULTS;
  const [accountSid, fleetSid] = [chance.sid('AC'), chance.sid('HF')];
  for (let number = 1; number <= options.devices; number += 1) {
    const startMs = startAtMs + 1_000 * chance.whole(0, WINDOW_MS / 1_000 - 1);
    const endMs =
      startMs + 1_000 * Math.round(((options.updatesPerSession + 0.9) * WINDOW_MS * 1.03) / 1_000);
    const plan = { apn: 'super', startMs, endMs, untilMs: endMs, schema: 'v2', end: 'ended' } as const;
    const device = makeDevice(chance, accountSid, fleetSid, number);
    for (const happening of new SessionSimulation(chance, device, plan).run()) {
      const delayMs = chance.whole(0, chance.is(options.lateRate) ? options.lateMs : PROMPT_MS);
      deliveries.push({ atMs: happening.atMs + delayMs, happening });
      if (chance.is(options.duplicateRate))
        deliveries.push({ atMs: happening.atMs + chance.whole(0, REPEATED_WITHIN_MS), happening });
    }
  }
  return deliveries.sort((a, b) => a.atMs - b.atMs).slice(0, options.recordsMax);
}

export function makeLoad(changes: Partial<LoadOptions> = {}): Load {
  const options = { ...LOAD_DEFAULTS, ...changes };
  const chance = new Chance(seededRandom(options.seed));
  const truth = new TruthKeeper();
  const shards: LoadRecord[][] = Array.from({ length: options.shards }, () => []);
  const firstCopies = new Map<string, number[]>();
  const wrapping = { ...FLEET_DEFAULTS, stringDataRate: 0 };
  const deliveries = deliveriesOf(options, chance);
  for (const [index, { happening }] of deliveries.entries()) {
    const sim = String(happening.data['sim_sid']);
    const shard = Math.floor((Number.parseInt(sim.slice(2, 10), 16) / HASH_SPACE) * options.shards);
    const text = wrap('twilio', happening, chance, wrapping);
    shards[shard]?.push({ index, partitionKey: sim, text });
    if (truth.deliver(happening) !== 'event') continue;
    const session = String(happening.data['data_session_sid']);
    const copies = firstCopies.get(session);
    if (copies) copies.push(index);
    else firstCopies.set(session, [index]);
  }
  return { shards, records: deliveries.length, truth: truth.finish(), firstCopies };
}

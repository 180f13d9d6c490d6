/** The n-th record of a seed: the same on every machine, whatever was made before it. */
import { Chance, seededRandom } from '../../src/local/seeded-random.ts';
import { fromIso } from '../../src/time.ts';
import { AGGREGATE_MUTATORS, BYTE_MUTATORS, GZIP_MUTATORS } from './byte-mutators.ts';
import { BYTES, TREES } from './corpus.ts';
import { JSON_MUTATORS } from './json-mutators.ts';
import { copyOf, literal, slotsOf, type Tree, textOf } from './json-tree.ts';

export interface FuzzedRecord {
  readonly index: number;
  readonly data: Uint8Array;
  readonly arrivedAtMs: number;
  readonly partitionKey: string;
  /** What was done to it. */
  readonly mutations: readonly string[];
}

const ARRIVED_AT_MS = fromIso('2026-03-02T12:00:00Z');
const LATER_MS = [0, 0, 0, 60_000, 400 * 86_400_000];
const utf8 = new TextEncoder();

/** Names of all mutations, for who counts which were tried. */
export const MUTATIONS = [JSON_MUTATORS, BYTE_MUTATORS, GZIP_MUTATORS, AGGREGATE_MUTATORS].flatMap(
  (mutators) => Object.keys(mutators),
);

/** Slow ones, and those that nearly always end in the same poison, are rarer. */
const RARE = new Set([
  'huge array',
  'huge text',
  'deep nesting',
  'many keys',
  'gzip bomb',
  'aggregate of gzip',
]);

function someName(mutators: Readonly<Record<string, unknown>>, chance: Chance): string {
  const name = chance.pick(Object.keys(mutators));
  return RARE.has(name) && chance.is(0.93) ? someName(mutators, chance) : name;
}

const SESSIONS = 40;

/** Another event than the seed's, of one of some sessions: else nearly all would be copies of a few. */
function makeNew(root: { tree: Tree }, chance: Chance): void {
  const identity: Record<string, string> = {
    event_sid: chance.sid('EZ'),
    data_session_sid: `PI${String(chance.whole(1, SESSIONS)).padStart(32, '0')}`,
  };
  for (const { entry, set, get } of slotsOf(root)) {
    const value = identity[entry?.of[entry.at]?.key ?? ''];
    if (value !== undefined && get().kind === 'literal') set(literal(`"${value}"`));
  }
}

function mutatedText(chance: Chance, nearMs: number, mutations: string[]): string {
  const root = { tree: copyOf(chance.pick(TREES)) };
  if (chance.is(0.7)) makeNew(root, chance);
  // Some as they are: the sound ones must stay sound among the broken.
  for (let count = chance.pick([0, 1, 1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const name = someName(JSON_MUTATORS, chance);
    mutations.push(name);
    JSON_MUTATORS[name]?.(root, { chance, nearMs, other: chance.pick(TREES) });
  }
  return textOf(root.tree);
}

export function makeRecord(seed: number, index: number): FuzzedRecord {
  const chance = new Chance(seededRandom(seed * 2 ** 32 + index));
  const mutations: string[] = [];
  const arrivedAtMs = ARRIVED_AT_MS + chance.pick(LATER_MS);
  let data: Uint8Array = chance.is(0.93)
    ? utf8.encode(mutatedText(chance, arrivedAtMs, mutations))
    : chance.pick(BYTES);
  for (const [mutators, rate] of [
    [BYTE_MUTATORS, 0.15],
    [GZIP_MUTATORS, 0.06],
    [AGGREGATE_MUTATORS, 0.08],
  ] as const) {
    if (!chance.is(rate)) continue;
    const name = someName(mutators, chance);
    mutations.push(name);
    const other = chance.is(0.8) ? utf8.encode(textOf(chance.pick(TREES))) : chance.pick(BYTES);
    data = mutators[name]?.(data, chance, other) ?? data;
  }
  return { index, data, arrivedAtMs, partitionKey: chance.pick(['key', '', '__proto__']), mutations };
}

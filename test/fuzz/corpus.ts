/** Records as the vendors send them: what the fuzzer changes. Their personal fields hold the canaries. */
import { generateFleet } from '../../src/local/fleet.ts';
import { POISON_RECORDS } from '../support/poison-records.ts';
import {
  baseData,
  type Json,
  koreEvent,
  toBytes,
  twilioEvent,
  v1Data,
  v2Data,
} from '../support/realistic-event.ts';
import { kore, sessionData, stringly, twilio } from '../support/stream-records.ts';
import { type Slot, slotsOf, type Tree, treeOf } from './json-tree.ts';

/** Fields that identify people and places, each with a value that must reach no log, metric or error. */
export const CANARIES: Readonly<Record<string, string>> = {
  imsi: '732123977000001',
  imei: '358600977000001',
  sim_iccid: '89883070000977381783',
  sim_unique_name: 'Carol of Canary Street 9',
  ip_address: '100.97.75.159',
  cell_id: '047397774',
};

const SESSION_VERBS = ['started', 'updated', 'ended', 'failed'];

function events(): unknown[] {
  const data: Json[] = [
    ...SESSION_VERBS.flatMap((verb) => [v1Data(`data-session.${verb}`), v2Data(`data-session.${verb}`)]),
    ...['accepted', 'rejected', 'failed'].map((verb) => baseData(`attachment.${verb}`)),
    v2Data('data-session.failed', { error: { code: 83701, message: 'DIAMETER_UNABLE_TO_COMPLY' } }),
    v2Data('data-session.updated', { data_modifier: 'blocked', data_upload: '9007199254740993' }),
  ];
  const one = data.flatMap((each) => [twilioEvent(each), koreEvent(each), twilioEvent(JSON.stringify(each))]);
  const batch = one.slice(0, 4);
  return [...one, batch, { type: 'com.twilio.voice.insights.call-summary.complete', id: 'NO1', data: {} }];
}

/** One session's life: copies and neighbours meet in the same item. */
const lives = (): unknown[] =>
  Array.from({ length: 24 }, (_, n) =>
    sessionData('fuzzed', n + 1, n === 23 ? 'ended' : 'updated', { schema: n % 3 ? 2 : 1 }),
  )
    .flatMap((data) => [twilio(data), kore(data), stringly(data)])
    .map((text) => JSON.parse(text) as unknown);

const fleet = (): unknown[] =>
  generateFleet({ seed: 977, devices: 6, hours: 8, eventsMax: 150 }).lines.map(
    ({ data }) => JSON.parse(data) as unknown,
  );

function withCanaries(tree: Tree): Tree {
  const setCanary = ({ get, set, entry }: Slot): void => {
    const key = entry?.of[entry.at]?.key;
    const canary = key === undefined ? undefined : CANARIES[key];
    if (canary !== undefined && get().kind === 'literal') set(treeOf(canary));
  };
  slotsOf({ tree }).forEach(setCanary);
  return tree;
}

export const TREES: readonly Tree[] = [...events(), ...lives(), ...fleet()].map((value) =>
  withCanaries(treeOf(value)),
);

/** Seeds that are no JSON, or not sound. */
export const BYTES: readonly Uint8Array[] = POISON_RECORDS.map(([, bytes]) => toBytes(bytes));

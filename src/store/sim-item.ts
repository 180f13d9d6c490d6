/** The SIM item ↔ domain. See docs/downstream.md, "The SIM item". */
import type { EventError } from '../decode/event.ts';
import type { LastValues } from '../reduce/last-values.ts';
import type { LastAttachment, OtaCheck, SimAggregate, Transition } from '../reduce/sim.ts';
import { viewOf } from '../reduce/sim-view.ts';
import { toIso } from '../time.ts';
import { type Attributes, bytes, instant, integer, map, text, unknownOf } from './item-attributes.ts';
import type { StoredItem, WriteStamp } from './item-kind.ts';
import { type Draft, errorItem, networkItem, set } from './item-parts.ts';
import type { ItemMap } from './item-size.ts';
import { packSim, type SimDetails, unpackSim } from './packed-sim.ts';
import { packPrivateState, unpackPrivateState } from './private-state.ts';
import { readError, readNetwork } from './session-item.ts';

export const SIM_SCHEMA_VERSION = 1;

export interface StoredSim extends StoredItem {
  readonly sim: SimAggregate;
  readonly unknown: ItemMap;
}

const TEXTS = {
  account_sid: 'accountSid',
  fleet_sid: 'fleetSid',
  sim_iccid: 'simIccid',
  sim_unique_name: 'simUniqueName',
  rat_type: 'ratType',
  data_modifier: 'dataModifier',
} as const satisfies Record<string, keyof LastValues>;

const COUNTS = {
  accepted_count: 'attachment-accepted',
  rejected_count: 'attachment-rejected',
  failed_count: 'attachment-failed',
  session_started_count: 'session-started',
  session_ended_count: 'session-ended',
  session_failed_count: 'session-failed',
  session_start_failed_count: 'session-start-failed',
} as const satisfies Record<string, Transition>;

const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'sim_sid',
  ...Object.keys(TEXTS),
  ...Object.keys(COUNTS),
  'network',
  'connection_state',
  'last_attachment',
  'last_attachment_at',
  'last_attachment_error',
  'last_session_at',
  'rejections',
  'rejections_in_a_row',
  'attachments_without_session',
  'open_session_count',
  'super_session_sid',
  'ota_session_sid',
  'ota',
  'imsi_count',
  'flags',
  'version',
  'schema_version',
  'updated_at',
  'expires_at',
  'dedup',
  'state',
]);

function setValues(item: Draft, { values, counts }: SimAggregate): void {
  for (const [name, field] of Object.entries(TEXTS)) set(item, name, values[field] ?? undefined);
  if (values.network) item['network'] = networkItem(values.network);
  for (const [name, transition] of Object.entries(COUNTS)) item[name] = counts[transition];
}

function setAttachment(item: Draft, { lastAttachment: last, rejections }: SimAggregate): void {
  set(item, 'last_attachment', last?.verb);
  set(item, 'last_attachment_at', last && toIso(last.stamp.timeMs));
  if (last?.error) item['last_attachment_error'] = errorItem(last.error);
  const causes = Object.entries(rejections).sort(([a], [b]) => (a < b ? -1 : 1));
  if (causes.length > 0) item['rejections'] = Object.fromEntries(causes);
}

function otaItem({ otaStartedCount, otaStartedMs, otaEnded }: SimAggregate, blocksInARow: number): Draft {
  const ota: Draft = { check_count: otaStartedCount, blocks_in_a_row: blocksInARow };
  set(ota, 'last_check_at', otaStartedMs === undefined ? undefined : toIso(otaStartedMs));
  set(ota, 'last_check_ended_at', otaEnded && toIso(otaEnded.atMs));
  set(ota, 'last_check_bytes', otaEnded?.bytes);
  return ota;
}

function setView(item: Draft, sim: SimAggregate): void {
  const view = viewOf(sim);
  item['connection_state'] = view.connectionState;
  item['rejections_in_a_row'] = view.rejectionsInARow;
  item['attachments_without_session'] = view.attachmentsWithoutSession;
  item['open_session_count'] = view.openSessionCount;
  set(item, 'super_session_sid', view.superSessionSid);
  set(item, 'ota_session_sid', view.otaSessionSid);
  if (sim.sessions.ota.length > 0) item['ota'] = otaItem(sim, view.otaBlocksInARow);
  if (view.flags.length > 0) item['flags'] = [...view.flags];
}

export function simToItem({ sim, memory, version, unknown }: StoredSim, stamp: WriteStamp): ItemMap {
  const item: Draft = { ...unknown, sim_sid: sim.simSid };
  setValues(item, sim);
  setAttachment(item, sim);
  set(item, 'last_session_at', sim.lastSessionMs === undefined ? undefined : toIso(sim.lastSessionMs));
  setView(item, sim);
  item['imsi_count'] = sim.imsiTags.length;
  item['version'] = version;
  item['schema_version'] = SIM_SCHEMA_VERSION;
  item['updated_at'] = toIso(stamp.updatedAtMs);
  set(item, 'expires_at', stamp.expiresAtSeconds);
  item['dedup'] = packPrivateState({
    memory,
    stamps: sim.stamps,
    isSeenFromStart: false,
    download: {},
    upload: {},
    ...(stamp.writer === undefined ? {} : { writer: stamp.writer }),
  });
  item['state'] = packSim({ ...sim, attachmentRank: sim.lastAttachment?.stamp.rank ?? 0 });
  return item;
}

function readValues(item: Attributes, isKnownUnblocked: boolean): LastValues {
  const network = map(item, 'network');
  const values: Record<string, unknown> = network ? { network: readNetwork(network) } : {};
  for (const [name, field] of Object.entries(TEXTS)) {
    const value = text(item, name);
    if (value !== undefined) values[field] = value;
  }
  if (isKnownUnblocked && !('dataModifier' in values)) values['dataModifier'] = null;
  return values;
}

function readLastAttachment(item: Attributes, { attachmentRank }: SimDetails): LastAttachment | undefined {
  const verb = text(item, 'last_attachment');
  const timeMs = instant(item, 'last_attachment_at');
  if (verb === undefined || timeMs === undefined) return undefined;
  const stamp = { timeMs, rank: attachmentRank };
  const error: EventError | undefined = readError(map(item, 'last_attachment_error'));
  const last = { stamp, verb: verb as LastAttachment['verb'] };
  return error ? { ...last, error } : last;
}

function readOtaEnded(ota: Attributes): OtaCheck | undefined {
  const atMs = instant(ota, 'last_check_ended_at');
  return atMs === undefined ? undefined : { atMs, bytes: integer(ota, 'last_check_bytes') };
}

const count = (item: Attributes, name: string): number => Number(integer(item, name));

/** @throws RangeError when the item was not written by this program or is damaged. */
export function simFromItem(item: Attributes): StoredSim {
  const simSid = text(item, 'sim_sid');
  if (simSid === undefined) throw new RangeError('not a SIM item of this program');
  const { memory, stamps } = unpackPrivateState(bytes(item, 'dedup'));
  const details = unpackSim(bytes(item, 'state'));
  const { recent, sessions, imsiTags } = details;
  const ota = map(item, 'ota') ?? {};
  const [lastAttachment, lastSessionMs] = [
    readLastAttachment(item, details),
    instant(item, 'last_session_at'),
  ];
  const [otaStartedMs, otaEnded] = [instant(ota, 'last_check_at'), readOtaEnded(ota)];
  const rejections = Object.entries(map(item, 'rejections') ?? {});
  const counts = Object.fromEntries(
    Object.entries(COUNTS).map(([name, transition]) => [transition, count(item, name)]),
  ) as Record<Transition, number>;
  return {
    sim: {
      simSid,
      values: readValues(item, stamps.dataModifier !== undefined),
      stamps,
      counts,
      rejections: Object.fromEntries(
        rejections.map(([cause]) => [cause, count(Object.fromEntries(rejections), cause)]),
      ),
      recent,
      sessions,
      imsiTags,
      otaStartedCount: 'check_count' in ota ? count(ota, 'check_count') : 0,
      ...(lastAttachment ? { lastAttachment } : {}),
      ...(lastSessionMs === undefined ? {} : { lastSessionMs }),
      ...(otaStartedMs === undefined ? {} : { otaStartedMs }),
      ...(otaEnded ? { otaEnded } : {}),
    },
    memory,
    version: Number(integer(item, 'version')),
    unknown: unknownOf(item, KNOWN_ATTRIBUTES),
  };
}

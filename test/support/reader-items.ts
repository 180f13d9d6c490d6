/** Items and tables as the contract says (README and docs/downstream.md), written by hand: the reader is held
 *  against the contract, not against the worker's code. */

import { EMPTY_MEMORY } from '../../src/reduce/dedup-memory.ts';
import { packPrivateState } from '../../src/store/private-state.ts';
import type { TableDefinition } from '../../src/store/tables.ts';

/** Private, and empty. */
const DEDUP = packPrivateState({
  memory: EMPTY_MEMORY,
  stamps: {},
  isSeenFromStart: false,
  download: {},
  upload: {},
});

export type PlainItem = Record<string, unknown>;

/** Over 2^53. */
export const HUGE = 9_007_199_254_740_993n;
export const PREFIX = 'reader-test';
export const SIM = 'HS00000000000000000000000000000001';
export const FLEET = 'HF00000000000000000000000000000001';
const ACCOUNT = 'AC00000000000000000000000000000001';

export const sessionSid = (number: number): string => `PI${String(number).padStart(32, '0')}`;

export const definitionsOf = (prefix: string): readonly TableDefinition[] => [
  {
    name: `${prefix}-sessions`,
    key: ['data_session_sid'],
    indexes: { 'by-sim': ['sim_sid', 'started_at'], 'open-by-sim': ['sim_sid', 'is_open'] },
  },
  { name: `${prefix}-sims`, key: ['sim_sid'], indexes: {} },
  { name: `${prefix}-usage`, key: ['sim_sid', 'day_fleet'], indexes: { 'by-fleet': ['fleet_sid', 'day'] } },
];

export const sessionItem = (number: number, changes: PlainItem = {}): PlainItem => ({
  data_session_sid: sessionSid(number),
  account_sid: ACCOUNT,
  sim_sid: SIM,
  fleet_sid: FLEET,
  apn: 'super',
  status: 'ended',
  started_at: `2026-11-24T00:00:00.${String(number).padStart(3, '0')}Z`,
  ended_at: '2026-11-24T06:00:00.000Z',
  usage_through: '2026-11-24T06:00:00.000Z',
  download_bytes: 100n,
  upload_bytes: 10n,
  total_bytes: 110n,
  counted_download_bytes: 90n,
  counted_upload_bytes: 10n,
  missing_bytes: 10n,
  event_count: 4n,
  update_count: 2n,
  network: { mcc: '310', mnc: '260', iso_country: 'US' },
  version: 3n,
  updated_at: '2026-11-24T06:00:01.000Z',
  schema_version: 1n,
  dedup: DEDUP,
  ...changes,
});

export const openSessionItem = (number: number, changes: PlainItem = {}): PlainItem => {
  const { ended_at: _, ...item } = sessionItem(number, { status: 'open', is_open: '1', ...changes });
  return item;
};

type Hours = Record<string, Record<string, { readonly down: bigint; readonly up: bigint }>>;

export function usageItem(
  day: string,
  hours: Hours,
  { sim = SIM, fleet = FLEET as string | null } = {},
): PlainItem {
  const lines = Object.values(hours).flatMap((hour) => Object.values(hour));
  const down = lines.reduce((sum, line) => sum + line.down, 0n);
  const up = lines.reduce((sum, line) => sum + line.up, 0n);
  return {
    sim_sid: sim,
    day_fleet: `${day}#${fleet ?? '-'}`,
    day,
    ...(fleet === null ? {} : { fleet_sid: fleet }),
    account_sid: ACCOUNT,
    download_bytes: down,
    upload_bytes: up,
    total_bytes: down + up,
    hours,
    version: 1n,
    updated_at: `${day}T23:59:59.000Z`,
    schema_version: 1n,
    dedup: DEDUP,
  };
}

export const simItem = (changes: PlainItem = {}): PlainItem => ({
  sim_sid: SIM,
  account_sid: ACCOUNT,
  fleet_sid: FLEET,
  connection_state: 'online',
  last_attachment: 'rejected',
  last_attachment_at: '2026-11-24T05:00:00.000Z',
  last_attachment_error: { code: 83702n, message: 'not allowed' },
  accepted_count: 3n,
  rejected_count: 2n,
  failed_count: 0n,
  session_started_count: 3n,
  session_ended_count: 2n,
  session_failed_count: 0n,
  rejections: { '310-260|83702': 2n },
  rejections_in_a_row: 1n,
  attachments_without_session: 0n,
  open_session_count: 1n,
  super_session_sid: sessionSid(1),
  ota: {
    last_check_at: '2026-11-24T04:00:00.000Z',
    last_check_bytes: HUGE,
    check_count: 1n,
    blocks_in_a_row: 0n,
  },
  imsi_count: 1n,
  flags: ['reattaching'],
  version: 7n,
  updated_at: '2026-11-24T05:00:01.000Z',
  schema_version: 1n,
  dedup: DEDUP,
  ...changes,
});

export const deadLetterItem = (): PlainItem => ({
  shard_id: 'shardId-000000000000',
  record_id: '49590338271490256608559692538361571095921575989136588898#0',
  sequence_number: '49590338271490256608559692538361571095921575989136588898',
  index: 0n,
  reason: 'not-json',
  arrived_at: '2026-11-24T05:00:00.000Z',
  recorded_at: '2026-11-24T05:00:01.000Z',
  raw_bytes: 3n,
  raw_sha256: 'ab'.repeat(32),
  raw: new Uint8Array([123, 125, 125]),
  raw_encoding: 'identity',
  expires_at: 1_800_000_000n,
});

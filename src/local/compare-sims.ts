/** Stored SIM items against the fleet's own books. */
import type { SimTruth } from './sim-truth.ts';

/** Every attribute of every SIM that differs from the truth, as sentences. `items`: plain, see `toPlain`. */
export function compareSims(
  items: Iterable<Readonly<Record<string, unknown>>>,
  truths: Readonly<Record<string, SimTruth>>,
): string[] {
  const differences: string[] = [];
  const missing = new Map(Object.entries(truths));
  for (const item of items) {
    const sid = String(item['sim_sid']);
    const truth = missing.get(sid);
    missing.delete(sid);
    if (!truth) differences.push(`SIM ${sid} is stored, and no event was delivered that changes it`);
    else differences.push(...differencesOf(sid, item, truth));
  }
  for (const sid of missing.keys()) differences.push(`SIM ${sid} is not stored`);
  return differences;
}

function differencesOf(sid: string, item: Readonly<Record<string, unknown>>, truth: SimTruth): string[] {
  const ota = (item['ota'] ?? {}) as Record<string, unknown>;
  const stored: Record<string, unknown> = {
    ...item,
    ota_check_count: ota['check_count'],
    ota_last_check_bytes: ota['last_check_bytes'],
    ota_blocks_in_a_row: ota['blocks_in_a_row'],
    flags: item['flags'] ?? [],
  };
  return COMPARED.flatMap((name) => {
    const [got, want] = [shown(stored[name]), shown(truth[name])];
    return got === want ? [] : [`SIM ${sid}: ${name} is ${got}, not ${want}`];
  });
}

/** Numbers may be bigints; names of a map come in any order. */
const shown = (value: unknown): string =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? String(value)
    : Object.entries(value)
        .map(([name, entry]) => `${name}=${entry}`)
        .sort()
        .join(' ');

const COMPARED = [
  'account_sid',
  'connection_state',
  'last_attachment',
  'last_attachment_at',
  'last_session_at',
  'accepted_count',
  'rejected_count',
  'failed_count',
  'session_started_count',
  'session_ended_count',
  'session_failed_count',
  'session_start_failed_count',
  'rejections',
  'rejections_in_a_row',
  'attachments_without_session',
  'open_session_count',
  'super_session_sid',
  'ota_session_sid',
  'ota_check_count',
  'ota_last_check_bytes',
  'ota_blocks_in_a_row',
  'imsi_count',
  'flags',
] as const satisfies readonly (keyof SimTruth)[];

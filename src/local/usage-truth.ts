/** The fleet's own books of usage by hour, from the windows of the events delivered. Written apart from the product's
 *  fold. */
import { toIso } from '../time.ts';
import type { Happening } from './fleet-session.ts';

/** `HS…|2026-03-01T05|HF…|super|310-260|US` → bytes down and up: whole numbers below 2^53. */
export type UsageTruth = Readonly<Record<string, readonly [number, number]>>;

/** Of stored usage. */
export interface UsageEntry {
  readonly simSid: string;
  readonly hourMs: number;
  readonly line: {
    readonly fleetSid?: string;
    readonly apn?: string;
    readonly mcc?: string;
    readonly mnc?: string;
    readonly isoCountry?: string;
  };
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
}

const ISO_HOUR_CHARS = 13;

export class UsageTruthKeeper {
  private readonly books = new Map<string, [number, number]>();

  /** A distinct event. */
  add({ data, suffix }: Happening): void {
    const [down, up] = [Number(data['data_download'] ?? 0), Number(data['data_upload'] ?? 0)];
    if (down === 0 && up === 0) return;
    const isEnded = suffix.endsWith('.ended');
    const until =
      data['data_session_update_end_time'] ?? (isEnded ? data['data_session_end_time'] : undefined);
    const network = (data['network'] ?? {}) as Record<string, unknown>;
    const name = [
      data['sim_sid'],
      String(until ?? data['timestamp']).slice(0, ISO_HOUR_CHARS),
      data['fleet_sid'] ?? '',
      data['apn'] ?? '',
      `${network['mcc'] ?? ''}-${network['mnc'] ?? ''}`,
      network['iso_country'] ?? '',
    ].join('|');
    const [downBefore, upBefore] = this.books.get(name) ?? [0, 0];
    this.books.set(name, [downBefore + down, upBefore + up]);
  }

  finish(): UsageTruth {
    return Object.fromEntries(this.books);
  }
}

/** What of the stored usage is not as the books say: empty when all of it is. */
export function compareUsage(entries: Iterable<UsageEntry>, truth: UsageTruth): string[] {
  const differences: string[] = [];
  const stored = new Map<string, [bigint, bigint]>();
  for (const { simSid, hourMs, line, downloadBytes, uploadBytes } of entries) {
    const hour = toIso(hourMs).slice(0, ISO_HOUR_CHARS);
    const { fleetSid = '', apn = '', mcc = '', mnc = '', isoCountry = '' } = line;
    const name = [simSid, hour, fleetSid, apn, `${mcc}-${mnc}`, isoCountry].join('|');
    const [down, up] = stored.get(name) ?? [0n, 0n];
    stored.set(name, [down + downloadBytes, up + uploadBytes]);
  }
  for (const name of new Set([...stored.keys(), ...Object.keys(truth)])) {
    const [got, want] = [String(stored.get(name)), String(truth[name])];
    if (got !== want) differences.push(`usage ${name} is ${got}, not ${want}`);
  }
  return differences;
}

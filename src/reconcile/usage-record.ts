/** One of the vendor's Usage Records, checked. Pure.
 *  Source: twilio.com/docs/iot/supersim/api/usage-record-resource; KORE serves the same resource. */
import { BYTE_COUNTER_MAX, parseByteCounter } from '../decode/byte-counter.ts';
import { parseIsoTime } from '../decode/iso-time.ts';

export type Granularity = 'hour' | 'day';
/** Unit: ms. The vendor's hours and days are UTC and aligned (errors 83601 and 83602). */
export const PERIOD_MS: Readonly<Record<Granularity, number>> = { hour: 3_600_000, day: 86_400_000 };

export interface UsageRecord {
  readonly simSid: string;
  readonly granularity: Granularity;
  readonly startMs: number;
  readonly downloadBytes: bigint;
  readonly uploadBytes: bigint;
  /** The vendor has bytes for which it has billed nothing yet, so its own number may not be final. */
  readonly isUnbilled: boolean;
  /** Which dimensions split it (`fleet,network`), and into what: records of one period add up, repeated ones do not. */
  readonly dimensions: string;
  readonly split: string;
}

export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: UsageRecord }
  | { readonly kind: 'problems'; readonly problems: readonly FieldProblem[] };

/** A field's value by the API's name; undefined and null are absent. */
export type Fields = (name: FieldName) => unknown;

export const FIELD_NAMES = [
  'sim_sid',
  'start_time',
  'end_time',
  'data_download',
  'data_upload',
  'data_total',
  'data_total_billed',
  'fleet_sid',
  'network_sid',
  'iso_country',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

const SIM_SID = /^HS[0-9A-Za-z]{1,62}$/;
const SPLITS = [
  ['fleet', 'fleet_sid'],
  ['network', 'network_sid'],
  ['country', 'iso_country'],
] as const;

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

/** Reads fields one after the other, and remembers what is wrong with them. */
class FieldReader {
  readonly problems: FieldProblem[] = [];
  private readonly fields: Fields;
  constructor(fields: Fields) {
    this.fields = fields;
  }

  refuse(field: string, problem: string): undefined {
    this.problems.push({ field, problem });
    return undefined;
  }

  simSid(): string | undefined {
    const value = this.fields('sim_sid');
    if (isAbsent(value))
      return this.refuse('sim_sid', 'is missing: ask the API for Group=sim, or for one Sim');
    if (typeof value !== 'string' || !SIM_SID.test(value))
      return this.refuse('sim_sid', 'is no SIM SID (HS…)');
    return value;
  }

  time(name: 'start_time' | 'end_time'): number | undefined {
    const value = this.fields(name);
    if (isAbsent(value)) return this.refuse(name, 'is missing');
    const ms = parseIsoTime(value);
    return ms === 'invalid-timestamp'
      ? this.refuse(name, 'is no ISO 8601 time with a zone, such as 2026-01-31T05:00:00Z')
      : ms;
  }

  bytes(name: 'data_download' | 'data_upload' | 'data_total'): bigint | undefined {
    const value = this.fields(name);
    if (isAbsent(value)) return name === 'data_total' ? undefined : this.refuse(name, 'is missing');
    const bytes = parseByteCounter(value);
    return typeof bytes === 'bigint'
      ? bytes
      : this.refuse(name, `is no whole number of bytes from 0 to ${BYTE_COUNTER_MAX}`);
  }

  billed(): number | undefined {
    const value = this.fields('data_total_billed');
    if (isAbsent(value)) return undefined;
    const amount =
      typeof value === 'string' && /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(value) ? Number(value) : value;
    return typeof amount === 'number' && Number.isFinite(amount)
      ? amount
      : this.refuse('data_total_billed', 'is no number');
  }

  text(name: FieldName): string | undefined {
    const value = this.fields(name);
    if (isAbsent(value)) return undefined;
    return typeof value === 'string' ? value : this.refuse(name, 'is no text');
  }
}

function granularityOf(startMs: number, endMs: number): Granularity | undefined {
  const found = (['hour', 'day'] as const).find((each) => endMs - startMs === PERIOD_MS[each]);
  return found !== undefined && startMs % PERIOD_MS[found] === 0 ? found : undefined;
}

/** Checks one record; all of its problems at once. */
export function parseRecord(fields: Fields): ParsedRecord {
  const read = new FieldReader(fields);
  const simSid = read.simSid();
  const [startMs, endMs] = [read.time('start_time'), read.time('end_time')];
  const granularity = granularityOf(startMs ?? 0, endMs ?? 0);
  if (startMs !== undefined && endMs !== undefined && granularity === undefined)
    read.refuse('period', 'is neither one UTC hour nor one UTC day: ask for Granularity=hour or day');
  const [downloadBytes, uploadBytes] = [read.bytes('data_download'), read.bytes('data_upload')];
  const totalBytes = read.bytes('data_total');
  const sumBytes = (downloadBytes ?? 0n) + (uploadBytes ?? 0n);
  if (totalBytes !== undefined && totalBytes !== sumBytes && read.problems.length === 0)
    read.refuse('data_total', 'is not the sum of data_download and data_upload');
  const billed = read.billed();
  const splits = SPLITS.map(([dimension, name]) => ({ dimension, value: read.text(name) }));
  if (
    read.problems.length > 0 ||
    simSid === undefined ||
    startMs === undefined ||
    granularity === undefined ||
    downloadBytes === undefined ||
    uploadBytes === undefined
  )
    return { kind: 'problems', problems: read.problems };
  const present = splits.filter(({ value }) => value !== undefined);
  return {
    kind: 'record',
    record: {
      simSid,
      granularity,
      startMs,
      downloadBytes,
      uploadBytes,
      isUnbilled: billed === 0 && sumBytes > 0n,
      dimensions: present.map(({ dimension }) => dimension).join(','),
      split: present.map(({ value }) => value).join('|'),
    },
  };
}

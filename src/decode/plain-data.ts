/** `data` as nearly every event has it, read without the schema, at a tenth of its cost. The schema stays the
 *  definition: whatever is not plain here goes to it, and a property test holds that both read the same. */
import { parseByteCounter } from './byte-counter.ts';
import {
  type ConnectionData,
  LATITUDE_MAX,
  LONGITUDE_MAX,
  parseBySchema,
  parseDegrees,
} from './connection-data.ts';
import { parseIsoTime } from './iso-time.ts';
import { LONG_TEXT_MAX_CHARS, TEXT_MAX_CHARS } from './text-limits.ts';

type Raw = Readonly<Record<string, unknown>>;

const parseLatitude = parseDegrees(LATITUDE_MAX);
const parseLongitude = parseDegrees(LONGITUDE_MAX);

const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null;

class PlainReader {
  /** Nothing so far that the schema must look at. */
  isPlain = true;

  text(value: unknown, maxChars = TEXT_MAX_CHARS): string | undefined {
    if (isAbsent(value) || value === '') return undefined;
    if (typeof value === 'string' && value.length <= maxChars && value.isWellFormed()) return value;
    return this.odd();
  }

  number(value: unknown, parse: (value: unknown) => number | string): number | undefined {
    if (isAbsent(value) || value === '') return undefined;
    const number = parse(value);
    return typeof number === 'number' ? number : this.odd();
  }

  time(value: unknown): number | undefined {
    return this.number(value, parseIsoTime);
  }

  bytes(value: unknown): bigint | undefined {
    if (isAbsent(value)) return undefined;
    const bytes = parseByteCounter(value);
    return typeof bytes === 'bigint' ? bytes : this.odd();
  }

  network(value: unknown): ConnectionData['network'] {
    if (isAbsent(value)) return value;
    if (typeof value !== 'object' || Array.isArray(value)) return this.odd();
    const { mcc, mnc, friendly_name, iso_country, sid } = value as Raw;
    return {
      mcc: this.text(mcc),
      mnc: this.text(mnc),
      friendly_name: this.text(friendly_name),
      iso_country: this.text(iso_country),
      sid: this.text(sid),
    };
  }

  location(value: unknown): ConnectionData['location'] {
    if (isAbsent(value)) return value;
    if (typeof value !== 'object' || Array.isArray(value)) return this.odd();
    const { cell_id, lac, lat, lon } = value as Raw;
    return {
      cell_id: this.text(cell_id),
      lac: this.text(lac),
      lat: this.number(lat, parseLatitude),
      lon: this.number(lon, parseLongitude),
    };
  }

  /** An object that is rare: the schema's. */
  absent(value: unknown): undefined | null {
    return isAbsent(value) ? value : this.odd();
  }

  private odd(): undefined {
    this.isPlain = false;
    return undefined;
  }
}

/** Undefined when the schema must look at it. */
export function readPlainData(data: object): ConnectionData | undefined {
  const raw = data as Raw;
  const read = new PlainReader();
  const result: ConnectionData = {
    event_sid: read.text(raw['event_sid']),
    event_type: read.text(raw['event_type']),
    timestamp: read.time(raw['timestamp']),
    account_sid: read.text(raw['account_sid']),
    sim_sid: read.text(raw['sim_sid']),
    sim_iccid: read.text(raw['sim_iccid']),
    sim_unique_name: read.text(raw['sim_unique_name'], LONG_TEXT_MAX_CHARS),
    fleet_sid: read.text(raw['fleet_sid']),
    apn: read.text(raw['apn']),
    rat_type: read.text(raw['rat_type']),
    imsi: read.text(raw['imsi']),
    imei: read.text(raw['imei']),
    ip_address: read.text(raw['ip_address']),
    data_modifier: read.text(raw['data_modifier']),
    data_session_sid: read.text(raw['data_session_sid']),
    data_session_start_time: read.time(raw['data_session_start_time']),
    data_session_end_time: read.time(raw['data_session_end_time']),
    data_session_update_start_time: read.time(raw['data_session_update_start_time']),
    data_session_update_end_time: read.time(raw['data_session_update_end_time']),
    data_download: read.bytes(raw['data_download']),
    data_upload: read.bytes(raw['data_upload']),
    data_total: read.bytes(raw['data_total']),
    data_session_data_download: read.bytes(raw['data_session_data_download']),
    data_session_data_upload: read.bytes(raw['data_session_data_upload']),
    data_session_data_total: read.bytes(raw['data_session_data_total']),
    network: read.network(raw['network']),
    location: read.location(raw['location']),
    error: read.absent(raw['error']),
  };
  return read.isPlain ? result : undefined;
}

/** Checks `data`, by the schema where it is not plain. */
export function parseConnectionData(data: object): ReturnType<typeof parseBySchema> {
  const plain = readPlainData(data);
  return plain ? { kind: 'parsed', data: plain } : parseBySchema(data);
}

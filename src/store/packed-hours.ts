/** A session's hours of usage as bytes:
 *  count varint of the open, then each: own line u8 (0: as the item says) · [line] · hour u32 · bytes down and up
 *  varint; the same of the closed; and, if there are any, the version that closed them as varint. */
import {
  HOUR_MS,
  type HourlyUsage,
  type HourUsage,
  isSameLine,
  type UsageLine,
} from '../reduce/hourly-usage.ts';
import type { PackedReader, PackedWriter } from './packed-bytes.ts';

/** Order is part of the stored form. */
const LINE_FIELDS = [
  'fleetSid',
  'apn',
  'mcc',
  'mnc',
  'isoCountry',
] as const satisfies readonly (keyof UsageLine)[];

/** A flag, an hour, and two counters of 150 bits. */
const ENTRY_MAX_BYTES = 1 + 4 + 44;
const TEXT_OVERHEAD_MAX_BYTES = 3;
/** Two counts and a version. */
const COUNTS_MAX_BYTES = 20;

export function packedHoursMaxBytes({ open, closed }: HourlyUsage): number {
  let bytes = COUNTS_MAX_BYTES;
  for (const { line } of [...open, ...closed]) {
    bytes += ENTRY_MAX_BYTES;
    for (const field of LINE_FIELDS) bytes += TEXT_OVERHEAD_MAX_BYTES + Buffer.byteLength(line[field] ?? '');
  }
  return bytes;
}

function packEntries(writer: PackedWriter, entries: readonly HourUsage[], itemLine: UsageLine): void {
  writer.varint(BigInt(entries.length));
  for (const { hourMs, line, downloadBytes, uploadBytes } of entries) {
    const isItems = isSameLine(line, itemLine);
    writer.uint8(isItems ? 0 : 1);
    if (!isItems) for (const field of LINE_FIELDS) writer.text(line[field]);
    writer.uint32(hourMs / HOUR_MS);
    writer.varint(downloadBytes);
    writer.varint(uploadBytes);
  }
}

export function packHours(
  writer: PackedWriter,
  { open, closed, closedAtVersion }: HourlyUsage,
  line: UsageLine,
): void {
  packEntries(writer, open, line);
  packEntries(writer, closed, line);
  if (closed.length > 0) writer.varint(BigInt(closedAtVersion));
}

function unpackLine(reader: PackedReader): UsageLine {
  const line: { -readonly [K in keyof UsageLine]: UsageLine[K] } = {};
  for (const field of LINE_FIELDS) {
    const value = reader.text();
    if (value !== undefined) line[field] = value;
  }
  return line;
}

function unpackEntries(reader: PackedReader, itemLine: UsageLine): HourUsage[] {
  const entries: HourUsage[] = [];
  for (let count = Number(reader.varint()); count > 0; count -= 1) {
    const line = reader.uint8() === 0 ? itemLine : unpackLine(reader);
    const hourMs = reader.uint32() * HOUR_MS;
    entries.push({ hourMs, line, downloadBytes: reader.varint(), uploadBytes: reader.varint() });
  }
  return entries;
}

/** @throws RangeError when the bytes end early. */
export function unpackHours(reader: PackedReader, line: UsageLine): HourlyUsage {
  const open = unpackEntries(reader, line);
  const closed = unpackEntries(reader, line);
  return { open, closed, closedAtVersion: closed.length > 0 ? Number(reader.varint()) : 0 };
}
